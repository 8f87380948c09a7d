"""The stories: each job readable from top to bottom."""
