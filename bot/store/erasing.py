"""Erasing whole people: first their keys, then every row they own."""

from __future__ import annotations

import logging
from collections.abc import Collection

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store.challenge_tables import challenge_members, challenge_ticks, challenges
from bot.store.crypto import KEY_BYTES, seal
from bot.store.database import Database
from bot.store.tables import (
    accounts,
    addresses,
    consents,
    curators,
    link_codes,
    observations,
    profiles,
    turns,
    users,
    votes,
)
from bot.store.tuning_tables import lesson_reviews

OWNED = (
    challenge_ticks,
    challenge_members,
    lesson_reviews,
    votes,
    turns,
    observations,
    consents,
    profiles,
    accounts,
    addresses,
    link_codes,
    curators,
)
_log = logging.getLogger(__name__)


async def erase(connection: AsyncConnection, gone: Collection[str]) -> None:
    """Overwrite the data keys, then delete every row of these people."""
    for user in gone:
        noise = seal(bytes(KEY_BYTES), bytes(KEY_BYTES), "users", "wrapped", user)
        await connection.execute(update(users).where(users.c.id == user).values(wrapped=noise))
        orphaned = update(challenges).where(challenges.c.starter_id == user)
        await connection.execute(orphaned.values(starter_id=None))
        for table in OWNED:
            await connection.execute(delete(table).where(table.c.user_id == user))
        await connection.execute(delete(users).where(users.c.id == user))


async def scrub(database: Database) -> None:
    """Overwrite the traces of erased rows, if nobody is in the way."""
    try:
        await database.scrub(table.name for table in (*OWNED, users))
    except StoreError:  # the rows are gone; only their traces wait for the next checkpoint
        _log.warning("erased rows will be overwritten later: the database was busy")
