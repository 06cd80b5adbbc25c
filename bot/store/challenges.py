"""Group challenges on the database: one row each, who is in, and on which days.

A group's address is sealed with the mailbox's key, a name with its person's. What is read for a
group comes out as a Board, which cannot say who did what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError, StoreError
from bot.model import Board, Challenge, Lang, Part, Place, Platform, UserId
from bot.ports import Store
from bot.store.challenge_tables import challenge_members, challenge_ticks, challenges
from bot.store.codec import plain
from bot.store.crypto import PersonCipher
from bot.store.outbox import POST_OFFICE
from bot.store.people import PeopleStore

_AT_ONCE = 50
_NAMED = 200  # names that are opened for one board


class SqlChallenges:
    """ports.Challenges in the store's own database."""

    def __init__(self, store: Store | PeopleStore) -> None:
        """StoreError for a store without tables."""
        if not isinstance(store, PeopleStore):
            raise StoreError("this store keeps no challenges")
        self._store = store
        self._db = store._db

    # --- reading

    async def challenge(self, id: str) -> Challenge | None:  # noqa: A002
        """One by its id."""
        found = await self._read(challenges.c.id == plain(id))
        return found[0] if found else None

    async def newest(self, place: Place, office: str) -> Challenge | None:
        """The last one of a group, whatever became of it."""
        c = challenges.c
        refs = self._refs(place.platform, office, place.chat)
        here = (c.platform == plain(place.platform)) & (c.bot == plain(office))
        found = await self._read(here & c.chat_ref.in_(refs))
        return found[-1] if found else None

    async def due(self, platform: str, office: str, *, now: datetime) -> list[Challenge]:
        """Those of one bot that have something to say."""
        c = challenges.c
        here = (c.platform == plain(platform)) & (c.bot == plain(office))
        return await self._read(here & (c.next_at <= now), most=_AT_ONCE)

    async def _read(self, wanted: ColumnElement[bool], most: int | None = None) -> list[Challenge]:
        query = select(challenges).where(wanted).order_by(challenges.c.id).limit(most)

        async def work(connection: AsyncConnection) -> list[Challenge]:
            rows = list((await connection.execute(query)).mappings())
            cipher = await self._store._cipher(connection, POST_OFFICE) if rows else None
            return [_challenge(cipher, row) for row in rows] if cipher else []

        return await self._db.read(work)

    async def board(self, id: str, *, day: int, days: int) -> Board:  # noqa: A002
        """What the group may see."""
        m, k = challenge_members.c, challenge_ticks.c
        mine = k.challenge_id == plain(id)
        whole = select(k.user_id).where(mine, k.day <= days).group_by(k.user_id)
        whole = whole.having(func.count() >= days)

        async def work(connection: AsyncConnection) -> Board:
            async def count(query: Select[Any]) -> int:
                rows = select(func.count()).select_from(query.subquery())
                return await connection.scalar(rows) or 0

            inside = select(m.user_id).where(m.challenge_id == plain(id))
            return Board(
                people=await count(inside),
                done=await count(select(k.user_id).where(mine, k.day == day)),
                ticks=await count(select(k.user_id).where(mine)),
                through=await count(whole),
                names=await self._names(connection, id),
            )

        return await self._db.read(work)

    async def _names(self, connection: AsyncConnection, id_: str) -> tuple[str, ...]:
        m = challenge_members.c
        query = select(challenge_members).where(m.challenge_id == plain(id_), m.body.is_not(None))
        found = (await connection.execute(query.order_by(m.joined_at).limit(_NAMED))).mappings()
        names = [await self._name(connection, row) for row in found.all()]
        return tuple(filter(None, names))

    async def _name(self, connection: AsyncConnection, row: RowMapping) -> str:
        cipher = await self._store._cipher(connection, row["user_id"])
        if cipher is None or row["body"] is None:
            return ""
        return str(cipher.open(row["body"], "challenge_members", row["challenge_id"])["name"])

    async def part(self, id: str, user: UserId) -> Part | None:  # noqa: A002
        """A person's own part; None for somebody who is not in."""
        return await self._db.read(lambda c: self._part(c, id, user))

    async def _part(self, connection: AsyncConnection, id_: str, user: str) -> Part | None:
        m, k = challenge_members.c, challenge_ticks.c
        own = select(challenge_members).where(
            m.challenge_id == plain(id_), m.user_id == plain(user)
        )
        row = (await connection.execute(own)).mappings().first()
        if row is None:
            return None
        ticked = select(k.day).where(k.challenge_id == plain(id_), k.user_id == plain(user))
        days = frozenset(await connection.scalars(ticked))
        return Part(name=await self._name(connection, row), days=days)

    async def parts(self, user: UserId) -> list[tuple[Challenge, Part]]:
        """Where a person is in; what is over has no parts any more."""
        m = challenge_members.c
        query = select(m.challenge_id).where(m.user_id == plain(user)).order_by(m.challenge_id)
        ids = list(await self._db.read(lambda c: c.scalars(query)))
        found = [(await self.challenge(id_), await self.part(id_, user)) for id_ in ids]
        return [(made, part) for made, part in found if made is not None and part is not None]

    # --- changing

    async def keep(self, challenge: Challenge) -> None:
        """Make or change one; when it is over, who was in and when goes."""

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._store._ensured(connection, POST_OFFICE)
            row = self._row(cipher, challenge)
            same = challenges.c.id == challenge.id
            changed = await connection.execute(update(challenges).where(same).values(row))
            if not changed.rowcount:
                await connection.execute(insert(challenges).values(row | {"id": challenge.id}))
            if challenge.state != "running":
                for table in (challenge_ticks, challenge_members):
                    of_it = table.c.challenge_id == challenge.id
                    await connection.execute(delete(table).where(of_it))

        await self._db.write(work)

    def _row(self, cipher: PersonCipher, one: Challenge) -> dict[str, Any]:
        body = {
            "chat": one.place.chat, "lang": one.lang, "tz": one.tz, "days": one.days,
            "first": one.first.isoformat(),
        }  # fmt: skip
        return {
            "platform": plain(one.place.platform),
            "bot": plain(one.office),
            "chat_ref": self._refs(one.place.platform, one.office, one.place.chat)[0],
            "topic": plain(one.topic),
            "state": one.state,
            "starter_id": plain(one.starter) if one.starter else None,
            "changed_at": one.changed_at,
            "next_at": one.next_at,
            "body": cipher.seal(body, "challenges", one.id),
        }

    async def join(self, id: str, user: UserId, *, now: datetime) -> None:  # noqa: A002
        """Take part; again changes nothing. NotFoundError when it is over meanwhile."""

        async def work(connection: AsyncConnection) -> None:
            running = (challenges.c.id == plain(id)) & (challenges.c.state == "running")
            if await connection.scalar(select(challenges.c.id).where(running)) is None:
                raise NotFoundError("no such challenge")
            if await self._part(connection, id, user) is None:
                cipher = await self._store._ensured(connection, user)
                row = {"challenge_id": plain(id), "user_id": cipher.user, "joined_at": now}
                await connection.execute(insert(challenge_members).values(row))

        await self._db.write(work)

    async def leave(self, id: str, user: UserId) -> None:  # noqa: A002
        """Not to take part any more; nothing of it stays."""

        async def work(connection: AsyncConnection) -> None:
            for table in (challenge_ticks, challenge_members):
                mine = (table.c.challenge_id == plain(id)) & (table.c.user_id == plain(user))
                await connection.execute(delete(table).where(mine))

        await self._db.write(work)

    async def show(self, id: str, user: UserId, name: str) -> None:  # noqa: A002
        """Put a name on the board, or take it off."""
        m = challenge_members.c
        mine = update(challenge_members).where(
            m.challenge_id == plain(id), m.user_id == plain(user)
        )

        async def work(connection: AsyncConnection) -> None:
            body = None
            if name:
                cipher = await self._store._ensured(connection, user)
                body = cipher.seal({"name": name}, "challenge_members", plain(id))
            await connection.execute(mine.values(body=body))

        await self._db.write(work)

    async def tick(self, id: str, user: UserId, day: int, *, done: bool) -> None:  # noqa: A002
        """Done on a day, or not; for somebody who is not in nothing happens."""
        k = challenge_ticks.c
        mine = (k.challenge_id == plain(id)) & (k.user_id == plain(user)) & (k.day == day)

        async def work(connection: AsyncConnection) -> None:
            part = await self._part(connection, id, user)
            if part is not None and done and day not in part.days:
                row = {"challenge_id": plain(id), "user_id": plain(user), "day": day}
                await connection.execute(insert(challenge_ticks).values(row))
            elif not done:
                await connection.execute(delete(challenge_ticks).where(mine))

        await self._db.write(work)

    async def rekey(self, platform: str, office: str, old: str, new: str) -> None:
        """A group has another address now; its topics move with it."""
        c = challenges.c
        here = (c.platform == plain(platform)) & (c.bot == plain(office)) & (c.state == "running")
        for one in await self._read(here):
            chat, slash, topic = one.place.chat.partition("/")
            if chat == old:
                place = replace(one.place, chat=f"{new}{slash}{topic}")
                await self.keep(replace(one, place=place))

    def _refs(self, platform: str, office: str, chat: str) -> Sequence[str]:
        parts = ("challenge", plain(platform), plain(office), plain(chat))
        return list(self._store._keys.references(*parts).values())


