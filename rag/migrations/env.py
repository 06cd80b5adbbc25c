"""Alembic's entry: runs on the connection that rag.schema hands over, never on its own."""

from __future__ import annotations

from alembic import context

from rag.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="alembic_version_knowledge",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
