"""Landed bytes to blocks of messages: compression, recognition and framing, by content and without any I/O of its own."""
