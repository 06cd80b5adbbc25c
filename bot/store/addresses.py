"""Where a linked account is written to in private, so that its person can be told of the others.

Kept for accounts that made or entered a linking code, and for nobody else: one sealed row for
each, by keyed HMAC of the account.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ids import new_id
from bot.model import Address, Lang, Platform, UserId
from bot.store.codec import plain
from bot.store.crypto import PersonCipher
from bot.store.records import RecordStore
from bot.store.tables import addresses


class AddressStore(RecordStore):
    """See the module."""

    async def keep_address(self, user: UserId, address: Address) -> None:
        """Note where ``user``'s account is written to; what was noted for it before goes."""

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._ensured(connection, user)
            platform, account = address.platform, address.account
            await self._drop_address(connection, platform, account)
            id_ = new_id()
            body = {
                "account": account, "chat": address.chat, "office": address.office,
                "lang": address.lang,
            }  # fmt: skip
            row = {"id": id_, "user_id": cipher.user, "platform": plain(platform)}
            ref = self._address_refs(platform, account)[0]
            sealed = cipher.seal(body, "addresses", id_)
            await connection.execute(insert(addresses).values(row | {"ref": ref, "body": sealed}))

        await self._db.write(work)

    async def addresses(self, user: UserId) -> list[Address]:
        """Of the person's accounts, the one noted first first."""
        query = select(addresses).where(addresses.c.user_id == plain(user)).order_by(addresses.c.id)

        async def work(connection: AsyncConnection) -> list[Address]:
            cipher = await self._cipher(connection, user)
            if cipher is None:
                return []
            return [_address(cipher, row) for row in await connection.execute(query)]

        return await self._db.read(work)

    async def _drop_address(self, connection: AsyncConnection, platform: str, account: str) -> None:
        refs = self._address_refs(platform, account)
        a = addresses.c
        gone = delete(addresses).where(a.platform == plain(platform), a.ref.in_(refs))
        await connection.execute(gone)

    def _address_refs(self, platform: str, account: str) -> list[str]:
        return list(self._keys.references("address", plain(platform), plain(account)).values())


def _address(cipher: PersonCipher, row: Row[tuple[object, ...]]) -> Address:
    body = cipher.open(row.body, "addresses", row.id)
    return Address(
        platform=cast("Platform", row.platform),
        account=str(body["account"]),
        chat=str(body["chat"]),
        office=str(body["office"]),
        lang=cast("Lang", body["lang"]),
    )
