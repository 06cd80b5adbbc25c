"""People: who they are to us, what they told and agreed to, and who asked to be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _owner() -> sa.Column[str]:
    return sa.Column("user_id", sa.Text, nullable=False)


def _owned(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], ondelete="CASCADE", name=f"fk_{table}_user_id"
    )


def upgrade() -> None:
    """Make users, accounts, profiles, consents and tombstones."""
    op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "accounts",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        _owner(),
        sa.Column("linked_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("platform", "ref", name="pk_accounts"),
        _owned("accounts"),
    )
    op.create_index("ix_accounts_user_id", "accounts", ["user_id"])
    op.create_table(
        "profiles",
        _owner(),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_profiles"),
        _owned("profiles"),
    )
    _make_consents()
    op.create_table(
        "tombstones",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("forgotten_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_tombstones"),
    )


def _make_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Text, nullable=False),
        _owner(),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("given_at", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger),
        sa.Column("wording", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        _owned("consents"),
    )
    op.create_index("ix_consents_user_id_purpose", "consents", ["user_id", "purpose"])


def downgrade() -> None:
    """Drop them, owners last."""
    for table in ("tombstones", "consents", "profiles", "accounts", "users"):
        op.drop_table(table)
