"""What decides whether a row, or a batch of rows, may reach analysts."""
