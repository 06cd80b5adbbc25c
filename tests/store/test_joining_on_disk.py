"""Joining in the database: what can be read, cut, waited for and restored."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError, StoreError, StoreLockedError
from bot.model import Joining
from bot.ports import LINK_TRIES_IN
from bot.store import PersonStore, new_id
from bot.store.database import connect
from bot.store.sql import SqlStore
from tests.store.conftest import OpenStore
from tests.store.linking import CODE, GUILD, OTHER, enter, joined
from tests.store.samples import NOON, later, turn
from tests.store.test_contract import fill
from tests.store.test_migrations import BOTH

# --- on disk


def raw(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the linking tables."""
    return {
        name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))]
        for name in ("link_codes", "link_tries", "tombstones", "users")
    }


async def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """The same on a connection of its own."""
    database = connect(url, wait_s=5)
    found = await database.read(lambda c: c.run_sync(raw))
    await database.close()
    return found


@BOTH
async def test_codes_and_accounts_are_kept_as_hashes(url: str, open_store: OpenStore) -> None:
    """Neither a code nor who tried it can be read from the database."""
    store = await open_store()
    ann = await store.user_for("telegram", "1")
    await store.offer_link(ann, CODE, now=NOON)
    await store.join(OTHER, platform="discord", account="4711", now=NOON)
    found = await rows(url)
    assert (len(found["link_codes"]), len(found["link_tries"])) == (1, 1)
    for secret in (CODE, OTHER, "4711", CODE.lower()):
        assert secret not in repr(found)


@BOTH
async def test_what_no_longer_counts_is_swept(url: str, open_store: OpenStore) -> None:
    """Old codes and tries do not pile up."""
    store = await open_store()
    ann = await store.user_for("telegram", "1")
    await store.offer_link(ann, CODE, now=NOON)
    await store.join(OTHER, platform="discord", account="9", now=NOON)
    await store.join(OTHER, platform="discord", account="9", now=NOON + LINK_TRIES_IN)
    found = await rows(url)
    assert (len(found["link_codes"]), len(found["link_tries"])) == (0, 1)


@BOTH
async def test_the_joiners_key_is_destroyed(url: str, open_store: OpenStore) -> None:
    """One key remains, and the grave says where the data went."""
    store = await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await fill(store, other, "canary")
    await joined(store, ann)
    found = await rows(url)
    assert [row[0] for row in found["users"]] == [ann]
    assert [(row[0], row[2]) for row in found["tombstones"]] == [(other, ann)]


