"""Challenges: what a group does together, who is in, and on which days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make challenges, challenge_members and challenge_ticks."""
    op.create_table(
        "challenges",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("bot", sa.Text, nullable=False),
        sa.Column("chat_ref", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("starter_id", sa.Text),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
        sa.ForeignKeyConstraint(
            ["starter_id"], ["users.id"], ondelete="SET NULL", name="fk_challenges_starter_id"
        ),
    )
    for columns in (
        ("platform", "bot", "chat_ref"),
        ("platform", "bot", "next_at"),
        ("starter_id",),
    ):
        op.create_index(f"ix_challenges_{'_'.join(columns)}", "challenges", list(columns))
    op.create_table(
        "challenge_members",
        sa.Column("challenge_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("joined_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("challenge_id", "user_id", name="pk_challenge_members"),
        sa.ForeignKeyConstraint(
            ["challenge_id"],
            ["challenges.id"],
            ondelete="CASCADE",
            name="fk_challenge_members_challenge_id",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name="fk_challenge_members_user_id"
        ),
    )
    op.create_index("ix_challenge_members_user_id", "challenge_members", ["user_id"])
    op.create_table(
        "challenge_ticks",
        sa.Column("challenge_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("challenge_id", "user_id", "day", name="pk_challenge_ticks"),
        sa.ForeignKeyConstraint(
            ["challenge_id", "user_id"],
            ["challenge_members.challenge_id", "challenge_members.user_id"],
            ondelete="CASCADE",
            name="fk_challenge_ticks_challenge_id",
        ),
    )
    op.create_index("ix_challenge_ticks_user_id", "challenge_ticks", ["user_id"])


def downgrade() -> None:
    """Drop all three: every challenge ends."""
    op.drop_table("challenge_ticks")
    op.drop_table("challenge_members")
    op.drop_table("challenges")
