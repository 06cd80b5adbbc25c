"""What a database really does: locks, folders that cannot be written, many writers, two starts."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import (
    NotFoundError,
    SettingsError,
    StoreError,
    StoreLockedError,
    StoreReadOnlyError,
)
from bot.i18n import LANGS, t
from bot.model import Feedback, UserId
from bot.store import KeyRing
from bot.store import open_store as open_by_name
from bot.store.database import connect
from bot.store.sql import SqlStore
from tests.store.conftest import OpenStore
from tests.store.samples import NOON, turn, weight

BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
NOBODY = 65534


# --- locks


async def test_locked_database_waits_then_says_so(open_store: OpenStore, db_file: Path) -> None:
    """While another program writes we wait as long as told and then name the lock."""
    store = await open_store(wait_s=0.2)
    other = sqlite3.connect(db_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(StoreLockedError):
        await store.add_turn(turn(UserId("ann")))
    assert 0.15 <= clock() - began < 2
    assert await store.observations(UserId("ann")) == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    await store.add_turn(turn(UserId("ann")))


async def test_others_go_on_while_a_writer_waits(open_store: OpenStore, db_file: Path) -> None:
    """Statements run inline, but waiting for another program's lock does not stop the loop."""
    store = await open_store(wait_s=1.0)
    other = sqlite3.connect(db_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.add_turn(turn(UserId("ann"))))
    looks = 0
    while not waiting.done():
        assert await store.observations(UserId("ann")) == []
        looks += 1
        await asyncio.sleep(0.01)
    other.execute("ROLLBACK")
    other.close()
    with pytest.raises(StoreLockedError):
        await waiting
    assert looks > 2


