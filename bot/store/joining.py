"""One person, several accounts: one-time codes, joining two people into one, and parting.

A code is kept as a keyed HMAC, for ten minutes and one use. Whoever enters it becomes the
person who made it: everything of theirs is sealed anew under the maker's key, their own key is
destroyed and their id is never used again, in one transaction.

What happens where both have something:

- an observation of the same kind and moment: the maker's stays;
- settings and facts: the maker's stay, the other's fill what is empty;
- agreements: one stands afterwards if the maker's stood and the other person had not taken
  theirs back; what only the other agreed to ends here. The history of both stays.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError, StoreLockedError
from bot.ids import new_id, new_user_id
from bot.model import Joining, UserId
from bot.ports import LINK_LASTS, LINK_TRIES, LINK_TRIES_IN
from bot.store.addresses import AddressStore
from bot.store.codec import plain
from bot.store.erasing import erase, scrub
from bot.store.merging import Merger, merged_profile
from bot.store.tables import accounts, link_codes, link_tries, tombstones, users

_REFUSED = Joining(verdict="refused")


class JoiningStore(AddressStore):
    """Linking and unlinking accounts by their owners."""

    async def offer_link(self, user: UserId, code: str, *, now: datetime) -> None:
        """Let whoever enters ``code`` soon become ``user``; an earlier code ends."""

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._ensured(connection, user)
            await self._sweep(connection, now)
            mine = link_codes.c.user_id == cipher.user
            await connection.execute(delete(link_codes).where(mine))
            row = {"user_id": cipher.user, "ref": self._code_refs(code)[0]}
            await connection.execute(
                insert(link_codes).values(row | {"expires_at": now + LINK_LASTS})
            )

        await self._db.write(work)

    async def weigh_link(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        """What ``join`` would say, with nothing changed."""
        return await self._db.read(lambda c: self._weighed(c, code, platform, account, now))

    async def join(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        """Make the account the code's maker's, with all that its person had; see the module.

        A wrong code is counted against the account. StoreLockedError when the account changes
        hands at the same moment.
        """

        async def work(connection: AsyncConnection) -> Joining:
            found = await self._weighed(connection, code, platform, account, now)
            if found.verdict == "joined" and found.user is not None:
                if await self._joined(connection, found.user, code, platform, account):
                    return found
                found = _REFUSED  # another was first
            if found.verdict == "refused":
                await self._sweep(connection, now)
                row = {"id": new_id(), "ref": self._try_refs(platform, account)[0], "at": now}
                await connection.execute(insert(link_tries).values(row))
            return found

        done = await self._db.write(work)
        if done.verdict == "joined":
            await scrub(self._db)
        return done

    async def part(self, user: UserId, *, platform: str, account: str) -> bool:
        """Make this account a new, empty person; False, and nothing done, if it is the only one.

        NotFoundError if the account is not the person's.
        """

        async def work(connection: AsyncConnection) -> bool:
            await self._hold(connection, [plain(user)])
            row = await self._account(connection, platform, account)
            if row is None or row.user_id != plain(user):
                raise NotFoundError("no such account")
            count = select(func.count()).where(accounts.c.user_id == plain(user))
            if (await connection.scalar(count) or 0) < 2:
                return False
            await self._drop_address(connection, platform, account)
            new = await self._created(connection, new_user_id())
            await self._attach(connection, platform, account, new.user, before=row)
            return True

        return await self._db.write(work)

    # --- codes and tries

    def _code_refs(self, code: str) -> list[str]:
        return list(self._keys.references("link", plain(code)).values())

    def _try_refs(self, platform: str, account: str) -> list[str]:
        return list(self._keys.references("tries", plain(platform), plain(account)).values())

    async def _sweep(self, connection: AsyncConnection, now: datetime) -> None:
        """Drop codes and tries that no longer count."""
        await connection.execute(delete(link_codes).where(link_codes.c.expires_at <= now))
        await connection.execute(delete(link_tries).where(link_tries.c.at <= now - LINK_TRIES_IN))

    async def _weighed(
        self, connection: AsyncConnection, code: str, platform: str, account: str, now: datetime
    ) -> Joining:
        mine = link_tries.c.ref.in_(self._try_refs(platform, account))
        recent = link_tries.c.at > now - LINK_TRIES_IN
        tries = await connection.scalar(select(func.count()).where(mine, recent)) or 0
        if tries >= LINK_TRIES:
            return Joining(verdict="locked")
        made = select(link_codes.c.user_id).where(
            link_codes.c.ref.in_(self._code_refs(code)), link_codes.c.expires_at > now
        )
        maker = await connection.scalar(made)
        if maker is None:
            return _REFUSED
        row = await self._account(connection, platform, account)
        own = row is not None and row.user_id == maker
        return Joining(verdict="own" if own else "joined", user=UserId(maker))

    # --- joining

    async def _joined(
        self, connection: AsyncConnection, maker: UserId, code: str, platform: str, account: str
    ) -> bool:
        """Use the code up and do it; False if another used it first."""
        before = await self._account(connection, platform, account)
        await self._hold(connection, [maker, *([before.user_id] if before else [])])
        used = link_codes.c.ref.in_(self._code_refs(code))
        if (await connection.execute(delete(link_codes).where(used))).rowcount == 0:
            return False
        if _user(await self._account(connection, platform, account)) != _user(before):
            raise StoreLockedError("the account has just changed hands")
        if before is None:
            await self._attach(connection, platform, account, maker, before=None)
        else:
            await self._merge(connection, before.user_id, maker)
        return True

    async def _hold(self, connection: AsyncConnection, people: Collection[str]) -> None:
        """Let nobody write under these people until the end; SQLite has one writer anyway."""
        rows = select(users.c.id).where(users.c.id.in_(people)).order_by(users.c.id)
        await connection.execute(rows.with_for_update())

    async def _merge(self, connection: AsyncConnection, joiner: str, maker: str) -> None:
        old, new = await self._cipher(connection, joiner), await self._cipher(connection, maker)
        if old is None or new is None:
            raise StoreLockedError("one of them was forgotten just now")
        now = datetime.now(UTC)
        merger = Merger(connection, old, new, lambda *where: self._chat_refs(maker, *where)[0])
        await merger.observations()
        await merger.turns()
        await merger.addresses()
        await merger.challenges()
        theirs = await self._consents(connection, joiner)
        profile = merged_profile(
            await self._profile(connection, new), await self._profile(connection, old), theirs
        )
        await merger.consents(now)
        await self._save_profile(connection, profile)
        moved = {"user_id": maker, "linked_at": now}
        await connection.execute(update(accounts).where(accounts.c.user_id == joiner).values(moved))
        later = update(tombstones).where(tombstones.c.joined_to == joiner)
        await connection.execute(later.values(joined_to=maker))
        grave = {"user_id": joiner, "forgotten_at": now, "joined_to": maker}
        await connection.execute(insert(tombstones).values(grave))
        await erase(connection, [joiner])


def _user(row: Row[Any] | None) -> str | None:
    return None if row is None else row.user_id
