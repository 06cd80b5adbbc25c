"""The tables, in the glossary's words. A personal column takes sealed bytes and nothing else.

Plain by intention: random ids, instants, the platform, a metric's kind, a vote's direction,
a consent's purpose, and the versions behind an answer. Everything a person said, answered,
measured or told is in ``body`` columns (see codec.py). Who somebody is outside Salus is only
a keyed HMAC (``accounts.ref``, ``turns.chat_ref``, ``link_tries.ref``), and so is a linking
code (``link_codes.ref``).

The revisions in migrations/ build these tables; a test holds both to the same schema.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    bindparam,
)

from bot.store.codec import from_micros, to_micros
from bot.store.crypto import Sealed

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def several(name: str) -> BindParameter[Any]:
    """A bound value that stands for any number of values, none included."""
    return bindparam(name, expanding=True)


class SealedType(TypeDecorator[bytes]):
    """A column that refuses anything that did not come out of crypto.seal."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Pass sealed bytes on; a TypeError stops everything else before it reaches the disk."""
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("only sealed bytes may be stored here")
        return None if value is None else bytes(value)


class Instant(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 UTC: the same order and limits everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To microseconds."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To an aware time in UTC."""
        return None if value is None else from_micros(value)


metadata = MetaData(naming_convention=NAMING)


def _owner(*, primary: bool = False) -> Column[str]:
    key = ForeignKey("users.id", ondelete="CASCADE")
    return Column("user_id", Text, key, primary_key=primary, nullable=False)


users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("key_id", Text, nullable=False),  # which KEK wraps the data key
    Column("wrapped", SealedType, nullable=False),  # the data key
)

accounts = Table(
    "accounts",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("key_id", Text, nullable=False),  # which index key made the ref
    _owner(),
    Column("linked_at", Instant, nullable=False),
    Index(None, "user_id"),
)

profiles = Table(
    "profiles",
    metadata,
    _owner(primary=True),
    Column("updated_at", Instant, nullable=False),
    Column("body", SealedType, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Text, primary_key=True),
    _owner(),
    Column("purpose", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
    Column("wording", Text, nullable=False),
    Index(None, "user_id", "purpose"),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("user_id", Text, primary_key=True),  # no foreign key: the person is gone
    Column("forgotten_at", Instant, nullable=False),
    Column("joined_to", Text),  # not forgotten but joined: whose their data are now
)

link_codes = Table(
    "link_codes",
    metadata,
    _owner(primary=True),  # one open code each
    Column("ref", Text, nullable=False),  # keyed HMAC of the code
    Column("expires_at", Instant, nullable=False),
    UniqueConstraint("ref"),
)

# Wrong codes, by keyed HMAC of the account that entered them. They outlast the person, so that
# nobody starts counting anew by asking to be forgotten, and go when they no longer count.
link_tries = Table(
    "link_tries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "ref", "at"),
)

# Linked accounts, by keyed HMAC; where each is written to is in the body.
addresses = Table(
    "addresses",
    metadata,
    Column("id", Text, primary_key=True),
    _owner(),
    Column("platform", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("body", SealedType, nullable=False),
    Index(None, "user_id"),
    UniqueConstraint("platform", "ref"),
)

# Accounts that look after the knowledge, by keyed HMAC; who they are there is in the body.
curators = Table(
    "curators",
    metadata,
    Column("id", Text, primary_key=True),
    _owner(),
    Column("platform", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("body", SealedType, nullable=False),
    Index(None, "user_id"),
    UniqueConstraint("platform", "ref"),
)

# Codes by which a name with a role enters; a name is no person's yet, so there is no owner.
curator_codes = Table(
    "curator_codes",
    metadata,
    Column("name", Text, primary_key=True),  # one open code each
    Column("ref", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("ref"),
)

observations = Table(
    "observations",
    metadata,
    Column("id", Text, primary_key=True),
    _owner(),
    Column("batch", Text, nullable=False),  # one message's observations, undone together
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("body", SealedType, nullable=False),
    Index(None, "user_id", "at"),
    Index(None, "user_id", "batch"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),
    _owner(),
    Column("platform", Text, nullable=False),
    Column("chat_ref", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("lang", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    Column("knowledge_version", Text, nullable=False),
    Column("body", SealedType, nullable=False),
    Index(None, "user_id", "chat_ref", "at"),
    UniqueConstraint("id", "user_id"),  # what a vote points at
)

votes = Table(
    "votes",
    metadata,
    Column("turn_id", Text, primary_key=True),
    _owner(),
    Column("vote", Text, nullable=False),  # up, down; empty: a remark without a vote
    Column("created_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),  # of the latest change
    Column("body", SealedType),  # the reason, when one was given
    Index(None, "user_id"),
    ForeignKeyConstraint(["turn_id", "user_id"], ["turns.id", "turns.user_id"], ondelete="CASCADE"),
)
