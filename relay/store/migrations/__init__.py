"""Schema changes, one file each in ``versions``; alembic runs them when a database is opened."""

REVISIONS = ("0001", "0002")
"""Every revision this program knows, oldest first; a database at any other one is from a newer relay."""
