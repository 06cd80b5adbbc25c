"""The store on SQLite or PostgreSQL: opening, export, forgetting and key rotation.

The top of SqlStore, over CuratingStore, JoiningStore, RecordStore and PeopleStore. It owns what
concerns a whole person or the whole database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreKeyError
from bot.model import PassageVotes, Unhelped, UserId
from bot.store import lineage
from bot.store import tombstones as graves
from bot.store.challenges import parts_for_export
from bot.store.codec import from_micros, plain, to_micros
from bot.store.crypto import KeyRing, PersonCipher, new_cipher
from bot.store.curating import CuratingStore
from bot.store.database import connect
from bot.store.erasing import erase, scrub
from bot.store.export import Everything, readable
from bot.store.migrate import ensure_head
from bot.store.records import OWN_TURNS
from bot.store.tables import accounts, tombstones, turns, users, votes


class SqlStore(CuratingStore):
    """bot.store.PersonStore on a database. Open with ``open``, end with ``close``."""

    @classmethod
    async def open(
        cls, url: str, *, keys: KeyRing, wait_s: float = 5.0, consent_wording: str = ""
    ) -> SqlStore:
        """Open, migrate, check the keys, and erase again whoever a backup brought back.

        ``url``: ``sqlite:///path`` or ``postgresql://...``. ``wait_s``: seconds to wait for a
        lock, at most 5. ``consent_wording``: version of the consent sentence in use. Raises
        SettingsError, StoreLockedError, StoreReadOnlyError, StoreKeyError, StoreError.
        """
        database = connect(url, wait_s=wait_s)
        store = cls(database, keys, consent_wording=consent_wording)
        try:
            await ensure_head(database)
            await store._check_keys()
            await store._bury()
        except BaseException:  # also a cancelled start leaves no connection behind
            await database.close()
            raise
        return store

    async def close(self) -> None:
        """Close every connection."""
        await self._db.close()

    async def _check_keys(self) -> None:
        """StoreKeyError now, rather than at somebody's message, if a key in use is missing."""
        wraps, marks = select(users.c.key_id).distinct(), select(accounts.c.key_id).distinct()
        kek = set(await self._db.read(lambda c: c.scalars(wraps)))
        index = set(await self._db.read(lambda c: c.scalars(marks)))
        if not (kek <= set(self._keys.keys) and index <= set(self._keys.index)):
            raise StoreKeyError("this is not the key that the database was written with")

    # --- reports

    async def unhelped(self, *, since: datetime | None = None, own: bool = False) -> list[Unhelped]:
        """Questions that were not helped; see gaps.py for whose."""
        from bot.store.gaps import unhelped

        return await unhelped(self, since=since, own=own)

    async def passage_votes(self, *, since: datetime | None = None) -> list[PassageVotes]:
        """Votes by cited passage; see cited.py."""
        from bot.store.cited import passage_votes

        return await passage_votes(self, since=since)

    # --- export

    async def export(self, user: UserId) -> dict[str, object]:
        """Everything about a person; empty lists for somebody we do not know."""

        async def work(connection: AsyncConnection) -> Everything:
            cipher = await self._cipher(connection, user)
            return await self._everything(connection, cipher or new_cipher(plain(user)))

        return readable(await self._db.read(work), datetime.now(UTC))

    async def _everything(self, connection: AsyncConnection, cipher: PersonCipher) -> Everything:
        own = accounts.c.user_id == cipher.user
        known = select(accounts.c.platform, accounts.c.linked_at).where(own)
        linked = await connection.execute(known.order_by(accounts.c.linked_at))
        said = OWN_TURNS.order_by(turns.c.at, turns.c.id)
        return Everything(
            profile=await self._profile(connection, cipher),
            accounts=[(row.platform, row.linked_at) for row in linked],
            consents=await self._consents(connection, cipher.user),
            observations=await self._observations(connection, cipher),
            turns=await self._turns(connection, cipher, said),
            votes=await self._votes(connection, votes.c.user_id == cipher.user),
            challenges=await parts_for_export(self, connection, cipher.user),
            curator=[c.name for c in await self._curators_of(connection, cipher)],
        )

    # --- forgetting

    async def forget(self, user: UserId) -> None:
        """Destroy the person's key and rows, here and in any backup opened later.

        With them go those who joined them: a backup may hold them from before. Their id is
        never used again: later writes under it raise NotFoundError, and ``user_for`` makes
        their account a new person. Somebody we do not know is forgotten already. On PostgreSQL
        the log archive keeps old rows as long as its retention says.
        """

        async def work(connection: AsyncConnection) -> dict[str, int]:
            known = select(users.c.id).where(users.c.id == plain(user))
            if (await connection.execute(known)).first() is None:
                return {}
            now = datetime.now(UTC)
            row = {"user_id": plain(user), "forgotten_at": now}
            await connection.execute(insert(tombstones).values(row))
            await erase(connection, [plain(user)])
            with_them = tombstones.c.joined_to == plain(user)
            joined = list(await connection.scalars(select(tombstones.c.user_id).where(with_them)))
            await lineage.erased(connection, [plain(user), *joined], now)
            await connection.execute(update(tombstones).where(with_them).values(joined_to=None))
            return dict.fromkeys([plain(user), *joined], to_micros(now))

        buried = await self._db.write(work)
        for gone in buried:
            self._ciphers.pop(gone, None)
        if buried:
            graves.append(graves.path_for(self._keys), buried)
            await scrub(self._db)

    async def _bury(self) -> None:
        """Bring table and list of the forgotten together, and erase who is on either.

        Somebody who joined another person is not on the list: a backup from before may have
        them as they were, for nobody asked to be forgotten.
        """
        listed = graves.read(graves.path_for(self._keys))
        found = (await self._db.read(lambda c: c.execute(select(tombstones)))).all()
        joined = [row.user_id for row in found if row.joined_to is not None]
        kept = {r.user_id: to_micros(r.forgotten_at) for r in found if r.joined_to is None}
        missing = {user: at for user, at in listed.items() if user not in kept}
        if missing:
            await self._db.write(lambda c: _bury_again(c, missing, joined))
        back = select(users.c.id).join(tombstones, tombstones.c.user_id == users.c.id)
        risen = list(await self._db.read(lambda c: c.scalars(back)))
        if risen:
            await self._db.write(lambda c: erase(c, risen))
            await scrub(self._db)
        unlisted = {user: at for user, at in kept.items() if user not in listed}
        graves.append(graves.path_for(self._keys), unlisted)

    # --- keys

    async def rotate(self, keys: KeyRing) -> int:
        """Wrap every data key under ``keys.active``; how many were. All of them or none.

        ``keys`` must still hold the old keys, and must have been saved, so that no other
        process makes new people under an old key.
        """

        async def work(connection: AsyncConnection) -> int:
            found = await connection.execute(select(users).where(users.c.key_id != keys.active))
            rows = []
            for row in found:
                cipher = keys.unwrap(row.id, row.key_id, row.wrapped)
                key_id, wrapped = keys.wrap(cipher)
                rows.append({"user": row.id, "key_id": key_id, "wrapped": wrapped})
            if rows:
                statement = update(users).where(users.c.id == bindparam("user"))
                await connection.execute(statement, rows)
            return len(rows)

        done = await self._db.write(work)
        self._keys = keys
        return done

    async def renew_key(self) -> int:
        """Replace the key-encryption key, file and database, in the order that loses nothing."""
        renewed = self._keys.reloaded().renewed()
        renewed.save()
        done = await self.rotate(renewed)
        self._keys = renewed.pruned()
        self._keys.save()
        await scrub(self._db)
        return done


async def _bury_again(
    connection: AsyncConnection, missing: Mapping[str, int], joined: Collection[str]
) -> None:
    again = tombstones.c.user_id.in_([user for user in missing if user in joined])
    await connection.execute(update(tombstones).where(again).values(joined_to=None))
    new = {user: at for user, at in missing.items() if user not in joined}
    if new:
        rows = [{"user_id": u, "forgotten_at": from_micros(at)} for u, at in new.items()]
        await connection.execute(insert(tombstones), rows)
