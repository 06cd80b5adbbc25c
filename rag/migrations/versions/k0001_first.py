"""The first knowledge schema: sources, documents, chunks, embeddings, generations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "k0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _content()
    op.create_table(
        "kb_embeddings",
        sa.Column("model", sa.String(64), primary_key=True),
        sa.Column("hash", sa.String(32), primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "kb_generations",
        sa.Column("version", sa.String(12), primary_key=True),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("documents", sa.Integer, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
    )
    op.create_table(
        "kb_members",
        sa.Column(
            "version", sa.String(12), sa.ForeignKey("kb_generations.version"), primary_key=True
        ),
        sa.Column("rev", sa.String(32), sa.ForeignKey("kb_documents.rev"), primary_key=True),
    )
    op.create_table(
        "kb_state",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _content() -> None:
    op.create_table(
        "kb_sources",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("date", sa.String(10), nullable=False),
    )
    op.create_table(
        "kb_documents",
        sa.Column("rev", sa.String(32), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("doc", "twin")),
        sa.Column("lang", sa.String(2), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("title", "url")),
        sa.Column("reviewed", sa.String(10), nullable=False),
        *(sa.Column(n, sa.Text, nullable=False) for n in ("licence", "topics", "source_ids")),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
    )
    op.create_index("ix_kb_documents_doc", "kb_documents", ["doc"])
    op.create_table(
        "kb_chunks",
        sa.Column("rev", sa.String(32), sa.ForeignKey("kb_documents.rev"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("passage_id", "section", "text", "marks")
        ),
        sa.Column("embed_hash", sa.String(32), nullable=False),
    )
    op.create_index("ix_kb_chunks_passage_id", "kb_chunks", ["passage_id"])


def downgrade() -> None:
    """Drop all tables, members before what they point at."""
    for name in ("state", "members", "generations", "embeddings", "chunks", "documents", "sources"):
        op.drop_table(f"kb_{name}")
