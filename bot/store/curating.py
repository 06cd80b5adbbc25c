"""Accounts that look after the knowledge by chat: one-time codes, binding, revoking.

A code is made for a name that has a role in the knowledge base, kept as a keyed HMAC, for ten
minutes and one use. It binds the account that enters it, not the person: another account that
is linked later gains nothing, and an account that joins another person must be bound anew.
Wrong codes count against the account together with wrong linking codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ids import new_id
from bot.model import Admission, Curator, Lang, Platform, UserId
from bot.ports import LINK_LASTS, LINK_TRIES, LINK_TRIES_IN
from bot.store.codec import plain
from bot.store.crypto import PersonCipher
from bot.store.joining import JoiningStore
from bot.store.tables import curator_codes, curators, link_tries


class CuratingStore(JoiningStore):
    """See the module."""

    async def offer_desk(self, name: str, code: str, *, now: datetime) -> None:
        """Let whoever enters ``code`` soon act under ``name``; an earlier code ends."""

        async def work(connection: AsyncConnection) -> None:
            table = curator_codes
            ends = (table.c.name == plain(name)) | (table.c.made_at <= now - LINK_LASTS)
            await connection.execute(delete(table).where(ends))
            row = {"name": plain(name), "ref": self._desk_codes(code)[0], "made_at": now}
            await connection.execute(insert(table).values(row))

        await self._db.write(work)

    async def weigh_desk(
        self, code: str, *, platform: str, account: str, now: datetime
    ) -> Admission:
        """What ``enter_desk`` would say, with nothing changed."""
        return await self._db.read(lambda c: self._admission(c, code, platform, account, now))

    async def enter_desk(
        self, code: str, curator: Curator, *, user: UserId, now: datetime
    ) -> Admission:
        """Bind the account under the code's name; a name it had before ends. Counts a wrong one."""
        platform, account = curator.platform, curator.account

        async def work(connection: AsyncConnection) -> Admission:
            found = await self._admission(connection, code, platform, account, now)
            if found.verdict == "refused":
                await self._sweep(connection, now)
                row = {"id": new_id(), "ref": self._try_refs(platform, account)[0], "at": now}
                await connection.execute(insert(link_tries).values(row))
            if found.verdict == "bound":
                used = curator_codes.c.ref.in_(self._desk_codes(code))
                if (await connection.execute(delete(curator_codes).where(used))).rowcount == 0:
                    return Admission(verdict="refused")  # another was first
                await self._bind(connection, curator, found, user)
            return found

        return await self._db.write(work)

    async def curator(self, platform: str, account: str) -> Curator | None:
        """Who the account is to the knowledge base; None for everybody else."""
        query = select(curators).where(
            curators.c.platform == plain(platform),
            curators.c.ref.in_(self._desk_refs(platform, account)),
        )

        async def work(connection: AsyncConnection) -> Curator | None:
            row = (await connection.execute(query)).first()
            return None if row is None else await self._bound(connection, row)

        return await self._db.read(work)

    async def curators(self) -> list[Curator]:
        """Every bound account, by name."""

        async def work(connection: AsyncConnection) -> list[Curator]:
            rows = (await connection.execute(select(curators))).all()
            found = [await self._bound(connection, row) for row in rows]
            return sorted((c for c in found if c), key=lambda c: (c.name, c.platform, c.account))

        return await self._db.read(work)

    async def leave_desk(self, *, name: str = "", platform: str = "", account: str = "") -> int:
        """End the binding of one account, or of all that act under a name, and its open code."""

        async def work(connection: AsyncConnection) -> int:
            rows = (await connection.execute(select(curators))).all()
            refs = self._desk_refs(platform, account)
            gone = []
            for row in rows:
                known = await self._bound(connection, row)
                same = row.platform == platform and row.ref in refs
                if same or (name and known is not None and known.name == name):
                    gone.append(row.id)
            if name:
                mine = curator_codes.c.name == plain(name)
                await connection.execute(delete(curator_codes).where(mine))
            await connection.execute(delete(curators).where(curators.c.id.in_(gone)))
            return len(gone)

        return await self._db.write(work)

    # --- inside

    def _desk_codes(self, code: str) -> list[str]:
        return list(self._keys.references("desk code", plain(code)).values())

    def _desk_refs(self, platform: str, account: str) -> list[str]:
        return list(self._keys.references("desk", plain(platform), plain(account)).values())

    async def _admission(
        self, connection: AsyncConnection, code: str, platform: str, account: str, now: datetime
    ) -> Admission:
        mine = link_tries.c.ref.in_(self._try_refs(platform, account))
        recent = link_tries.c.at > now - LINK_TRIES_IN
        tries = await connection.scalar(select(func.count()).where(mine, recent)) or 0
        if tries >= LINK_TRIES:
            return Admission(verdict="locked")
        table = curator_codes.c
        query = select(curator_codes).where(
            table.ref.in_(self._desk_codes(code)), table.made_at > now - LINK_LASTS
        )
        row = (await connection.execute(query)).first()
        if row is None:
            return Admission(verdict="refused")
        return Admission(verdict="bound", name=row.name, since=row.made_at)

    async def _bind(
        self, connection: AsyncConnection, curator: Curator, found: Admission, user: UserId
    ) -> None:
        cipher = await self._ensured(connection, user)
        refs = self._desk_refs(curator.platform, curator.account)
        same = (curators.c.platform == curator.platform) & curators.c.ref.in_(refs)
        await connection.execute(delete(curators).where(same))
        id_ = new_id()
        body = {
            "name": found.name, "account": curator.account, "chat": curator.chat,
            "office": curator.office, "lang": curator.lang,
        }  # fmt: skip
        row = {"id": id_, "user_id": cipher.user, "platform": curator.platform, "ref": refs[0]}
        sealed = cipher.seal(body, "curators", id_)
        await connection.execute(
            insert(curators).values(row | {"since": found.since, "body": sealed})
        )

    async def _bound(self, connection: AsyncConnection, row: Row[Any]) -> Curator | None:
        cipher = await self._cipher(connection, row.user_id)
        return None if cipher is None else _curator(cipher, row)

    async def _curators_of(
        self, connection: AsyncConnection, cipher: PersonCipher
    ) -> Sequence[Curator]:
        query = select(curators).where(curators.c.user_id == cipher.user)
        return [_curator(cipher, row) for row in await connection.execute(query)]


def _curator(cipher: PersonCipher, row: Row[Any]) -> Curator:
    body = cipher.open(row.body, "curators", row.id)
    return Curator(
        name=str(body["name"]),
        platform=cast("Platform", row.platform),
        account=str(body["account"]),
        chat=str(body["chat"]),
        office=str(body["office"]),
        lang=cast("Lang", body["lang"]),
        since=row.since,
    )
