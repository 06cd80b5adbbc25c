"""Brings the tables to a revision: alembic, run in code, without an ini file.

Two processes that start together take turns: on SQLite by the write lock, on PostgreSQL by an
advisory lock; the second finds the work done. Each migration is one transaction.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store import delivery_tables as _delivery_tables  # noqa: F401  # part of the schema
from bot.store import tuning_tables as _tuning_tables  # noqa: F401  # as well
from bot.store.database import Database, connect

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0010"  # a test holds this to the newest revision; it spares most starts alembic's import
MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x5A1_05  # PostgreSQL advisory lock of Salus migrations
_LOCK_WAIT_MS = "60000"


async def upgrade(url: str, revision: str = "head", *, wait_s: float = 5.0) -> None:
    """Bring the database at ``url`` up to ``revision``; a StoreError if it cannot be."""
    await _at(url, revision, wait_s, down=False)


async def downgrade(url: str, revision: str, *, wait_s: float = 5.0) -> None:
    """Take the database back to ``revision`` (``base``: before the first); data go with tables."""
    await _at(url, revision, wait_s, down=True)


async def _at(url: str, revision: str, wait_s: float, *, down: bool) -> None:
    database = connect(url, wait_s=wait_s)
    try:
        await _move(database, revision, down=down)
    finally:
        await database.close()


async def ensure_head(database: Database) -> None:
    """Upgrade an open database, if it is not up to date already."""
    if await database.read(lambda connection: connection.run_sync(_current)) != HEAD:
        await _move(database, "head", down=False)


async def _move(database: Database, revision: str, *, down: bool) -> None:
    async def work(connection: AsyncConnection) -> None:
        await _take_turn(connection)
        await connection.run_sync(_run, revision, down)

    await database.write(work)


async def _take_turn(connection: AsyncConnection) -> None:
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.set_config("lock_timeout", _LOCK_WAIT_MS, True)))
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _run(connection: Connection, revision: str, down: bool) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        (command.downgrade if down else command.upgrade)(config(connection), revision)
    except CommandError as error:  # e.g. made by a newer Salus: an unknown revision
        raise StoreError("the database does not fit this version of Salus") from error


def config(connection: Connection | None = None) -> Config:
    """alembic's configuration, with the connection that env.py will use."""
    from alembic.config import Config

    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made
