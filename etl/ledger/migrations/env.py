"""Alembic's entry: migrates the connection it is handed, inside the caller's transaction."""

from alembic import context

from etl.ledger import evidence_tables, opt_out_tables, postback_tables  # noqa: F401 - they register their tables
from etl.ledger.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
