"""Linking: open codes, wrong tries, and whose the data of a joined person are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make link_codes and link_tries; tombstones learn of joining."""
    op.create_table(
        "link_codes",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_link_codes"),
        sa.UniqueConstraint("ref", name="uq_link_codes_ref"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name="fk_link_codes_user_id"
        ),
    )
    op.create_table(
        "link_tries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_tries"),
    )
    op.create_index("ix_link_tries_ref_at", "link_tries", ["ref", "at"])
    op.add_column("tombstones", sa.Column("joined_to", sa.Text))


def downgrade() -> None:
    """Drop them, and remarks without a vote, for which there was no word before.

    A joined person is then as gone as a forgotten one.
    """
    op.execute("DELETE FROM votes WHERE vote = ''")
    op.drop_column("tombstones", "joined_to")
    op.drop_table("link_tries")
    op.drop_table("link_codes")
