"""Curating: accounts that look after the knowledge, and the codes by which they enter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make curators and curator_codes."""
    op.create_table(
        "curators",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_curators"),
        sa.UniqueConstraint("platform", "ref", name="uq_curators_platform_ref"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name="fk_curators_user_id"
        ),
    )
    op.create_index("ix_curators_user_id", "curators", ["user_id"])
    op.create_table(
        "curator_codes",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_curator_codes"),
        sa.UniqueConstraint("ref", name="uq_curator_codes_ref"),
    )


def downgrade() -> None:
    """Drop both: nobody looks after the knowledge by chat any more."""
    op.drop_table("curator_codes")
    op.drop_table("curators")
