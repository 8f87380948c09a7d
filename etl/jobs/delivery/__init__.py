"""The story of a delivery: what an approved plan holds leaves, at the agreed rate, and never twice."""
