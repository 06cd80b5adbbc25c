"""The tables of learning: models, what they were made of, what was reviewed, who is in what.

Nothing here says anything of a person to somebody who has only these tables. ``dataset_rows.who``
is an HMAC keyed by the data set, so that one person cannot be followed from one set to another;
``lesson_reviews`` go with the turn they are about, their words sealed.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text

from bot.store.tables import Instant, SealedType, metadata


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


base_models = Table(
    "base_models",
    metadata,
    Column("name", Text, primary_key=True),
    *_words("sha256", "path", "card"),
    Column("added_at", Instant, nullable=False),
)

adapters = Table(
    "adapters",
    metadata,
    Column("name", Text, primary_key=True),
    *_words("base", "path", "sha256", "state"),
    Column("share", Float, nullable=False),
    *_words("salt", "lineage", "metrics", "card"),  # lineage and metrics are JSON
    Column("added_at", Instant, nullable=False),
)

model_steps = Table(
    "model_steps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    *_words("adapter", "action", "who", "why", "before", "after"),  # before, after: JSON
    Column("share", Float, nullable=False),
    *_words("gate"),
    Column("forced", Integer, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("name", Text, primary_key=True),
    *_words("kind", "sha256", "folder", "key"),  # key: of the pseudonyms in it
    Column("created_at", Instant, nullable=False),
    Column("stale_at", Instant),  # somebody in it was erased
)

dataset_rows = Table(
    "dataset_rows",
    metadata,
    Column("dataset", Text, ForeignKey("datasets.name", ondelete="CASCADE"), primary_key=True),
    Column("row", Text, primary_key=True),
    *_words("who"),
    Index(None, "dataset", "who"),
)

# Rows of erased people that may still stand in a data set's files.
erased_rows = Table(
    "erased_rows",
    metadata,
    Column("dataset", Text, ForeignKey("datasets.name", ondelete="CASCADE"), primary_key=True),
    Column("row", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

retrainings = Table(
    "retrainings",
    metadata,
    Column("adapter", Text, primary_key=True),
    *_words("dataset"),
    Column("asked_at", Instant, nullable=False),
)

lesson_reviews = Table(
    "lesson_reviews",
    metadata,
    Column("turn_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    *_words("verdict"),
    Column("at", Instant, nullable=False),
    Column("body", SealedType, nullable=False),  # who reviewed it, why, and the edited text
    Index(None, "user_id"),
    ForeignKeyConstraint(["turn_id", "user_id"], ["turns.id", "turns.user_id"], ondelete="CASCADE"),
)
