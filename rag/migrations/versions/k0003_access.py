"""Signing in to the admin page: credentials, invitations, sessions, wrong tries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "k0003"
down_revision = "k0002"
branch_labels = None
depends_on = None


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "kb_credentials",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("password", sa.Text, nullable=False),
        _time("changed_at"),
    )
    op.create_table(
        "kb_invites",
        sa.Column("ref", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _time("made_at"),
        _time("until"),
    )
    op.create_index("ix_kb_invites_name", "kb_invites", ["name"])
    op.create_table(
        "kb_sessions",
        sa.Column("ref", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        *map(_time, ("made_at", "seen_at", "expires_at")),
    )
    op.create_index("ix_kb_sessions_name", "kb_sessions", ["name"])
    op.create_table(
        "kb_tries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(64), nullable=False),
        _time("at"),
    )
    op.create_index("ix_kb_tries_ref", "kb_tries", ["ref"])


def downgrade() -> None:
    """Drop them; everybody has to be invited again."""
    for name in ("tries", "sessions", "invites", "credentials"):
        op.drop_table(f"kb_{name}")
