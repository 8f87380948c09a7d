"""Proof that someone is gone: bytes in, findings out, and a chain of evidence. No store, no network."""
