"""The inbox and outbox in SQL: nothing accepted is lost, nothing queued twice.

Bodies are sealed under a data key of the post office's own, wrapped by the key ring like a
person's, so that rotation covers it; they are emptied once they have served. Chats, messages
and echoes are stored as keyed HMACs. An office (one bot) has one holder at a time: rows that
another holder left behind belong to a process that is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store import PersonStore
from bot.store.challenges import SqlChallenges
from bot.store.crypto import PersonCipher, Sealed
from bot.store.delivery_tables import IN_TURN, URGENT, inbox, offices
from bot.store.letters import Arrival, Letter, Mailbox, Office, Parcel
from bot.store.mail_queries import INTO_INBOX
from bot.store.outbox import Outbox
from bot.store.sql import SqlStore

_MAX_BODY = 1 << 20  # 1 MiB: far above what any platform sends as one event


def open_mailbox(store: PersonStore, office: Office) -> Mailbox:
    """The mailbox of ``office`` in the database of ``store``. StoreError for another kind."""
    if not isinstance(store, SqlStore):
        raise StoreError("this store has no mailbox")
    return SqlMailbox(store, office)


class SqlMailbox(Outbox):
    """letters.Mailbox on the store's own database: the inbox half, over Outbox."""

    # --- who is at work

    async def hold(self, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take or keep the office until ``until``; False while somebody else holds it."""
        o = offices.c
        mine = self._is_office(offices)

        async def work(connection: AsyncConnection) -> bool:
            free = (o.holder == holder) | (o.until <= now)
            row = {"holder": holder, "until": until}
            done = await connection.execute(update(offices).where(mine, free).values(row))
            if done.rowcount:
                return True
            if (await connection.execute(select(o.holder).where(mine))).first() is not None:
                return False
            await connection.execute(insert(offices).values(row | self._office_columns))
            return True

        return await self._db.write(work, first=True)

    async def let_go(self, holder: str) -> None:
        """Give the office up, if it is ``holder``'s."""
        gone = delete(offices).where(self._is_office(offices), offices.c.holder == holder)
        await self._db.write(lambda c: c.execute(gone))

    async def rekey(self, old: str, new: str) -> None:
        """A chat has another id now: everything of it moves, in one transaction."""

        async def all_of_it() -> None:
            await super(SqlMailbox, self).rekey(old, new)
            challenges = SqlChallenges(self._store)
            await challenges.rekey(self._office.platform, self._office.bot, old, new)

        await self._db.together(all_of_it)

    # --- in

    async def accept(self, arrivals: Sequence[Arrival], *, now: datetime) -> int:
        """Commit arrivals, in order; how many were new. When it returns, none can be lost."""
        if not arrivals:
            return 0

        async def work(connection: AsyncConnection) -> int:
            cipher = await self._post_cipher(connection)
            known = await self._known(connection, arrivals)
            rows: list[dict[str, Any]] = []
            for arrival in arrivals:
                row = self._arrival_row(cipher, arrival, now)
                keys = {("dedup", row["dedup"]), ("echo", row["echo"])}
                if keys & known:
                    continue
                known |= keys - {("echo", None)}
                rows.append(row)
            if rows:
                await connection.execute(INTO_INBOX, rows)
            return len(rows)

        return await self._db.write(work, first=True)

    async def _known(
        self, connection: AsyncConnection, arrivals: Sequence[Arrival]
    ) -> set[tuple[str, str | None]]:
        given = {
            "dedups": [a.dedup for a in arrivals],
            "echoes": [self._hash("echo", a.echo) for a in arrivals if a.echo],
        }
        found = (await connection.execute(self._queries.known, given)).all()
        return {("dedup", r.dedup) for r in found} | {("echo", r.echo) for r in found if r.echo}

    def _arrival_row(self, cipher: PersonCipher, arrival: Arrival, now: datetime) -> dict[str, Any]:
        body = {**arrival.body, "_source": arrival.source}
        return self._office_columns | {
            "dedup": arrival.dedup,
            "echo": self._hash("echo", arrival.echo) if arrival.echo else None,
            "lane": self._lane(arrival.lane or arrival.chat),
            "state": "open",
            "tries": 0,
            "rank": URGENT if arrival.urgent else IN_TURN,
            "received_at": now,
            "not_before": None,
            "body": cipher.seal(body, "inbox", arrival.dedup),
        }

    async def waiting(self, *, after: int, limit: int) -> list[Parcel]:
        """What waits in its turn and nobody is at work on, of those behind ``after``, in order."""
        given = {"after": after, "limit": limit}

        async def work(connection: AsyncConnection) -> list[Parcel]:
            rows = list((await connection.execute(self._queries.waiting, given)).mappings())
            cipher = await self._cipher_of(connection) if rows else None
            return [_parcel(cipher, row) for row in rows] if cipher else []

        return await self._db.read(work)

    async def hasten(self, parcel: Parcel, *, lane: str) -> None:
        """Let what cannot wait go before everything, in a ``lane`` where nothing is before it."""
        i = inbox.c
        still = (i.seq == parcel.seq) & (i.state == "open") & i.worker.is_(None)
        row = {"lane": self._lane(lane), "rank": URGENT}
        await self._db.write(lambda c: c.execute(update(inbox).where(still).values(row)))

    async def claim(
        self, holder: str, *, now: datetime, limit: int, urgent: bool = False
    ) -> list[Parcel]:
        """The oldest open arrival of each lane that nobody is at work on; at most ``limit``.

        Urgent ones first, or ``urgent`` ones alone. Takes as long for thousands that wait as
        for ten.
        """
        given = {"holder": holder, "now": now, "limit": limit}
        queries = self._queries

        async def work(connection: AsyncConnection) -> list[Parcel]:
            found = await connection.execute(queries.to_claim[urgent], given)
            rows = list(found.mappings())
            if not rows:
                return []
            taken = {"b_seqs": [r["seq"] for r in rows], "b_holder": holder}
            await connection.execute(queries.claimed, taken)
            cipher = await self._post_cipher(connection)
            return [_parcel(cipher, row) for row in rows]

        # A look without the writer's lock first: most looks find nothing.
        if not await self._db.read(lambda c: c.scalar(queries.any_claimable[urgent], given)):
            return []
        return await self._db.write(work)

    async def finish(
        self, parcel: Parcel, effects: Callable[[], Awaitable[Sequence[Letter]]], *, now: datetime
    ) -> None:
        """Commit ``effects`` on the store, the letters they return and the arrival's end, as one.

        ``effects`` may run twice, only its last run is kept; it does not run at all if another
        holder, who took over in between, has finished this arrival.
        """

        async def all_of_it() -> None:
            if await self._end(parcel, {"state": "done", "worker": None, "body": None}):
                await self.post(await effects(), now=now)

        await self._db.together(all_of_it)

    async def bury(self, parcel: Parcel, letters: Sequence[Letter], *, now: datetime) -> None:
        """Give an arrival up, and owe ``letters`` that say so. Its body stays until the purge."""

        async def all_of_it() -> None:
            if await self._end(parcel, {"state": "dead", "worker": None}):
                await self.post(letters, now=now)

        await self._db.together(all_of_it)

    async def _end(self, parcel: Parcel, row: dict[str, Any]) -> bool:
        """Close an arrival; whether it was still open."""
        given = row | {"b_seq": parcel.seq}
        done = await self._db.write(lambda c: c.execute(self._queries.ended, given))
        return done.rowcount > 0

    async def put_back(self, parcel: Parcel, *, not_before: datetime) -> None:
        """Let an arrival be claimed again from ``not_before`` on."""
        given = {"b_seq": parcel.seq, "worker": None, "not_before": not_before}
        await self._db.write(lambda c: c.execute(self._queries.ended, given))


def _parcel(cipher: PersonCipher, row: RowMapping) -> Parcel:
    return Parcel(
        seq=row["seq"],
        lane=row["lane"],
        body=cipher.open(Sealed(row["body"]), "inbox", row["dedup"]),
        tries=row["tries"] + 1,
        received_at=row["received_at"],
    )
