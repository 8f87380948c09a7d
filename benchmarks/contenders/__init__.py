"""The contenders: each a program of its own, `python -m benchmarks.contenders.<name> LANDING OUTPUT`.

All read the same gzipped NDJSON and leave Parquet partitioned by app and UTC day under OUTPUT. Each is
written as somebody who knows the tool well would write it for these very files, with what the benchmark
data need and nothing more.
"""
