"""Benchmarks of the ingest: side by side with peers, each a whole process. Run by `python -m benchmarks`."""
