"""The connections to a PostgreSQL server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Served:
    """As inline.Lite, but everything waits for a server."""

    at_hand = False

    def __init__(self, engine: AsyncEngine) -> None:
        """Nothing is opened yet."""
        self._engine = engine

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction."""
        async with self._engine.begin() as connection:
            yield connection

    writing = reading

    async def vacuum(self, tables: Iterable[str]) -> None:
        """Overwrite what was deleted from ``tables``."""
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
