"""What analysts read: Delta tables, and how rows come into them."""
