"""The schema changes themselves; a released one is never edited."""
