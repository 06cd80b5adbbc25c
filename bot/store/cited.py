"""Votes per passage: what people thought of the answers that cited it, as bare counts.

Nobody's words are read, only which passages an answer cited. The counts say how many different
people stand behind them, so that whoever shows them can leave out what a single person did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import PassageVotes
from bot.store.codec import turn_of
from bot.store.tables import turns, users, votes

if TYPE_CHECKING:
    from bot.store.sql import SqlStore

MOST = 5000  # the newest votes that are looked at


async def passage_votes(store: SqlStore, *, since: datetime | None = None) -> list[PassageVotes]:
    """One entry per passage that a rated answer cited, most thumbs down first."""

    async def work(connection: AsyncConnection) -> list[PassageVotes]:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        people: dict[str, set[str]] = defaultdict(set)
        for row in (await connection.execute(_query(since))).mappings():
            cipher = store._unwrapped(row["user_id"], row["key_id"], row["wrapped"])
            turn = turn_of(row, cipher.open(row["body"], "turns", row["id"]))
            for passage in dict.fromkeys(turn.passages):
                counts[passage][str(row["vote"])] += 1
                people[passage].add(turn.user)
        found = [
            PassageVotes(passage=name, up=c["up"], down=c["down"], people=len(people[name]))
            for name, c in counts.items()
        ]
        return sorted(found, key=lambda v: (-v.down, v.up, v.passage))

    return await store._db.read(work)


def _query(since: datetime | None) -> Select[Any]:
    joined = turns.join(users).join(votes, votes.c.turn_id == turns.c.id)
    query = (
        select(turns, votes.c.vote, users.c.key_id, users.c.wrapped)
        .select_from(joined)
        .where(votes.c.vote.in_(("up", "down")))
        .order_by(turns.c.at.desc(), turns.c.id)
        .limit(MOST)
    )
    return query if since is None else query.where(turns.c.at >= since)
