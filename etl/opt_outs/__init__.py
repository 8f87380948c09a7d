"""Opt-out lists: what a consent tool or a person dropped, read and judged (pure: bytes in, records out)."""
