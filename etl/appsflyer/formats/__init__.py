"""Landed bytes to blocks of messages, by content: compression, recognition, framing. No I/O of its own."""
