"""Opens the knowledge database and brings its schema up to date.

SQLite in WAL mode with a busy timeout, or PostgreSQL through psycopg. Alembic is imported
only when there is something to migrate: it costs half a second.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from rag.types import KnowledgeStoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

HEAD = "k0004"  # the newest revision in migrations/versions
BUSY_MS = 15_000
_SYNC = {"sqlite+aiosqlite": "sqlite", "postgresql+asyncpg": "postgresql+psycopg",
         "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}  # fmt: skip


def connect(url: str) -> Engine:
    """An engine for the address; asynchronous drivers are swapped for their sync twins.

    Raises KnowledgeStoreError for an address that is none.
    """
    try:
        address = make_url(url)
        address = address.set(drivername=_SYNC.get(address.drivername, address.drivername))
        engine = create_engine(address, pool_pre_ping=address.get_backend_name() != "sqlite")
    except (SQLAlchemyError, ImportError) as error:
        raise KnowledgeStoreError(f"knowledge database address unusable: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas)
    return engine


def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-4000")
    cursor.close()


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the database raises into KnowledgeStoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        detail = str(getattr(error, "orig", None) or error)
        raise KnowledgeStoreError(f"knowledge database: {detail}") from error


def current(connection: Connection) -> str | None:
    """The schema revision the database is at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version_knowledge"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version_knowledge"))
    return found.scalar()


def upgrade(engine: Engine, target: str = "head") -> None:
    """Run the migrations that are missing. The caller holds the build lock."""
    with store_errors():
        with engine.connect() as connection:
            if target == "head" and current(connection) == HEAD:
                return
        from alembic import command

        with engine.begin() as connection:
            command.upgrade(_config(connection), target)


def downgrade(engine: Engine, target: str) -> None:
    """Take migrations back, down to ``target`` (``base`` for all)."""
    from alembic import command

    with store_errors(), engine.begin() as connection:
        command.downgrade(_config(connection), target)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
