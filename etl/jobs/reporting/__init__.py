"""Pages of apps: figures from lake and ledger, made pages, and where they are written."""
