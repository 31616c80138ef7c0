"""The tables, as the newest migration leaves them; a test compares the two.

Times are seconds since the epoch. Secrets appear as hashes only.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()

client_keys = Table(
    "client_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("last_used_at", Float),
    Column("revoked_at", Float),
    Index("client_keys_live_name", "name", unique=True, sqlite_where=text("revoked_at IS NULL")),
)

pairing_codes = Table(
    "pairing_codes",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("origin", Text),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)

bridge_credentials = Table(
    "bridge_credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("origin", Text),
    Column("created_at", Float, nullable=False),
    Column("last_seen_at", Float),
    Column("revoked_at", Float),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("credential_id", Text, ForeignKey("bridge_credentials.id")),
    Column("kind", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("account", Text),
    Column("first_seen_at", Float, nullable=False),
    Column("last_seen_at", Float, nullable=False),
)

responses = Table(
    "responses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("parent_id", Text),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("status", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Index("responses_expiry", "expires_at"),
)

response_bodies = Table(
    "response_bodies",
    metadata,
    Column("id", Text, ForeignKey("responses.id", ondelete="CASCADE"), primary_key=True),
    Column("input", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),
)

response_items = Table(
    "response_items",
    metadata,
    Column("response_id", Text, ForeignKey("responses.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Text, primary_key=True),
    Index("response_items_id", "id"),
)
