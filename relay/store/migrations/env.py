"""What alembic runs: the migrations, on the connection and in the transaction that the store hands over."""

from __future__ import annotations

from alembic import context

from relay.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