async def parts_for_export(
    store: PeopleStore, connection: AsyncConnection, user: str
) -> list[tuple[str, datetime, Part]]:
    """A person's parts, with the topic and when they joined."""
    m, c = challenge_members.c, challenges.c
    joined = select(c.topic, m.joined_at, m.challenge_id).join_from(
        challenge_members, challenges, c.id == m.challenge_id
    )
    query = joined.where(m.user_id == user).order_by(m.joined_at, m.challenge_id)
    kept, found = SqlChallenges(store), list[tuple[str, datetime, Part]]()
    for row in (await connection.execute(query)).all():
        part = await kept._part(connection, row.challenge_id, user)
        found.append((row.topic, row.joined_at, part or Part()))
    return found


def _challenge(cipher: PersonCipher, row: RowMapping) -> Challenge:
    body = cipher.open(row["body"], "challenges", row["id"])
    platform = cast("Platform", row["platform"])
    return Challenge(
        id=row["id"],
        topic=row["topic"],
        place=Place(platform=platform, chat=str(body["chat"]), private=False),
        office=row["bot"],
        lang=cast("Lang", body["lang"]),
        tz=str(body["tz"]),
        first=date.fromisoformat(str(body["first"])),
        days=int(str(body["days"])),
        starter=UserId(row["starter_id"]) if row["starter_id"] else None,
        changed_at=row["changed_at"].astimezone(UTC),
        next_at=row["next_at"],
        state=row["state"],
    )
