"""Questions that were not helped: the way out of the store for the report on knowledge gaps.

Only what people who agreed to "learn" said, where learning is allowed, and masked as a lesson
is (see lessons.py); crises, emergencies and logged values never. ``own`` leaves the agreement
out: it is for one person's own terminal, and refuses a database that holds anybody else.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import InputError
from bot.model import LEARNT, Turn, Unhelped, Unmet
from bot.store.codec import turn_of
from bot.store.lessons import LEARN, masked
from bot.store.tables import accounts, consents, turns, users, votes

if TYPE_CHECKING:
    from bot.store.sql import SqlStore


async def unhelped(
    store: SqlStore, *, since: datetime | None = None, own: bool = False
) -> list[Unhelped]:
    """What found nothing or earned a thumbs down, oldest first.

    ``own``: everything, also without agreement and as it was typed; InputError when the
    database knows more than one person. Raises StoreError.
    """

    async def work(connection: AsyncConnection) -> list[Unhelped]:
        if own and (await connection.scalar(select(func.count()).select_from(users)) or 0) > 1:
            raise InputError("others", fault="others")
        rows = (await connection.execute(_query(since, own=own))).mappings()
        found = []
        for row in rows:
            cipher = store._unwrapped(row["user_id"], row["key_id"], row["wrapped"])
            turn = turn_of(row, cipher.open(row["body"], "turns", row["id"]))
            why = _why(turn, row["vote"])
            if why is not None:
                text = turn.asked if own else masked(turn.asked)
                found.append(Unhelped(text=text, lang=turn.lang, who=turn.user, why=why))
        return found

    return await store._db.read(work)


def _why(turn: Turn, vote: str | None) -> Unmet | None:
    if turn.kind != "answer" or not turn.asked.strip():
        return None
    if not turn.relevant:
        return "nothing"
    return "down" if vote == "down" else None


def _query(since: datetime | None, *, own: bool) -> Select[Any]:
    joined = turns.join(users).outerjoin(votes, votes.c.turn_id == turns.c.id)
    query = (
        select(turns, votes.c.vote, users.c.key_id, users.c.wrapped)
        .select_from(joined)
        .order_by(turns.c.at, turns.c.id)
    )
    if since is not None:
        query = query.where(turns.c.at >= since)
    if own:
        return query.where(
            exists().where(accounts.c.user_id == turns.c.user_id, accounts.c.platform == "console")
        )
    agreed = exists().where(
        consents.c.user_id == turns.c.user_id,
        consents.c.purpose == LEARN,
        consents.c.withdrawn_at.is_(None),
    )
    return query.where(turns.c.platform.in_(LEARNT), agreed)
