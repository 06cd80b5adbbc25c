"""Connections, transactions and waiting; the one place where a driver's error gets our name.

SQLite: WAL, synchronous=FULL, foreign keys, secure_delete; statements run inline (see inline.py),
writers take the lock at BEGIN and queue inside this process (see queue.py), so only another
process can make them wait at the file. PostgreSQL: asyncpg with a lock timeout. Both wait
``wait_s`` seconds for others and then raise StoreLockedError.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import SettingsError, StoreError, StoreLockedError, StoreReadOnlyError
from bot.store.inline import BEGIN, Lite, opener
from bot.store.queue import Queue
from bot.store.served import Served

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_PG_LOCKED = {"55P03", "57014", "40P01", "40001"}  # lock, cancel, deadlock, serialization
_PG_READ_ONLY = "25006"


@dataclass(frozen=True, slots=True)
class _Joined:
    """The transaction that everything inside ``Database.together`` is part of."""

    database: Database
    connection: AsyncConnection
    scrub: set[str] = field(default_factory=set)  # tables to scrub when it is committed


_joined: ContextVar[_Joined | None] = ContextVar("salus_joined", default=None)


class Database:
    """One database and how to read and write it. Made by ``connect``, ended by ``close``."""

    def __init__(
        self, connections: Lite | Served, *, wait_s: float, errors: tuple[type[Exception], ...]
    ) -> None:
        """Keep the connections; ``errors``: what their driver may raise."""
        self._connections = connections
        self._errors = errors
        self._queue = Queue(wait_s)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of our own rather than a server."""
        return isinstance(self._connections, Lite)

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a read transaction: one consistent picture on SQLite."""
        if (joined := self._current()) is not None:
            return await work(joined.connection)
        if self._connections.at_hand:  # nothing in it waits, so nobody can cut it off midway
            return await self._read(work)
        return await _to_its_end(self._read(work))

    async def write(self, work: Work[T], *, first: bool = False) -> T:
        """Run ``work`` in a write transaction: all of it or nothing, durable when it returns.

        ``work`` runs once more if another writer was first with the same row. Inside
        ``together`` it is part of that transaction. ``first``: before the others of this
        process that wait, for what must not be late.
        """
        if (joined := self._current()) is not None:
            return await work(joined.connection)
        try:
            return await _to_its_end(self._write(work, first))
        except _TakenError:
            return await _to_its_end(self._write(work, first))

    async def together(self, several: Callable[[], Awaitable[T]]) -> T:
        """Make one write transaction of all reads and writes that ``several`` asks for.

        ``several`` runs once more if another writer was first with a row of it.
        """
        if self._current() is not None:
            return await several()
        scrub: set[str] = set()

        async def work(connection: AsyncConnection) -> T:
            token = _joined.set(_Joined(self, connection, scrub))
            try:
                return await several()
            finally:
                _joined.reset(token)

        result = await self.write(work)
        if scrub:
            with suppress(StoreError):  # the rows are gone; see SqlStore._scrub
                await self.scrub(scrub)
        return result

    def _current(self) -> _Joined | None:
        joined = _joined.get()
        return joined if joined is not None and joined.database is self else None

    async def _read(self, work: Work[T]) -> T:
        with self._named():
            async with self._connections.reading() as connection:
                return await work(connection)

    async def _write(self, work: Work[T], first: bool) -> T:
        async with self._turn(first=first):
            with self._named():  # inside: the queue hears of locks by our name
                async with self._connections.writing() as connection:
                    return await work(connection)

    @asynccontextmanager
    async def _turn(self, *, first: bool = False) -> AsyncIterator[None]:
        """This process's place in the queue of SQLite writers; servers queue by themselves."""
        if not self.is_sqlite:
            yield
            return
        async with self._queue.turn(first=first):
            yield

    async def scrub(self, tables: Iterable[str]) -> None:
        """Overwrite what was deleted: empty SQLite's log, vacuum ``tables`` on PostgreSQL.

        StoreLockedError if others read for longer than we wait; the log is then overwritten
        by later writes, and removed when the last connection closes. Inside ``together`` it
        waits for the commit.
        """
        if (joined := self._current()) is not None:
            joined.scrub.update(tables)
            return
        await _to_its_end(self._scrub(tables))

    async def _scrub(self, tables: Iterable[str]) -> None:
        async with self._turn():
            with self._named():
                if isinstance(self._connections, Served):
                    await self._connections.vacuum(tables)
                elif not await self._connections.emptied():
                    raise StoreLockedError("the log could not be emptied")

    async def close(self) -> None:
        """Close every connection."""
        await self._connections.close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise named(error) from error


