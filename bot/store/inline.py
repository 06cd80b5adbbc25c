"""SQLite without a thread hop for every statement: only what may wait leaves the event loop.

A statement on a local file takes some ten microseconds; handing it to a thread and back takes ten
times as long. So statements run where they are asked for, on SQLAlchemy's plain connections. What
may wait for a disk or for another process runs in threads of the database's own: taking the
writer's lock, committing what was written, emptying the log, opening and closing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
BEGIN = "salus_begin"  # execution option: how SQLite begins; writers take the lock at once
_THREADS = 2  # one for the writer, of whom there is one at a time, and one to open and close


class Cursor(sqlite3.Cursor):
    """Fetches everything at once, so that a result outlives its transaction."""

    _rows: deque[Any]

    def execute(self, statement: str, given: Any = (), /) -> Cursor:  # noqa: ANN401
        """Run one statement."""
        super().execute(statement, given)
        self._rows = deque(super().fetchall()) if self.description else deque()
        return self

    def executemany(self, statement: str, given: Any, /) -> Cursor:  # noqa: ANN401
        """Run one statement for each row."""
        super().executemany(statement, given)
        self._rows = deque()
        return self

    def fetchone(self) -> Any:  # noqa: ANN401
        """The next row, if there is one."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows."""
        most = min(size or self.arraysize, len(self._rows))
        return [self._rows.popleft() for _ in range(most)]

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        rows, self._rows = list(self._rows), deque()
        return rows


class File(sqlite3.Connection):
    """One connection to the file."""

    def cursor(self, factory: Any = Cursor) -> Any:  # noqa: ANN401
        """A cursor that holds its rows."""
        return super().cursor(factory)


def opener(path: str, *, uri: bool, wait_s: float) -> Callable[[], sqlite3.Connection]:
    """Opens connections to one file. ``wait_s``: patience with other processes."""

    def opened() -> sqlite3.Connection:
        return sqlite3.connect(
            path,
            timeout=wait_s,
            uri=uri,
            isolation_level=None,  # BEGIN is ours
            check_same_thread=False,  # one task at a time, here or in a thread
            factory=File,
        )

    return opened


class Inline:
    """What our rooms ask of an AsyncConnection, over a plain one. Nothing here waits."""

    def __init__(self, plain: Connection) -> None:
        """For the length of one transaction."""
        self._plain = plain
        self.dialect = plain.dialect

    async def execute(self, statement: Any, given: Any = None) -> Any:  # noqa: ANN401
        """Run one statement, for each row if several are ``given``."""
        return self._plain.execute(statement, given)

    async def scalar(self, statement: Any, given: Any = None) -> Any:  # noqa: ANN401
        """The first column of the first row."""
        return self._plain.scalar(statement, given)

    async def scalars(self, statement: Any, given: Any = None) -> Any:  # noqa: ANN401
        """The first column of each row."""
        return self._plain.scalars(statement, given)

    async def exec_driver_sql(self, statement: str) -> Any:  # noqa: ANN401
        """Run SQL as it stands."""
        return self._plain.exec_driver_sql(statement)

    async def run_sync(self, work: Callable[..., T], *given: Any) -> T:  # noqa: ANN401
        """Have something work on the plain connection."""
        return work(self._plain, *given)


class Lite:
    """The connections to one SQLite file."""

    def __init__(self, engine: Engine) -> None:
        """The engine's pool opens what it needs; nothing is opened yet."""
        self._engine = engine
        self._threads: ThreadPoolExecutor | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read transaction: one consistent picture, and no hop at all."""
        connection = await self._connected()
        try:
            with connection.begin():
                yield cast("AsyncConnection", Inline(connection))
        finally:
            connection.close()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction under the writer's lock, durable at its end."""
        connection = await self._connected()
        try:
            connection.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
            transaction = await self._apart(connection.begin)
            try:
                yield cast("AsyncConnection", Inline(connection))
            except BaseException:
                transaction.rollback()
                raise
            await self._apart(transaction.commit)
        finally:
            connection.close()

    async def emptied(self) -> bool:
        """Write the log back and empty it; False while others read."""
        connection = await self._connected()
        try:
            connection.execution_options(**{BEGIN: ""})  # not inside a transaction
            ask = "PRAGMA wal_checkpoint(TRUNCATE)"
            found = await self._apart(lambda: connection.exec_driver_sql(ask).scalar_one())
            return bool(found == 0)
        finally:
            connection.close()

    async def close(self) -> None:
        """Close every connection; the last one of a file writes its log back."""
        await self._apart(self._engine.dispose)
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    @property
    def at_hand(self) -> bool:
        """Whether a read runs at once, without waiting for a connection to be opened."""
        return bool(self._engine.pool.checkedin())  # type: ignore[attr-defined]  # a QueuePool

    async def _connected(self) -> Connection:
        if self.at_hand:
            return self._engine.connect()
        return await self._apart(self._engine.connect)

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="salus-sqlite")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
