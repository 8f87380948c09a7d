"""What has been done: a small SQL database, SQLite on one machine or Postgres for many.

`database` opens it, `upgrade` brings its schema up to date, `backup` copies it, and each subject has
its module: `objects`, `drafts`, `publishes`, `locks`, `facts`, `identities`, `exports`, `held`.
"""