async def _to_its_end(work: Coroutine[object, object, T]) -> T:
    """Await ``work`` and let it end even when the caller is cancelled.

    A driver that is cut off midway may keep its lock. Work is short and its waits are bounded,
    so a cancelled caller waits for it and is cancelled then.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # seen: nobody is left to hear it
        raise cancelled
    return task.result()


class _TakenError(StoreError):
    """A row of that key exists, or its owner is gone: worth a second look at the data."""


def named(error: Exception) -> StoreError:
    """Our name for a driver's error. The message holds no SQL and no values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = str(getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", "") or "")
    what = f"{type(cause).__name__} {code}".strip()
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or code in _PG_LOCKED:
        return StoreLockedError(what)
    if code.startswith("SQLITE_READONLY") or code == _PG_READ_ONLY:
        return StoreReadOnlyError(what)
    return _TakenError(what) if isinstance(error, IntegrityError) else StoreError(what)


# --- opening -----------------------------------------------------------------


def connect(url: str, *, wait_s: float) -> Database:
    """A Database for ``url``; nothing is opened yet except a missing SQLite file.

    Raises SettingsError for an address we cannot use, StoreReadOnlyError where the folder of
    a SQLite file cannot be written. ``wait_s`` is at most 5 seconds.
    """
    parsed = _parsed(url)
    wait_s = min(max(wait_s, 0.05), 5.0)
    if parsed.drivername == "sqlite+aiosqlite":
        return Database(_sqlite(parsed, wait_s), wait_s=wait_s, errors=_SQLITE_ERRORS)
    import asyncpg  # type: ignore[import-untyped]

    errors = (*_ERRORS, asyncpg.PostgresError, asyncpg.InterfaceError)
    return Database(Served(_postgres(parsed, wait_s)), wait_s=wait_s, errors=errors)


_ERRORS: tuple[type[Exception], ...] = (SQLAlchemyError, OSError)
_SQLITE_ERRORS = (*_ERRORS, sqlite3.Error)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError("the database address cannot be read") from error
    driver = DRIVERS.get(parsed.drivername)
    if driver is None:
        raise SettingsError("the database must be sqlite:// or postgresql://")
    if driver.startswith("sqlite") and parsed.database in {None, "", ":memory:"}:
        raise SettingsError("the SQLite database needs a file")
    return parsed.set(drivername=driver)


def _sqlite(url: URL, wait_s: float) -> Lite:
    if "uri" not in url.query:
        _prepare_file(Path(str(url.database)))
    url = url.set(drivername="sqlite+pysqlite")
    (path,), options = url.get_dialect()().create_connect_args(url)
    engine = create_engine(
        url,
        hide_parameters=True,
        creator=opener(path, uri=bool(options.get("uri")), wait_s=wait_s),
        poolclass=QueuePool,
        max_overflow=-1,  # nobody waits for a connection: that would stop the event loop
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return Lite(engine)


def _prepare_file(path: Path) -> None:
    """Make folder and file, readable by their owner only (WAL files take after the file)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreReadOnlyError("the data folder cannot be written") from error


def _on_connect(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get(BEGIN, "BEGIN")
    if begin:
        connection.exec_driver_sql(begin)


def _postgres(url: URL, wait_s: float) -> AsyncEngine:
    query = dict(url.query)
    if "sslmode" in query:  # libpq's word for what asyncpg calls ssl
        query["ssl"] = query.pop("sslmode")
    settings = {"lock_timeout": str(max(int(wait_s * 1000), 1)), "application_name": "salus"}
    return create_async_engine(
        url.set(query=query),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"server_settings": settings, "timeout": 10},
    )