async def test_short_lock_is_waited_out(open_store: OpenStore, db_file: Path) -> None:
    """A lock that ends in time is never noticed."""
    store = await open_store()
    other = sqlite3.connect(db_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    adding = asyncio.create_task(store.add_observations(UserId("ann"), [weight()]))
    await asyncio.sleep(0.3)
    assert not adding.done()
    other.execute("ROLLBACK")
    other.close()
    assert len(await adding) == 1


async def test_queue_in_one_process_has_an_end_too(open_store: OpenStore, db_file: Path) -> None:
    """Writers that queue behind a writer that waits get the same word, not a hang."""
    store = await open_store(wait_s=0.2)
    other = sqlite3.connect(db_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = await asyncio.gather(
        *(store.add_turn(turn(UserId("ann"))) for _ in range(4)), return_exceptions=True
    )
    assert {type(error) for error in found} == {StoreLockedError}
    other.execute("ROLLBACK")
    other.close()


async def test_our_own_queue_sends_nobody_away(open_store: OpenStore) -> None:
    """Writers behind a slow one of ours wait longer than for a foreign lock, in their order."""
    store = await open_store(wait_s=0.1)
    order: list[str] = []

    async def slowly(name: str) -> None:
        await asyncio.sleep(0.05)
        order.append(name)

    async def write(name: str, *, first: bool = False) -> None:
        await store._db.write(lambda _: slowly(name), first=first)

    names = [f"w{n}" for n in range(6)]
    await asyncio.gather(*map(write, names), write("lease", first=True))
    assert order == ["w0", "lease", *names[1:]]


async def test_locked_postgresql_waits_then_says_so(postgres_url: str, keys: KeyRing) -> None:
    """A table held by somebody else's transaction is named as a lock as well."""
    import psycopg

    store = await SqlStore.open(postgres_url, keys=keys, wait_s=0.2)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreLockedError):
            await store.add_turn(turn(UserId("ann")))
    await store.add_turn(turn(UserId("ann")))
    await store.close()


@BOTH
async def test_eight_writers_never_see_a_lock(open_store: OpenStore) -> None:
    """Eight conversations of fifty turns at once: all are kept, none hears of a lock."""
    store = await open_store()

    async def talk(user: UserId) -> None:
        for _ in range(50):
            await store.add_turn(turn(user))

    users = [UserId(f"user{n}") for n in range(8)]
    await asyncio.gather(*map(talk, users))
    for user in users:
        here = await store.history(user, platform="telegram", chat="4711", limit=99)
        assert len(here) == 50


async def test_two_stores_on_one_file_write_side_by_side(open_store: OpenStore) -> None:
    """Two processes' worth of connections share the file without a lost write."""
    stores = [await open_store(), await open_store()]

    async def log(store: SqlStore) -> None:
        for _ in range(25):
            await store.add_observations(UserId("ann"), [weight()])

    await asyncio.gather(*map(log, stores))
    assert len(await stores[0].observations(UserId("ann"))) == 50


@BOTH
async def test_votes_at_once_leave_one(open_store: OpenStore) -> None:
    """Ten quick taps on the buttons are one vote."""
    store = await open_store()
    said = turn(UserId("ann"))
    await store.add_turn(said)
    votes = [Feedback(turn=said.id, user=said.user, vote="up", at=NOON) for _ in range(10)]
    await asyncio.gather(*map(store.vote, votes))
    assert await store.votes() == votes[:1]


@BOTH
async def test_forgetting_while_writing_keeps_nothing(open_store: OpenStore) -> None:
    """A turn that was under way when its person asked to be forgotten is not kept."""
    store = await open_store()
    ann = await store.user_for("console", "ann")

    async def talk() -> None:
        while True:
            await store.add_turn(turn(ann))

    talking = [asyncio.create_task(talk()) for _ in range(4)]
    await asyncio.sleep(0.1)
    await store.forget(ann)
    for found in await asyncio.gather(*talking, return_exceptions=True):
        assert isinstance(found, NotFoundError)
    assert (await store.export(ann))["conversations"] == []


@BOTH
async def test_cancelled_write_leaves_the_store_usable(open_store: OpenStore) -> None:
    """Work that is cancelled midway leaves no lock and no half of a batch behind."""
    store = await open_store()
    for delay in (0.0, 0.001, 0.003, 0.006):
        task = asyncio.create_task(store.add_observations(UserId("ann"), [weight()] * 20))
        await asyncio.sleep(delay)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await store.add_observations(UserId("ann"), [weight()] * 20)
    assert len(await store.observations(UserId("ann"))) % 20 == 0


# --- folders and files


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder this process may read but not write, even when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="salus-closed-"))
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


async def test_folder_that_cannot_be_written(closed_folder: Path) -> None:
    """No database in a closed folder: said at the start, as what it is."""
    for path in (closed_folder / "salus.db", closed_folder / "deeper" / "salus.db"):
        with pytest.raises(StoreReadOnlyError):
            await SqlStore.open(f"sqlite:///{path}", keys=KeyRing.generate())


async def test_keys_that_cannot_be_written(closed_folder: Path) -> None:
    """No key file in a closed folder either."""
    with pytest.raises(StoreReadOnlyError):
        KeyRing.load_or_create(closed_folder / "salus.key")
    with pytest.raises(StoreReadOnlyError):
        KeyRing.generate(closed_folder / "salus.key").save()


async def test_read_only_database_reads_and_refuses_to_write(
    open_store: OpenStore, db_file: Path
) -> None:
    """A database opened read-only still answers; a write is refused by its name."""
    store = await open_store()
    said = turn(UserId("ann"))
    await store.add_turn(said)
    closed = await open_store(f"sqlite:///file:{db_file}?mode=ro&uri=true")
    assert await closed.turn(said.user, said.id) == said
    for write in (closed.add_turn(turn(said.user)), closed.forget(said.user)):
        with pytest.raises(StoreReadOnlyError):
            await write


