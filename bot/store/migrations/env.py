"""What alembic runs for every command: our metadata on the connection that was handed in."""

from __future__ import annotations

from alembic import context

from bot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes tables by copying them
)
# The caller holds the transaction, and with it the lock that keeps a second migration out.
context.run_migrations()
