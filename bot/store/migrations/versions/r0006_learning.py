"""Learning: models and adapters with their log, data sets and who is in them, reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _at(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _of_dataset(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["dataset"], ["datasets.name"], ondelete="CASCADE", name=f"fk_{table}_dataset"
    )


def upgrade() -> None:
    """Make the tables of models, of data sets and of reviews."""
    _make_models()
    _make_datasets()
    op.create_table(
        "lesson_reviews",
        *_words("turn_id", "user_id", "verdict"),
        _at("at"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_lesson_reviews"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name="fk_lesson_reviews_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["turn_id", "user_id"],
            ["turns.id", "turns.user_id"],
            ondelete="CASCADE",
            name="fk_lesson_reviews_turn_id_user_id",
        ),
    )
    op.create_index("ix_lesson_reviews_user_id", "lesson_reviews", ["user_id"])


def _make_models() -> None:
    op.create_table(
        "base_models",
        *_words("name", "sha256", "path", "card"),
        _at("added_at"),
        sa.PrimaryKeyConstraint("name", name="pk_base_models"),
    )
    op.create_table(
        "adapters",
        *_words("name", "base", "path", "sha256", "state"),
        sa.Column("share", sa.Float, nullable=False),
        *_words("salt", "lineage", "metrics", "card"),
        _at("added_at"),
        sa.PrimaryKeyConstraint("name", name="pk_adapters"),
    )
    op.create_table(
        "model_steps",
        *_words("id"),
        _at("at"),
        *_words("adapter", "action", "who", "why", "before", "after"),
        sa.Column("share", sa.Float, nullable=False),
        *_words("gate"),
        sa.Column("forced", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_steps"),
    )


def _make_datasets() -> None:
    op.create_table(
        "datasets",
        *_words("name", "kind", "sha256", "folder", "key"),
        _at("created_at"),
        _at("stale_at", nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_datasets"),
    )
    op.create_table(
        "dataset_rows",
        *_words("dataset", "row", "who"),
        sa.PrimaryKeyConstraint("dataset", "row", name="pk_dataset_rows"),
        _of_dataset("dataset_rows"),
    )
    op.create_index("ix_dataset_rows_dataset_who", "dataset_rows", ["dataset", "who"])
    op.create_table(
        "erased_rows",
        *_words("dataset", "row"),
        _at("at"),
        sa.PrimaryKeyConstraint("dataset", "row", name="pk_erased_rows"),
        _of_dataset("erased_rows"),
    )
    op.create_table(
        "retrainings",
        *_words("adapter", "dataset"),
        _at("asked_at"),
        sa.PrimaryKeyConstraint("adapter", name="pk_retrainings"),
    )


def downgrade() -> None:
    """Drop them all; adapter folders and exported data sets stay on the disk."""
    for table in (
        "lesson_reviews", "retrainings", "erased_rows", "dataset_rows", "datasets",
        "model_steps", "adapters", "base_models",
    ):  # fmt: skip
        op.drop_table(table)
