"""How the adapters fare with people: counts from plain columns, nobody's words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.sql import SqlStore
from bot.store.tables import turns, votes
from bot.tuning.compare import Fared


async def fared(store: SqlStore, *, since: datetime | None = None) -> list[Fared]:
    """One entry per person and adapter that was asked; ``since`` is inclusive."""
    t = turns.c
    columns = (t.user_id, t.adapter, t.model, t.path, votes.c.vote)
    query = (
        select(*columns, func.count().label("count"))
        .select_from(turns.outerjoin(votes, votes.c.turn_id == t.id))
        .where(t.model != "")  # a model was asked, whether or not its answer held
        .group_by(*columns)
    )
    if since is not None:
        query = query.where(t.at >= since)

    async def work(connection: AsyncConnection) -> list[Fared]:
        rows = (await connection.execute(query)).mappings()
        return [
            Fared(
                who=row["user_id"], adapter=row["adapter"], held=row["path"] == "model",
                vote=row["vote"] or None, count=row["count"],
            )
            for row in rows
        ]  # fmt: skip

    return await store._db.read(work)
