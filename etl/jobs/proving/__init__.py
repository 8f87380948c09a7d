"""Proof of erasures: every store is read for people who must be gone, and the evidence is checked."""
