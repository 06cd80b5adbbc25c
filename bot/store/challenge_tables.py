"""The tables of group challenges: what runs where, who is in, on which days they were done.

Plain by intention: ids, instants, the topic, the day's number, done or not there: no value of
anybody's body. Where the group is and the name somebody chose to show are sealed.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text

from bot.store.tables import Instant, SealedType, metadata

challenges = Table(
    "challenges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("chat_ref", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", Text, nullable=False),  # running, over, ended, stopped (by an admin)
    Column("starter_id", Text, ForeignKey("users.id", ondelete="SET NULL")),
    Column("changed_at", Instant, nullable=False),
    Column("next_at", Instant),  # when it has something to say; empty when it is over
    Column("body", SealedType, nullable=False),
    Index(None, "platform", "bot", "chat_ref"),
    Index(None, "platform", "bot", "next_at"),
    Index(None, "starter_id"),
)

challenge_members = Table(
    "challenge_members",
    metadata,
    Column("challenge_id", Text, ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("joined_at", Instant, nullable=False),
    Column("body", SealedType),  # the name, where it is to be shown
    Index(None, "user_id"),
)

challenge_ticks = Table(
    "challenge_ticks",
    metadata,
    Column("challenge_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("day", Integer, primary_key=True),  # from 1
    ForeignKeyConstraint(
        ["challenge_id", "user_id"],
        ["challenge_members.challenge_id", "challenge_members.user_id"],
        ondelete="CASCADE",
    ),
    Index(None, "user_id"),
)
