"""SQLite without a thread hop for every statement: only what may wait leaves the event loop.

A statement on a local file takes some ten microseconds; handing it to a thread and back takes ten
times as long, and a driver does it four times for each. So statements run where they are asked
for. What may wait for a disk or for another process runs in threads of the database's own:
taking the writer's lock, committing what was written, pragmas, opening and closing.

This is the driver connection that SQLAlchemy's aiosqlite dialect works with.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_WRITES = "BEGIN IMMEDIATE"
_WAITS = (_WRITES, "PRAGMA")
_THREADS = 2  # one for the writer, of whom there is one at a time, and one to open and close


class Opener:
    """Opens connections to one file; they share the threads for what waits."""

    def __init__(self, path: str, *, uri: bool, wait_s: float) -> None:
        """``uri``: the path is an SQLite URI. ``wait_s``: patience with other processes."""
        self._path = path
        self._uri = uri
        self._wait_s = wait_s
        self._thread = ThreadPoolExecutor(_THREADS, thread_name_prefix="salus-sqlite")

    async def __call__(self) -> InlineConnection:
        """A new connection. Raises sqlite3.Error."""
        opened = await asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        return InlineConnection(opened, self._thread)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path,
            timeout=self._wait_s,
            uri=self._uri,
            isolation_level=None,  # BEGIN is ours
            check_same_thread=False,  # one task at a time, here or in the thread
        )

    def close(self) -> None:
        """End the threads; every connection is closed by now."""
        self._thread.shutdown(wait=False)


class InlineConnection:
    """One connection; used by one task at a time, as the pool hands it out."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        """Made by an Opener."""
        self._connection: sqlite3.Connection | None = connection
        self._thread = thread
        self._writing = False

    @property
    def _conn(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    def cursor(self) -> InlineCursor:
        """A cursor of the dialect's protocol."""
        return InlineCursor(self, self._conn.cursor())

    async def run(self, work: Callable[[], T], statement: str = _WAITS[-1]) -> T:
        """Do ``work`` here, or in the thread when its ``statement`` may wait."""
        if not statement.startswith(_WAITS):
            return work()
        self._writing = self._writing or statement.startswith(_WRITES)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def commit(self) -> None:
        """Durable when it returns; a mere look costs no hop."""
        if not self._writing:
            self._conn.commit()
            return
        self._writing = False
        await self.run(self._conn.commit)

    async def rollback(self) -> None:
        """Nothing of the transaction remains."""
        self._writing = False
        self._conn.rollback()

    async def create_function(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        """As sqlite3's own."""
        self._conn.create_function(*args, **options)

    async def close(self) -> None:
        """Give the file up; the last one to do so writes the log back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self.run(connection.close)

    def stop(self) -> None:
        """Close at once, for a connection that nobody can wait for."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class InlineCursor:
    """What SQLAlchemy asks of an asynchronous cursor, over sqlite3's."""

    def __init__(self, connection: InlineConnection, cursor: sqlite3.Cursor) -> None:
        """Made by ``InlineConnection.cursor``."""
        self._owner = connection
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # description, rowcount, lastrowid
        """Everything that does not wait is sqlite3's own."""
        return getattr(self._cursor, name)

    async def __aenter__(self) -> InlineCursor:
        """Nothing to wait for."""
        return self

    async def execute(self, statement: str, given: Sequence[Any] = ()) -> None:
        """Run one statement."""
        await self._owner.run(lambda: self._cursor.execute(statement, given), statement)

    async def executemany(self, statement: str, given: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row."""
        await self._owner.run(lambda: self._cursor.executemany(statement, given), statement)

    async def fetchone(self) -> Any:  # noqa: ANN401
        """The next row, if there is one."""
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """The next rows."""
        return self._cursor.fetchmany(size or self._cursor.arraysize)

    async def fetchall(self) -> Sequence[Any]:
        """The rows that are left."""
        return self._cursor.fetchall()

    async def close(self) -> None:
        """Give the statement back."""
        self._cursor.close()
