"""Chinese chunks get the hash under which their vectors are kept; they had none before."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "k0004"
down_revision = "k0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fill in what is empty, as rag.rows would."""
    connection = op.get_bind()
    chunk = sa.table(
        "kb_chunks", *(sa.column(n) for n in ("rev", "position", "section", "text", "embed_hash"))
    )
    document = sa.table("kb_documents", sa.column("rev"), sa.column("title"))
    query = sa.select(
        chunk.c.rev, chunk.c.position, chunk.c.section, chunk.c.text, document.c.title
    ).join(document, document.c.rev == chunk.c.rev)
    for row in connection.execute(query.where(chunk.c.embed_hash == "")).all():
        same = (chunk.c.rev == row.rev) & (chunk.c.position == row.position)
        made = _hash(row.title, row.section, row.text)
        connection.execute(sa.update(chunk).where(same).values(embed_hash=made))


def downgrade() -> None:
    """Nothing: a hash without a vector harms nobody."""


def _hash(title: str, section: str, text: str) -> str:
    path = f"{title}: {section}" if title and section else title or section
    shown = f"{path}\n{text}" if path else text
    data = json.dumps([shown], ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(data).hexdigest()[:32]
