"""The moving of one person's rows to another: opened with one key, sealed with the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Profile
from bot.store import Consent
from bot.store.challenge_tables import challenge_members, challenge_ticks, challenges
from bot.store.codec import Body, Row
from bot.store.crypto import PersonCipher
from bot.store.tables import Instant, addresses, consents, observations, turns, votes
from bot.store.tuning_tables import lesson_reviews

_AT_ONCE = 500  # rows between two looks at the rest of the process


class Merger:
    """Moves rows from the person of ``old`` to the person of ``new``, in the caller's write."""

    def __init__(
        self,
        connection: AsyncConnection,
        old: PersonCipher,
        new: PersonCipher,
        chat_ref: Callable[[str, str], str],
    ) -> None:
        """``chat_ref`` gives a (platform, chat) of the new person's."""
        self._connection = connection
        self._old = old
        self._new = new
        self._chat_ref = chat_ref

    async def observations(self) -> None:
        """Move what was measured, but for what the new person has of that kind and moment."""
        o = observations.c
        query = select(o.kind, o.at).where(o.user_id == self._new.user)
        known = {(row.kind, row.at) for row in await self._connection.execute(query)}
        found = await self._owned(observations)
        left = [row for row in found if (row["kind"], row["at"]) not in known]
        moved = [self._moved(row, self._body(row, "observations"), "observations") for row in left]
        await self._update(observations, moved)

    async def addresses(self) -> None:
        """Move where the accounts are written to."""
        found = await self._owned(addresses)
        moved = [self._moved(row, self._body(row, "addresses"), "addresses") for row in found]
        await self._update(addresses, moved)

    async def challenges(self) -> None:
        """Move parts in challenges: where both were in, days add up and the maker's name stays."""
        m, k = challenge_members, challenge_ticks
        days = [dict(row) for row in await self._owned(k)]
        parts = [dict(row) for row in await self._owned(m)]
        known = {row["challenge_id"] for row in await self._owned_by(m, self._new.user)}
        done = {(r["challenge_id"], r["day"]) for r in await self._owned_by(k, self._new.user)}
        for table in (k, m):
            await self._connection.execute(delete(table).where(table.c.user_id == self._old.user))
        for row in parts:
            if row["challenge_id"] in known:
                continue
            if row["body"] is not None:
                body = self._old.open(row["body"], m.name, row["challenge_id"])
                row["body"] = self._new.seal(body, m.name, row["challenge_id"])
            await self._connection.execute(insert(m).values(row | {"user_id": self._new.user}))
        left = [r for r in days if (r["challenge_id"], r["day"]) not in done]
        if left:
            moved = [row | {"user_id": self._new.user} for row in left]
            await self._connection.execute(insert(k), moved)
        started = update(challenges).where(challenges.c.starter_id == self._old.user)
        await self._connection.execute(started.values(starter_id=self._new.user))

    async def turns(self) -> None:
        """Move what was said, with votes and reviews of it, which point at turn and person."""
        about = {table: await self._taken(table) for table in (votes, lesson_reviews)}
        moved = []
        for row in await self._owned(turns):
            body = self._body(row, "turns")
            place = self._chat_ref(row["platform"], str(body["chat"]))
            moved.append(self._moved(row, body, "turns") | {"chat_ref": place})
        await self._update(turns, moved)
        for table, rows in about.items():
            if rows:
                await self._connection.execute(insert(table), rows)

    async def _taken(self, table: Table) -> list[dict[str, Any]]:
        """Take the rows that point at a turn out; as they will be the new person's."""
        rows = [dict(row) for row in await self._owned(table)]
        await self._connection.execute(delete(table).where(table.c.user_id == self._old.user))
        for row in rows:
            row["user_id"] = self._new.user
            if row["body"] is not None:
                body = self._old.open(row["body"], table.name, row["turn_id"])
                row["body"] = self._new.seal(body, table.name, row["turn_id"])
        return rows

    async def consents(self, now: datetime) -> None:
        """Move the history of what was agreed to; what still stood ends ``now``."""
        moved = {
            "user_id": self._new.user,
            "withdrawn_at": func.coalesce(consents.c.withdrawn_at, bindparam("ends", now, Instant)),
        }
        theirs = consents.c.user_id == self._old.user
        await self._connection.execute(update(consents).where(theirs).values(moved))

    async def _owned(self, table: Table) -> Sequence[Row]:
        return await self._owned_by(table, self._old.user)

    async def _owned_by(self, table: Table, user: str) -> Sequence[Row]:
        found = await self._connection.execute(select(table).where(table.c.user_id == user))
        return found.mappings().all()

    def _body(self, row: Row, table: str) -> Body:
        return self._old.open(row["body"], table, row["id"])

    def _moved(self, row: Row, body: Body, table: str) -> dict[str, Any]:
        sealed = self._new.seal(body, table, row["id"])
        return {"row": row["id"], "user_id": self._new.user, "body": sealed}

    async def _update(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        statement = update(table).where(table.c.id == bindparam("row"))
        for start in range(0, len(rows), _AT_ONCE):
            await self._connection.execute(statement, rows[start : start + _AT_ONCE])


def merged_profile(maker: Profile, joiner: Profile, theirs: Iterable[Consent]) -> Profile:
    """The maker's profile, its gaps filled; see joining.py for the rule on agreements.

    ``theirs`` is the joiner's whole history of consents.
    """
    taken_back = {c.purpose for c in theirs} - joiner.consents
    return replace(
        maker,
        lang=maker.lang or joiner.lang,
        country=maker.country or joiner.country,
        tz=maker.tz if maker.tz != Profile(user=maker.user).tz else joiner.tz,
        facts={**joiner.facts, **maker.facts},
        consents=maker.consents - taken_back,
        greeted=True,  # both have been talking to us
    )
