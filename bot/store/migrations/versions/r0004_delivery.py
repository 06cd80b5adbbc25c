"""Delivery: the inbox, the outbox, who is at work and who cannot be reached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _needed(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Make inbox, outbox, offices and unreachable."""
    _make_inbox()
    _make_outbox()
    op.create_table(
        "offices",
        *_needed("platform", "bot", "holder"),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("platform", "bot", name="pk_offices"),
    )
    op.create_table(
        "unreachable",
        *_needed("platform", "bot", "lane"),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("platform", "bot", "lane", name="pk_unreachable"),
    )


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", _SEQ, autoincrement=True, nullable=False),
        *_needed("platform", "bot", "dedup"),
        sa.Column("echo", sa.Text),
        *_needed("lane", "state"),
        sa.Column("worker", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("platform", "bot", "dedup", name="uq_inbox_platform_bot_dedup"),
        sa.UniqueConstraint("platform", "bot", "echo", name="uq_inbox_platform_bot_echo"),
    )
    op.create_index(
        "ix_inbox_platform_bot_state_lane_seq",
        "inbox",
        ["platform", "bot", "state", "lane", "seq"],
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", _SEQ, autoincrement=True, nullable=False),
        *_needed("id", "platform", "bot", "lane", "origin"),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("source", sa.Text),
        *_needed("state"),
        sa.Column("worker", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("platform_message_id", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.Column("memo", sa.LargeBinary),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sa.UniqueConstraint(
            "platform", "bot", "origin", "part", name="uq_outbox_platform_bot_origin_part"
        ),
    )
    op.create_index(
        "ix_outbox_platform_bot_state_lane_seq",
        "outbox",
        ["platform", "bot", "state", "lane", "seq"],
    )
    op.create_index("ix_outbox_lane_platform_message_id", "outbox", ["lane", "platform_message_id"])
    op.create_index("ix_outbox_source", "outbox", ["source"])


def downgrade() -> None:
    """Drop them; what was still owed goes with them."""
    for table in ("unreachable", "offices", "outbox", "inbox"):
        op.drop_table(table)
