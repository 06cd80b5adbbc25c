"""Turns and the one vote a person has on each of theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VERSIONS = ("lang", "path", "model", "adapter", "prompt_version", "knowledge_version")


def _owned(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], ondelete="CASCADE", name=f"fk_{table}_user_id"
    )


def upgrade() -> None:
    """Make turns and votes."""
    op.create_table(
        "turns",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("chat_ref", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in VERSIONS),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.UniqueConstraint("id", "user_id", name="uq_turns_id_user_id"),
        _owned("turns"),
    )
    op.create_index("ix_turns_user_id_chat_ref_at", "turns", ["user_id", "chat_ref", "at"])
    op.create_table(
        "votes",
        sa.Column("turn_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("vote", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("turn_id", name="pk_votes"),
        _owned("votes"),
        sa.ForeignKeyConstraint(
            ["turn_id", "user_id"],
            ["turns.id", "turns.user_id"],
            ondelete="CASCADE",
            name="fk_votes_turn_id_user_id",
        ),
    )
    op.create_index("ix_votes_user_id", "votes", ["user_id"])


def downgrade() -> None:
    """Drop votes, then the turns they point at."""
    op.drop_table("votes")
    op.drop_table("turns")
