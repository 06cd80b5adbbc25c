"""Who is who, what they told about themselves and what they agreed to.

The lower half of SqlStore: it owns the key ring in use, finds or makes a person's cipher, and
decides that a person who was forgotten never comes back under the same id.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError
from bot.ids import new_id, new_user_id
from bot.model import Profile, UserId
from bot.store import Consent
from bot.store.codec import plain, profile_body, profile_of
from bot.store.crypto import KeyRing, PersonCipher, new_cipher
from bot.store.database import Database
from bot.store.tables import accounts, consents, profiles, several, tombstones, users

_KEPT_CIPHERS = 1000  # of the people heard last, in memory

# What every message asks for, made once (see mail_queries).
_PERSON = select(users).where(users.c.id == bindparam("user"))
_ACCOUNT = select(accounts).where(
    accounts.c.platform == bindparam("platform"), accounts.c.ref.in_(several("refs"))
)
_PROFILE = select(profiles.c.body).where(profiles.c.user_id == bindparam("user"))
_CONSENTS = (
    select(*(c for c in consents.c if c.name not in {"id", "user_id"}))
    .where(consents.c.user_id == bindparam("user"))
    .order_by(consents.c.given_at, consents.c.id)
)


class PeopleStore:
    """People, their accounts elsewhere, profiles and consents."""

    def __init__(self, database: Database, keys: KeyRing, *, consent_wording: str = "") -> None:
        """Keep the database, the ring, and the version of the consent sentence in use."""
        self._db = database
        self._keys = keys
        self._wording = consent_wording
        self._ciphers: OrderedDict[str, PersonCipher] = OrderedDict()

    # --- ciphers

    async def _cipher(self, connection: AsyncConnection, user: str) -> PersonCipher | None:
        """The person's cipher, or None for somebody we do not know."""
        found = await connection.execute(_PERSON, {"user": plain(user)})
        row = found.one_or_none()
        return None if row is None else self._unwrapped(row.id, row.key_id, row.wrapped)

    async def _reader(self, connection: AsyncConnection, user: str) -> PersonCipher | None:
        """As ``_cipher``, from memory where it was used lately: for looking, never for writing.

        A data key never changes; of somebody who is gone there are no rows left to open.
        """
        name = plain(user)
        known = self._ciphers.get(name) or await self._cipher(connection, user)
        if known is not None:
            self._ciphers[name] = known
            self._ciphers.move_to_end(name)
            if len(self._ciphers) > _KEPT_CIPHERS:
                self._ciphers.popitem(last=False)
        return known

    def _unwrapped(self, user: str, key_id: str, wrapped: bytes) -> PersonCipher:
        if key_id not in self._keys.keys:
            self._keys = self._keys.reloaded()  # another process may have rotated it
        return self._keys.unwrap(user, key_id, wrapped)

    async def _ensured(self, connection: AsyncConnection, user: str) -> PersonCipher:
        """The person's cipher, made at first sight; NotFoundError for one who was forgotten."""
        cipher = await self._cipher(connection, user)
        if cipher is not None:
            return cipher
        grave = select(tombstones.c.user_id).where(tombstones.c.user_id == plain(user))
        if (await connection.execute(grave)).first() is not None:
            raise NotFoundError("this person asked to be forgotten")
        return await self._created(connection, plain(user))

    async def _created(self, connection: AsyncConnection, user: str) -> PersonCipher:
        self._keys = self._keys.reloaded()  # never under a key that its file no longer holds
        cipher = new_cipher(user)
        key_id, wrapped = self._keys.wrap(cipher)
        row = {"id": user, "created_at": _now(), "key_id": key_id, "wrapped": wrapped}
        await connection.execute(insert(users).values(row))
        return cipher

    # --- accounts

    async def user_for(self, platform: str, external_id: str) -> UserId:
        """The person behind an account of a platform; a new person at first sight.

        Call it for every message: after ``forget`` the same account is a new person.
        """
        row = await self._db.read(lambda c: self._account(c, platform, external_id))
        if row is not None and row.key_id == self._keys.index_active:
            return UserId(row.user_id)

        async def work(connection: AsyncConnection) -> UserId:
            self._keys = self._keys.reloaded()
            row = await self._account(connection, platform, external_id)
            if row is not None and row.key_id == self._keys.index_active:
                return UserId(row.user_id)  # another message of theirs was first
            user = row.user_id if row else (await self._created(connection, new_user_id())).user
            await self._attach(connection, platform, external_id, user, before=row)
            return UserId(user)

        return await self._db.write(work)

    async def link(self, user: UserId, platform: str, external_id: str) -> UserId | None:
        """Make an account ``user``'s from now on; the person it was before, if another.

        The caller has made sure that both belong to one person. What the other person had
        stored stays theirs: forget them, or link back. NotFoundError for an unknown ``user``.
        """

        async def work(connection: AsyncConnection) -> UserId | None:
            if await self._cipher(connection, user) is None:
                raise NotFoundError("no such person")
            row = await self._account(connection, platform, external_id)
            await self._attach(connection, platform, external_id, plain(user), before=row)
            return UserId(row.user_id) if row and row.user_id != plain(user) else None

        return await self._db.write(work)

    async def unlink(self, user: UserId, platform: str, external_id: str) -> None:
        """Take an account away from ``user``; NotFoundError if it is not theirs."""

        async def work(connection: AsyncConnection) -> None:
            row = await self._account(connection, platform, external_id)
            if row is None or row.user_id != plain(user):
                raise NotFoundError("no such account")
            await self._detach(connection, platform, external_id)

        await self._db.write(work)

    async def platforms(self, user: UserId) -> list[str]:
        """The platform of each account of the person, the one linked first first."""
        a = accounts.c
        query = select(a.platform).where(a.user_id == plain(user)).order_by(a.linked_at, a.ref)
        return list(await self._db.read(lambda c: c.scalars(query)))

    def _refs(self, platform: str, external_id: str) -> dict[str, str]:
        return self._keys.references("account", plain(platform), plain(external_id))

    async def _account(
        self, connection: AsyncConnection, platform: str, external_id: str
    ) -> Row[Any] | None:
        refs = list(self._refs(platform, external_id).values())
        given = {"platform": plain(platform), "refs": refs}
        return (await connection.execute(_ACCOUNT, given)).first()

    async def _attach(
        self,
        connection: AsyncConnection,
        platform: str,
        external_id: str,
        user: str,
        *,
        before: Row[Any] | None,
    ) -> None:
        """Write the account, under the active index key, in the place of the row ``before``.

        Without one nothing is deleted: what another message wrote meanwhile must collide.
        """
        if before is not None:
            await self._detach(connection, platform, external_id)
        key_id, ref = next(iter(self._refs(platform, external_id).items()))
        row = {"platform": plain(platform), "ref": ref, "key_id": key_id, "user_id": user}
        await connection.execute(insert(accounts).values(row | {"linked_at": _now()}))

    async def _detach(self, connection: AsyncConnection, platform: str, external_id: str) -> None:
        refs = self._refs(platform, external_id).values()
        await connection.execute(
            delete(accounts).where(accounts.c.platform == plain(platform), accounts.c.ref.in_(refs))
        )

    # --- profile and consents

    async def profile(self, user: UserId) -> Profile:
        """What the person told; a blank profile for somebody we do not know."""

        async def work(connection: AsyncConnection) -> Profile:
            cipher = await self._reader(connection, user)
            if cipher is None:
                return Profile(user=user)
            return await self._profile(connection, cipher)

        return await self._db.read(work)

    async def _profile(self, connection: AsyncConnection, cipher: PersonCipher) -> Profile:
        sealed = await connection.scalar(_PROFILE, {"user": cipher.user})
        body = None if sealed is None else cipher.open(sealed, "profiles", cipher.user)
        given = await self._consents(connection, cipher.user)
        holding = frozenset(c.purpose for c in given if c.withdrawn_at is None)
        return profile_of(UserId(cipher.user), body, holding)

    async def save_profile(self, profile: Profile) -> None:
        """Replace the profile; consents that came or went are recorded with their time."""

        await self._db.write(lambda c: self._save_profile(c, profile))

    async def _save_profile(self, connection: AsyncConnection, profile: Profile) -> None:
        cipher = await self._ensured(connection, profile.user)
        sealed = cipher.seal(profile_body(profile), "profiles", cipher.user)
        row = {"updated_at": _now(), "body": sealed}
        done = await connection.execute(
            update(profiles).where(profiles.c.user_id == cipher.user).values(row)
        )
        if done.rowcount == 0:
            await connection.execute(insert(profiles).values(row | {"user_id": cipher.user}))
        await self._save_consents(connection, cipher.user, profile.consents)

    async def consents(self, user: UserId) -> list[Consent]:
        """Every consent ever given, oldest first, also those withdrawn since."""
        return await self._db.read(lambda c: self._consents(c, plain(user)))

    async def _consents(self, connection: AsyncConnection, user: str) -> list[Consent]:
        found = await connection.execute(_CONSENTS, {"user": user})
        return [Consent(**row) for row in found.mappings()]

    async def _save_consents(
        self, connection: AsyncConnection, user: str, wanted: frozenset[str]
    ) -> None:
        wanted = frozenset(map(plain, wanted))
        known = await self._consents(connection, user)
        holding = {c.purpose for c in known if c.withdrawn_at is None}
        for purpose in sorted(holding - wanted):
            await connection.execute(
                update(consents)
                .where(consents.c.user_id == user, consents.c.purpose == purpose)
                .where(consents.c.withdrawn_at.is_(None))
                .values(withdrawn_at=_now())
            )
        for purpose in sorted(wanted - holding):
            row = {"id": new_id(), "user_id": user, "purpose": purpose, "given_at": _now()}
            await connection.execute(
                insert(consents).values(row | {"wording": plain(self._wording)})
            )


def _now() -> datetime:
    return datetime.now(UTC)
