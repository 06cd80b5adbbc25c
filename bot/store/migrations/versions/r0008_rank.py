"""Rank: what cannot wait is taken before what can, without looking through all that waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything that waits already waits in its turn."""
    for table in ("inbox", "outbox"):
        op.add_column(table, sa.Column("rank", sa.Integer, nullable=False, server_default="1"))
        columns = ["platform", "bot", "state", "rank", "seq"]
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    """Nothing overtakes any more."""
    for table in ("inbox", "outbox"):
        op.drop_index(f"ix_{table}_platform_bot_state_rank_seq", table)
        with op.batch_alter_table(table) as batch:
            batch.drop_column("rank")