@pytest.mark.parametrize("what", ["code used", "account moved", "joiner forgotten"])
async def test_what_changes_between_looking_and_holding(
    sql_store: SqlStore, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """On a server others may write until the people are held; what they did is seen then."""
    store = sql_store
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await store.offer_link(ann, CODE, now=NOON)
    statements = {
        "code used": "DELETE FROM link_codes",
        "account moved": f"UPDATE accounts SET user_id = '{ann}' WHERE platform = 'discord'",
        "joiner forgotten": "DELETE FROM accounts WHERE platform = 'discord'",
    }

    async def hold(connection: AsyncConnection, people: Collection[str]) -> None:
        assert set(people) == {ann, other}
        await connection.exec_driver_sql(statements[what])

    monkeypatch.setattr(store, "_hold", hold)
    if what == "code used":
        assert (await enter_only(store)).verdict == "refused"
        return
    with pytest.raises(StoreLockedError):
        await enter_only(store)
    assert await store.user_for("discord", "9") == other


class CutError(StoreError):
    """The power went."""


@BOTH
@pytest.mark.parametrize("at", ["turns", "observations", "consents", "erase"])
async def test_a_cut_in_the_middle_changes_nothing(
    url: str, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Whatever breaks while joining, both people are as before, and the code still works."""
    store = await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await fill(store, other, "canary")
    await store.offer_link(ann, CODE, now=NOON)
    before = (await store.export(other))["conversations"]

    async def cut(*_: object) -> None:
        raise CutError("cut")

    where = "bot.store.joining.erase" if at == "erase" else f"bot.store.joining.Merger.{at}"
    with monkeypatch.context() as patched:
        patched.setattr(where, cut)
        with pytest.raises(CutError):
            await enter(store)
    again = await open_store()
    assert await again.user_for("discord", "9") == other
    assert (await again.export(other))["conversations"] == before
    assert (await enter(again)).verdict == "joined"
    assert len(await again.observations(ann)) == 1


@BOTH
async def test_several_in_one_transaction(url: str, open_store: OpenStore) -> None:
    """Inside one transaction with other writes, joining is undone with them."""
    store = await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await store.offer_link(ann, CODE, now=NOON)

    async def several() -> None:
        await store.join(CODE, platform="discord", account="9", now=NOON)
        await store.add_turn(turn(ann, "joined", place=GUILD))
        raise CutError("cut")

    with pytest.raises(CutError):
        await store._db.together(several)
    assert await store.user_for("discord", "9") == other
    assert (await enter(store)).verdict == "joined"


def copy(old: Path, new: Path) -> Path:
    """The file of a closed database, where it may be opened again."""
    for leftover in new.parent.glob(f"{new.name}-*"):
        leftover.unlink()
    return Path(shutil.copy(old, new))


async def test_a_backup_from_before_joining(
    db_file: Path, open_store: OpenStore, tmp_path: Path
) -> None:
    """Restored, both people are there as they were; after "forget me" neither comes back."""
    store = await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await fill(store, other, "canary")
    await store.close()
    backup = copy(db_file, tmp_path / "backup")

    async def restored() -> SqlStore:
        path = tmp_path / new_id() / "salus.db"
        path.parent.mkdir()
        copy(backup, path)
        return await open_store(f"sqlite:///{path}")

    again = await open_store()
    await joined(again, ann)
    await again.close()
    before = await restored()
    assert await before.user_for("discord", "9") == other
    assert len(await before.observations(other)) == 1
    live = await open_store()
    await live.forget(ann)
    after = await restored()
    assert await after.observations(other) == []
    assert await after.user_for("discord", "9") not in {ann, other}
    reopened = await open_store()  # the graves of both are known here, and said only once
    assert {row[0] for row in (await rows(f"sqlite:///{db_file}"))["tombstones"]} == {ann, other}
    assert await reopened.observations(ann) == []


async def test_a_joined_person_who_is_on_the_list_of_the_forgotten(
    db_file: Path, open_store: OpenStore, tmp_path: Path
) -> None:
    """A backup between joining and forgetting has the grave already; it becomes a real one."""
    store = await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await joined(store, ann)
    await store.close()
    between = copy(db_file, tmp_path / "between")
    live = await open_store()
    await live.forget(ann)
    await live.close()
    copy(between, db_file)
    await (await open_store()).close()
    graves = (await rows(f"sqlite:///{db_file}"))["tombstones"]
    assert {(row[0], row[2]) for row in graves} == {(ann, None), (other, None)}


@BOTH
async def test_writers_of_the_joiner_wait_and_are_told(url: str, open_store: OpenStore) -> None:
    """Turns written while joining are moved or refused, never lost without a word."""
    store, second = await open_store(), await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    await store.offer_link(ann, CODE, now=NOON)

    async def write(number: int) -> int:
        await asyncio.sleep(number / 500)
        try:
            await second.add_turn(turn(other, str(number), place=GUILD, at=later(number)))
        except NotFoundError:
            return 0
        return 1

    *written, done = await asyncio.gather(*(write(n) for n in range(24)), enter_only(store))
    assert done.verdict == "joined"
    moved = await store.history(ann, platform="discord", chat="9", limit=99)
    assert len(moved) == sum(written)


async def enter_only(store: PersonStore) -> Joining:
    """Join a little later."""
    await asyncio.sleep(0.02)
    return await store.join(CODE, platform="discord", account="9", now=NOON)


@BOTH
async def test_a_long_history_moves_in_time(url: str, open_store: OpenStore) -> None:
    """Two thousand turns move within the time that others wait for the database."""
    store = await open_store()
    ann, other = await store.user_for("telegram", "1"), await store.user_for("discord", "9")

    async def several() -> None:
        for number in range(2000):
            await store.add_turn(turn(other, str(number), place=GUILD, at=later(number)))

    await store._db.together(several)
    async with asyncio.timeout(5):
        await joined(store, ann)
    assert len(await store.history(ann, platform="discord", chat="9", limit=9999)) == 2000
