"""Pushlift: AppsFlyer Push API exports to Parquet, Liftoff postbacks and GDPR opt-outs."""

__version__ = "0.1.0"
