"""A stand-in Liftoff: both interfaces, as strict as their documents, and faults on demand.

It imports nothing of what maps and sends, so that a mistake there is seen here.
"""
