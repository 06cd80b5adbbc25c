"""When a bot was last in touch with its platform, and whom to tell after a long silence.

Nothing is stored for it but one instant, as an office of its own: who was active lately, and in
which chat, is read from the sealed turns of those who did not ask to be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.model import Lang
from bot.store import PersonStore
from bot.store.delivery_tables import offices
from bot.store.letters import Office
from bot.store.sql import SqlStore
from bot.store.tables import turns

_LOOKED_AT = 5  # turns per person, newest first, until one was said in private
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class RecentChat:
    """A person's private chat, as the platform names it, and the language spoken there last."""

    user: str
    chat: str
    lang: Lang


class Notices:
    """For one office. Every method may raise a StoreError."""

    def __init__(self, store: PersonStore, office: Office) -> None:
        """StoreError for a store without tables."""
        if not isinstance(store, SqlStore):
            raise StoreError("this store keeps no notices")
        self._store = store
        self._platform = office.platform
        self._bot = f"{office.bot}:heard"
        o = offices.c
        self._here = (o.platform == self._platform) & (o.bot == self._bot)

    async def heard(self) -> datetime | None:
        """When receiving last worked; None before the first time."""
        query = select(offices.c.until).where(self._here)
        return cast("datetime | None", await self._store._db.read(lambda c: c.scalar(query)))

    async def note(self, now: datetime) -> None:
        """Receiving works."""

        async def work(connection: AsyncConnection) -> None:
            done = await connection.execute(update(offices).where(self._here).values(until=now))
            if not done.rowcount:
                row = {"platform": self._platform, "bot": self._bot, "holder": "", "until": now}
                await connection.execute(insert(offices).values(row))

        await self._store._db.write(work)

    async def recent(self, since: datetime) -> list[RecentChat]:
        """The last private chat of everybody who wrote on the platform since ``since``."""

        async def work(connection: AsyncConnection) -> list[RecentChat]:
            candidates = await self._candidates(connection, since)
            users = list(candidates)
            found: list[RecentChat] = []
            for start in range(0, len(users), _AT_ONCE):
                some = {user: candidates[user] for user in users[start : start + _AT_ONCE]}
                found += await self._opened(connection, some)
            return found

        return await self._store._db.read(work)

    async def _candidates(
        self, connection: AsyncConnection, since: datetime
    ) -> dict[str, list[str]]:
        """The newest turns of each person, by id; nothing is opened yet."""
        t = turns.c
        query = select(t.user_id, t.id).where(t.platform == self._platform, t.at >= since)
        found: dict[str, list[str]] = {}
        for row in await connection.execute(query.order_by(t.at.desc(), t.id.desc())):
            ids = found.setdefault(row.user_id, [])
            if len(ids) < _LOOKED_AT:
                ids.append(row.id)
        return found

    async def _opened(
        self, connection: AsyncConnection, candidates: dict[str, list[str]]
    ) -> list[RecentChat]:
        ids = [id_ for some in candidates.values() for id_ in some]
        query = select(turns.c.id, turns.c.lang, turns.c.body).where(turns.c.id.in_(ids))
        rows = {row["id"]: row for row in (await connection.execute(query)).mappings()}
        found: list[RecentChat] = []
        for user, own in candidates.items():
            cipher = await self._store._cipher(connection, user)
            if cipher is None:
                continue
            for row in (rows[id_] for id_ in own):
                body: dict[str, Any] = cipher.open(row["body"], "turns", row["id"])
                if body["private"]:
                    lang: Lang = "zh" if row["lang"] == "zh" else "en"
                    found.append(RecentChat(user, str(body["chat"]), lang))
                    break
        return found
