"""Landed bytes to blocks of messages, by their content: compression, recognition, framing. No I/O of its own."""
