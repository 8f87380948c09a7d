"""The sweep of opt-out lists: received, suppressed, submitted."""
