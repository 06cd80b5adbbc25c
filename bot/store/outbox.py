"""The outbox half of the mailbox: letters in order per chat, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    Select,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.crypto import PersonCipher, Sealed
from bot.store.database import Database
from bot.store.delivery_tables import IN_TURN, URGENT, inbox, outbox, unreachable
from bot.store.letters import Letter, Office, Outcome
from bot.store.mail_queries import INTO_OUTBOX, OWED, MailQueries
from bot.store.people import PeopleStore

POST_OFFICE = "post-office"  # not a person: the owner of the data key that seals the mailbox


class Outbox:
    """Letters owed and settled, of one office."""

    def __init__(self, store: PeopleStore, office: Office) -> None:
        """Work on the store's database, with its keys."""
        self._store = store
        self._office = office
        self._queries = MailQueries(office)

    @property
    def _db(self) -> Database:
        return self._store._db

    @property
    def _office_columns(self) -> dict[str, Any]:
        return {"platform": self._office.platform, "bot": self._office.bot}

    def _is_office(self, table: FromClause) -> ColumnElement[bool]:
        return self._queries.here(table)

    def _hash(self, what: str, *parts: str) -> str:
        found = self._store._keys.references(what, self._office.platform, *parts)
        return next(iter(found.values()))

    def _lane(self, chat: str) -> str:
        return self._hash("lane", chat)

    async def _post_cipher(self, connection: AsyncConnection) -> PersonCipher:
        """To seal with. It belongs to nobody who could ask to be forgotten, so it stays."""
        known = await self._cipher_of(connection)
        return known or await self._store._ensured(connection, POST_OFFICE)

    async def _cipher_of(self, connection: AsyncConnection) -> PersonCipher | None:
        """To read with; None where nothing was ever sealed."""
        return await self._store._reader(connection, POST_OFFICE)

    # --- queueing

    async def post(self, letters: Sequence[Letter], *, now: datetime) -> None:
        """Commit letters that answer no arrival: notices, reminders, previews."""
        await self._db.write(lambda c: self._queue(c, letters, now))

    async def _queue(
        self, connection: AsyncConnection, letters: Sequence[Letter], now: datetime
    ) -> None:
        if not letters:
            return
        cipher = await self._post_cipher(connection)
        origins = sorted({letter.origin for letter in letters})
        found = await connection.execute(self._queries.queued, {"origins": origins})
        known = {(r.origin, r.part) for r in found}
        rows = [
            self._letter_row(cipher, letter, now)
            for letter in letters
            if (letter.origin, letter.part) not in known
        ]
        if rows:
            await connection.execute(INTO_OUTBOX, rows)
        hurried = {row["lane"] for row in rows if row["rank"] == URGENT}
        if hurried:  # what the chat is owed already stays before it, so that goes first as well
            o = outbox.c
            owed = self._is_office(outbox) & o.state.in_(OWED) & o.lane.in_(hurried)
            await connection.execute(update(outbox).where(owed).values(rank=URGENT))

    def _letter_row(self, cipher: PersonCipher, letter: Letter, now: datetime) -> dict[str, Any]:
        body = {"_chat": letter.chat, **letter.body}
        return self._office_columns | {
            "id": letter.id,
            "lane": self._lane(letter.chat),
            "origin": letter.origin,
            "part": letter.part,
            "source": self._hash("source", letter.source) if letter.source else None,
            "state": letter.state,
            "tries": 0,
            "rank": URGENT if letter.urgent else IN_TURN,
            "queued_at": now,
            "not_before": letter.not_before,
            "body": cipher.seal(body, "outbox", letter.id),
            "memo": cipher.seal(dict(letter.memo), "outbox memo", letter.id),
        }

    # --- sending

    async def heads(
        self, *, now: datetime, busy: Collection[str] = (), limit: int = 100
    ) -> list[Letter]:
        """The first letter owed to each chat, if it may go now and no lane of ``busy``.

        Urgent ones first.
        """
        given = {"now": now, "busy": list(busy), "limit": limit}
        return await self._read(self._queries.due_heads, given)

    async def next_due(self, *, now: datetime) -> datetime | None:
        """When the next letter that must still wait may go; None when none waits."""
        given = {"now": now, "busy": []}
        query = self._queries.next_due
        found: datetime | None = await self._db.read(lambda c: c.scalar(query, given))
        return found

    async def mark_sending(self, ids: Sequence[str], holder: str) -> set[str]:
        """Commit that these are about to go out; after a crash nobody knows whether they did.

        Those that are ``holder``'s to send now: another process may have been faster.
        """
        given = {"b_ids": list(ids), "b_holder": holder}

        async def work(connection: AsyncConnection) -> set[str]:
            done = await connection.execute(self._queries.leaving, given)
            if done.rowcount == len(ids):
                return set(ids)
            o = outbox.c
            ours = select(o.id).where(o.id.in_(ids), o.state == "sending", o.worker == holder)
            return set((await connection.execute(ours)).scalars())

        return await self._db.write(work)

    async def settle(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Commit what became of letters; bodies of those that are through are emptied."""
        through = [
            {
                "b_id": x.id,
                "b_state": x.state,
                "b_shown": x.platform_message_id or None,
                "b_now": now,
            }
            for x in outcomes
            if x.state != "pending"
        ]
        again = [
            {"b_id": x.id, "b_until": x.not_before, "b_more": int(x.counts)}
            for x in outcomes
            if x.state == "pending"
        ]

        async def work(connection: AsyncConnection) -> None:
            if through:
                await connection.execute(self._queries.settled, through)
            if again:
                await connection.execute(self._queries.postponed, again)

        await self._db.write(work)

    async def recover(self, holder: str, *, resend: bool) -> int:
        """Settle what another holder was sending when it went away; how many there were.

        With ``resend`` (the platform drops doubles by nonce) they become pending again, else
        unknown: they may have arrived, and nobody repeats them blindly.
        """
        o = outbox.c
        left = o.worker.is_(None) | (o.worker != holder)
        lost = update(outbox).where(self._is_office(outbox), o.state == "sending", left)
        row: dict[str, Any] = {"state": "pending" if resend else "unknown", "worker": None}
        if not resend:
            row["body"] = None

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(lost.values(row))).rowcount

        return await self._db.write(work)

    # --- looking back

    async def letters_about(self, source: str) -> list[Letter]:
        """Letters that answered one message, oldest first."""
        here = outbox.c.source == self._hash("source", source)
        return await self._read(select(outbox).where(here).order_by(outbox.c.seq))

    async def letter(self, id: str) -> Letter | None:  # noqa: A002
        """One letter by its id."""
        return await self._one(outbox.c.id == id)

    async def letter_shown(self, chat: str, platform_message_id: str) -> Letter | None:
        """The letter that people see as this message of the chat."""
        shown = outbox.c.platform_message_id == platform_message_id
        return await self._one((outbox.c.lane == self._lane(chat)) & shown)

    async def letter_of(self, origin: str, part: int) -> Letter | None:
        """One part of what answered an arrival."""
        return await self._one((outbox.c.origin == origin) & (outbox.c.part == part))

    async def _one(self, wanted: ColumnElement[bool]) -> Letter | None:
        query = select(outbox).where(self._is_office(outbox), wanted).order_by(outbox.c.seq)
        found = await self._read(query.limit(1))
        return found[0] if found else None

    async def _read(
        self, query: Select[Any], given: Mapping[str, Any] | None = None
    ) -> list[Letter]:
        async def work(connection: AsyncConnection) -> list[Letter]:
            rows = list((await connection.execute(query, given)).mappings())
            cipher = await self._cipher_of(connection) if rows else None
            return [_letter(cipher, row) for row in rows] if cipher else []

        return await self._db.read(work)

    # --- chats

    async def rekey(self, old: str, new: str) -> None:
        """A chat has another id now: everything of it moves, in one transaction."""
        was, now = self._lane(old), self._lane(new)
        owed = select(outbox).where(self._is_office(outbox), outbox.c.lane == was)

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._post_cipher(connection)
            for row in (await connection.execute(owed)).mappings().all():
                values: dict[str, Any] = {"lane": now}
                if row["body"] is not None:
                    body = cipher.open(row["body"], "outbox", row["id"]) | {"_chat": new}
                    values["body"] = cipher.seal(body, "outbox", row["id"])
                moved = update(outbox).where(outbox.c.seq == row["seq"])
                await connection.execute(moved.values(values))
            waiting = update(inbox).where(self._is_office(inbox), inbox.c.lane == was)
            await connection.execute(waiting.values(lane=now))

        await self._db.write(work)

    async def set_reachable(self, chat: str, reachable: bool, *, now: datetime) -> None:
        """Note whether a chat takes messages; what is owed to one that does not is dropped."""
        u, lane = unreachable.c, self._lane(chat)
        o = outbox.c
        dropped = update(outbox).where(self._is_office(outbox), o.lane == lane, o.state.in_(OWED))

        async def work(connection: AsyncConnection) -> None:
            here = self._is_office(unreachable) & (u.lane == lane)
            await connection.execute(delete(unreachable).where(here))
            if not reachable:
                row = self._office_columns | {"lane": lane, "since": now}
                await connection.execute(insert(unreachable).values(row))
                ended = {"state": "failed", "body": None, "worker": None, "settled_at": now}
                await connection.execute(dropped.values(ended))

        await self._db.write(work)

    async def reachable(self, chat: str) -> bool:
        """Whether the chat took messages when we last tried."""
        here = self._is_office(unreachable) & (unreachable.c.lane == self._lane(chat))
        query = select(unreachable.c.lane).where(here)
        return await self._db.read(lambda c: c.scalar(query)) is None

    async def forget_chat(self, chat: str) -> None:
        """Drop what is remembered about sent messages of a chat, and what is still owed to it."""
        here = self._is_office(outbox) & (outbox.c.lane == self._lane(chat))
        owed = outbox.c.state == "pending"

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(outbox).where(here, owed))
            await connection.execute(update(outbox).where(here).values(memo=None, source=None))

        await self._db.write(work)

    # --- counting and clearing up

    async def counts(self) -> dict[str, int]:
        """How many rows are in each state, as ``inbox.open``, ``outbox.unknown`` and so on."""

        async def work(connection: AsyncConnection) -> dict[str, int]:
            found: dict[str, int] = {}
            for table in (inbox, outbox):
                query = select(table.c.state, func.count().label("n"))
                grouped = query.where(self._is_office(table)).group_by(table.c.state)
                for row in await connection.execute(grouped):
                    found[f"{table.name}.{row.state}"] = row.n
            return found

        return await self._db.read(work)

    async def purge(self, *, before: datetime) -> int:
        """Delete what was through before ``before``; how many rows."""
        old_in = (inbox.c.state != "open") & (inbox.c.received_at < before)
        old_out = outbox.c.state.not_in(OWED) & or_(
            outbox.c.settled_at < before,
            outbox.c.settled_at.is_(None) & (outbox.c.queued_at < before),
        )

        async def work(connection: AsyncConnection) -> int:
            gone_in = await connection.execute(delete(inbox).where(self._is_office(inbox), old_in))
            gone_out = await connection.execute(
                delete(outbox).where(self._is_office(outbox), old_out)
            )
            return gone_in.rowcount + gone_out.rowcount

        return await self._db.write(work)


def _letter(cipher: PersonCipher, row: RowMapping) -> Letter:
    body = cipher.open(Sealed(row["body"]), "outbox", row["id"]) if row["body"] else {}
    memo = cipher.open(Sealed(row["memo"]), "outbox memo", row["id"]) if row["memo"] else {}
    return Letter(
        id=row["id"],
        chat=str(body.pop("_chat", "")),
        body=body,
        origin=row["origin"],
        part=row["part"],
        memo=memo,
        lane=row["lane"],
        state=row["state"],
        tries=row["tries"],
        platform_message_id=row["platform_message_id"] or "",
        not_before=row["not_before"],
        queued_at=row["queued_at"],
    )
