"""Alembic's scripts, shipped with the package and run by `etl.ledger.upgrade`."""
