"""Observations: measured values, sealed, with their kind and time in the plain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make observations."""
    op.create_table(
        "observations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name="fk_observations_user_id"
        ),
    )
    op.create_index("ix_observations_user_id_at", "observations", ["user_id", "at"])
    op.create_index("ix_observations_user_id_batch", "observations", ["user_id", "batch"])


def downgrade() -> None:
    """Drop observations."""
    op.drop_table("observations")
