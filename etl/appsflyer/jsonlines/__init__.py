"""JSON lines to columns in two compiled passes: cells are found, then written."""
