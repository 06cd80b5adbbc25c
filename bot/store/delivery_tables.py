"""The tables of delivery: what was accepted, what is owed, who is at work, who can be reached.

Plain by intention: the platform's event ids, states, counts and instants. Chats and messages
are keyed HMACs; what was said is in ``body`` columns, which are emptied as soon as they have
served. ``memo`` keeps, sealed, the ids that buttons and reactions under a sent message need.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from bot.store.tables import Instant, SealedType, metadata

_SEQ = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself there
URGENT, IN_TURN = 0, 1  # ranks: what cannot wait goes before all that can


def _rank() -> Column[int]:
    return Column("rank", Integer, nullable=False, server_default=str(IN_TURN))


inbox = Table(
    "inbox",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=True),
    Column("platform", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("dedup", Text, nullable=False),
    Column("echo", Text),
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, done, dead
    Column("worker", Text),
    Column("tries", Integer, nullable=False),
    _rank(),
    Column("received_at", Instant, nullable=False),
    Column("not_before", Instant),
    Column("body", SealedType),
    UniqueConstraint("platform", "bot", "dedup"),
    UniqueConstraint("platform", "bot", "echo"),
    Index(None, "platform", "bot", "state", "lane", "seq"),
    Index(None, "platform", "bot", "state", "rank", "seq"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("source", Text),
    Column("state", Text, nullable=False),  # see letters.LetterState
    Column("worker", Text),
    Column("tries", Integer, nullable=False),
    _rank(),
    Column("queued_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("not_before", Instant),
    Column("platform_message_id", Text),
    Column("body", SealedType),
    Column("memo", SealedType),
    UniqueConstraint("id"),
    UniqueConstraint("platform", "bot", "origin", "part"),
    Index(None, "platform", "bot", "state", "lane", "seq"),
    Index(None, "platform", "bot", "state", "rank", "seq"),
    Index(None, "lane", "platform_message_id"),
    Index(None, "source"),
)

offices = Table(
    "offices",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("bot", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Instant, nullable=False),
)

unreachable = Table(
    "unreachable",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("bot", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("since", Instant, nullable=False),
)
