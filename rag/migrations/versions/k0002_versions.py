"""Drafts, people, reviews and the log of versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "k0002"
down_revision = "k0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the admin flow."""
    op.create_table(
        "kb_hidden",
        sa.Column(
            "version", sa.String(12), sa.ForeignKey("kb_generations.version"), primary_key=True
        ),
        sa.Column("doc", sa.Text, primary_key=True),
    )
    op.create_table(
        "kb_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("action", sa.String(6), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("doc", "path")),
        sa.Column("rev", sa.String(32), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "kb_people",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
    )
    _records()


def _records() -> None:
    op.create_table(
        "kb_reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(7), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_kb_reviews_version", "kb_reviews", ["version"])
    op.create_table(
        "kb_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.String(12), nullable=False),
        *(sa.Column(name, sa.String(12), nullable=False) for name in ("version", "before")),
        sa.Column("detail", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them again; the published version stays as it is."""
    for name in ("log", "reviews", "people", "changes", "hidden"):
        op.drop_table(f"kb_{name}")