async def test_read_only_postgresql(postgres_url: str, keys: KeyRing) -> None:
    """A standby server that takes no writes is read-only too."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = await SqlStore.open(postgres_url, keys=keys)
    with pytest.raises(StoreReadOnlyError):
        await store.add_turn(turn(UserId("ann")))
    await store.close()


async def test_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    """Folder, database, log and key are readable by nobody else."""
    keys = KeyRing.load_or_create(tmp_path / "data" / "keys" / "salus.key")
    store = await SqlStore.open(f"sqlite:///{tmp_path}/data/salus.db", keys=keys)
    await store.add_turn(turn(UserId("ann")))
    made = [p for p in (tmp_path / "data").rglob("*") if p.is_file()]
    assert {p.name for p in made} >= {"salus.db", "salus.db-wal", "salus.key"}
    assert {p.stat().st_mode & 0o077 for p in made} == {0}
    await store.close()


async def test_file_that_is_no_database(tmp_path: Path, keys: KeyRing) -> None:
    """A picture under the database's name is an error of the store, not a crash."""
    path = tmp_path / "salus.db"
    path.write_bytes(b"\x89PNG" * 4096)
    with pytest.raises(StoreError):
        await SqlStore.open(f"sqlite:///{path}", keys=keys)


async def test_damaged_database(open_store: OpenStore, db_file: Path) -> None:
    """Pages overwritten by a bad disk give an error of the store."""
    store = await open_store()
    for _ in range(20):
        await store.add_turn(turn(UserId("ann"), "x" * 4000))
    await store.close()
    with db_file.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(100_000))

    async def use() -> None:
        store = await open_store()
        await store.export(UserId("ann"))

    with pytest.raises(StoreError):
        await use()


@pytest.mark.parametrize(
    "url", ["mysql://a/b", "nonsense", "sqlite://", "sqlite:///:memory:", "redis://x"]
)
async def test_address_we_cannot_use(url: str, keys: KeyRing) -> None:
    """An address of another database, or of none, is a mistake in the settings."""
    with pytest.raises(SettingsError):
        await SqlStore.open(url, keys=keys)


async def test_server_that_is_not_there(keys: KeyRing, postgres_url: str) -> None:
    """No server, or no such database: an error of the store, soon."""
    nowhere = "postgresql://salus:wrong@127.0.0.1:9/salus?sslmode=disable"
    missing = postgres_url.replace("?", "x?")
    for url in (nowhere, missing):
        with pytest.raises(StoreError):
            await SqlStore.open(url, keys=keys)


async def test_postgres_address_as_hosts_write_it(postgres_url: str, keys: KeyRing) -> None:
    """The short form of the address that hosting services hand out works as well."""
    store = await SqlStore.open(postgres_url.replace("postgresql:", "postgres:"), keys=keys)
    await store.add_turn(turn(UserId("ann")))
    await store.close()


async def test_sqlite_is_set_up_for_safety(db_file: Path) -> None:
    """Write-ahead log, full syncs, foreign keys, erased pages overwritten, a bounded wait."""
    database = connect(f"sqlite:///{db_file}", wait_s=60)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5000,
    }
    for pragma, value in expected.items():
        found = await database.read(lambda c, p=pragma: c.exec_driver_sql(f"PRAGMA {p}"))  # type: ignore[misc]
        assert found.scalar_one() == value, pragma
    await database.close()


# --- the edges of the package


async def test_opening_by_the_packages_name(db_file: Path, keys: KeyRing) -> None:
    """The composition root needs only bot.store."""
    store = await open_by_name(f"sqlite:///{db_file}", keys=keys, consent_wording="9")
    assert await store.votes() == []
    await store.close()


def test_importing_the_package_loads_no_database_library() -> None:
    """Start-up pays for SQLAlchemy and the ciphers only when a store is opened."""
    heavy = ("sqlalchemy", "alembic", "cryptography", "asyncpg", "aiosqlite")
    code = f"import sys, bot.store; print([m for m in {heavy!r} if m in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_every_error_has_its_sentence() -> None:
    """Each error of the store has words in both languages, without names of machinery."""
    errors = (StoreError, StoreLockedError, StoreReadOnlyError, NotFoundError)
    for key in (*(e.key for e in errors), "error.store_key"):
        for lang in LANGS:
            assert "{" not in t(key, lang)
            assert "SQL" not in t(key, lang)
