"""Every revision up, down and up again on data, by two processes at once, on both databases."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.errors import StoreError
from bot.model import Feedback, Profile, UserId
from bot.store import KeyRing
from bot.store.database import connect
from bot.store.migrate import HEAD, config, downgrade, upgrade
from bot.store.sql import SqlStore
from bot.store.tables import metadata
from tests.store.conftest import OpenStore
from tests.store.samples import NOON, turn, weight
from tests.store.test_contract import fill

BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
REVISIONS = [f"{number:04}" for number in range(1, 11)]


async def looked(url: str, look: Callable[[Connection], object]) -> object:
    """What ``look`` finds on a plain connection."""
    database = connect(url, wait_s=5)
    found = await database.read(lambda c: c.run_sync(look))
    await database.close()
    return found


def tables(connection: Connection) -> set[str]:
    """The names of our tables."""
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_head_is_the_newest_revision() -> None:
    """The shortcut at the start looks for the revision that really is the last."""
    scripts = ScriptDirectory.from_config(config())
    assert scripts.get_current_head() == HEAD
    assert [r.revision for r in scripts.walk_revisions()][::-1] == REVISIONS


@BOTH
async def test_revisions_build_the_tables_of_the_code(url: str) -> None:
    """What the revisions make and what the code expects do not differ."""

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await looked(url, differences) == []


@BOTH
@pytest.mark.parametrize("revision", ["base", *REVISIONS[:-1]])
async def test_down_and_up_again_on_data(url: str, open_store: OpenStore, revision: str) -> None:
    """Going back drops only what came later; what stays still opens after going forward."""
    store = await open_store()
    ann = await store.user_for("telegram", "1")
    said = await fill(store, ann, "here")
    remarked = turn(ann)
    await store.add_turn(remarked)
    remark = Feedback(turn=remarked.id, user=ann, vote=None, at=NOON, reason="words alone")
    await store.vote(remark)
    await store.user_for("discord", "9")
    await store.offer_link(ann, "CODE", now=NOON)
    await store.join("CODE", platform="discord", account="9", now=NOON)
    await store.join("CODE", platform="discord", account="10", now=NOON)
    await store.close()
    await downgrade(url, revision)
    left = await looked(url, tables)
    assert isinstance(left, set)
    since = {"users": "0001", "observations": "0002", "turns": "0003", "inbox": "0004"}
    for table, made in since.items():
        assert (table in left) == (revision != "base" and revision >= made)
    later = {
        "link_codes": "0005",
        "adapters": "0006",
        "curators": "0007",
        "addresses": "0009",
        "challenges": "0010",
    }
    for table, made in later.items():
        assert (table in left) == (revision != "base" and revision >= made)
    await upgrade(url)
    assert await looked(url, tables) == set(metadata.tables)
    again = await open_store()
    if revision != "base":
        assert (await again.profile(ann)).facts == {"here": "here"}
        assert await again.user_for("telegram", "1") == ann
        assert await again.user_for("discord", "9") == ann
    has = revision if revision != "base" else ""
    assert len(await again.observations(ann)) == (has >= "0002")
    assert [v.turn for v in await again.votes()] == [said] * (has >= "0003")
    exported: Any = await again.export(ann)
    assert len(exported["votes"]) == (has >= "0003") + (has >= "0005")  # before, no remarks
    await again.add_turn(turn(UserId("bob")))


@BOTH
async def test_step_by_step_up(url: str, keys: KeyRing) -> None:
    """From nothing, one revision at a time, then open."""
    await downgrade(url, "base")
    for revision in REVISIONS:
        await upgrade(url, revision)
    store = await SqlStore.open(url, keys=keys)
    await store.save_profile(Profile(user=UserId("ann")))
    await store.close()


@BOTH
async def test_open_brings_an_old_database_up(url: str, open_store: OpenStore) -> None:
    """An old database is migrated by opening it, without a word to anybody."""
    await downgrade(url, "0001")
    store = await open_store()
    assert len(await store.add_observations(UserId("ann"), [weight()])) == 1


@BOTH
async def test_stores_that_open_together_migrate_once(url: str, open_store: OpenStore) -> None:
    """Five starts at once on an empty database: all work."""
    await downgrade(url, "base")
    stores = await asyncio.gather(*(open_store() for _ in range(5)))
    for store in stores:
        await store.add_turn(turn(UserId("ann")))


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    """Two real processes on one new folder: one key, one schema, no error."""
    code = """
import asyncio, sys
from pathlib import Path
from typing import Any
from bot.store import KeyRing, open_store

async def main():
    folder = Path(sys.argv[1])
    keys = KeyRing.load_or_create(folder / "keys" / "salus.key")
    store = await open_store(f"sqlite:///{folder}/salus.db", keys=keys)
    print(await store.user_for("console", "ann"))
    await store.close()

asyncio.run(main())
"""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "data")]
    started = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    found = [process.communicate(timeout=60) for process in started]
    assert [err for _, err in found] == [b""] * 2
    assert len({out for out, _ in found}) == 1


@BOTH
async def test_database_of_a_newer_salus(url: str, open_store: OpenStore) -> None:
    """A database from the future is refused rather than changed."""
    database = connect(url, wait_s=5)
    newer = "UPDATE alembic_version SET version_num = '9999'"
    await database.write(lambda c: c.exec_driver_sql(newer))
    await database.close()
    with pytest.raises(StoreError):
        await open_store()
