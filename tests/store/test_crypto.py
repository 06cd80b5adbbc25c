"""That what is personal is unreadable without the keys, and gone when it should be."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StoreError, StoreKeyError
from bot.model import Place, UserId
from bot.store import KeyRing, new_id
from bot.store import tombstones as graves
from bot.store.crypto import new_cipher, seal, unseal
from bot.store.tables import SealedType, metadata, turns
from tests.store.conftest import OpenStore
from tests.store.samples import NOON, turn, weight
from tests.store.test_contract import fill

CANARY = "canary-血糖七点八-Kanarienvogel"
BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


def on_disk(folder: Path) -> bytes:
    """Every byte of the database and its log, but not of the keys."""
    return b"".join(p.read_bytes() for p in sorted(folder.glob("salus.db*")))


def rows(db_file: Path, query: str) -> list[tuple[Any, ...]]:
    """What another program sees in the file."""
    connection = sqlite3.connect(db_file)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


# --- at rest


async def test_nothing_said_is_readable_on_disk(open_store: OpenStore, db_file: Path) -> None:
    """Words, values, facts, reasons and outside ids are nowhere in the files."""
    store = await open_store()
    ann = await store.user_for("telegram", "external-id-4711")
    await fill(store, ann, CANARY)
    secret = Place(platform="telegram", chat="chat-id-0815")
    await store.add_turn(turn(ann, place=secret, passages=("passage-77",), kind="crisis"))
    await store.add_observations(ann, [weight(123.4567, shown_value="123.4567")])
    for _ in range(2):
        found = on_disk(db_file.parent)
        assert len(found) > 50_000
        for word in (
            CANARY,
            "external-id-4711",
            "chat-id-0815",
            "123.4567",
            "passage-77",
            "crisis",
        ):
            for coding in ("utf-8", "utf-16-le"):
                assert word.encode(coding) not in found
        await store.close()  # and once more when the log has gone into the file


async def test_postgresql_holds_no_plain_words(postgres_url: str, keys: KeyRing) -> None:
    """The same on PostgreSQL: not one column of one row shows what was said."""
    import psycopg

    from bot.store.sql import SqlStore

    store = await SqlStore.open(postgres_url, keys=keys)
    await fill(store, await store.user_for("telegram", "external-id-4711"), CANARY)
    await store.close()
    with psycopg.connect(postgres_url) as connection:
        for table in metadata.tables:
            for row in connection.execute(f"SELECT * FROM {table}").fetchall():
                shown = b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
                assert CANARY.encode() not in shown
                assert b"external-id" not in shown


async def test_a_person_has_another_reference_in_each_chat(
    open_store: OpenStore, db_file: Path
) -> None:
    """Two people of one group cannot be matched by the chat they are in."""
    store = await open_store()
    for user in ("ann", "bob"):
        await store.add_turn(turn(UserId(user)))
    assert len(set(rows(db_file, "SELECT chat_ref FROM turns"))) == 2


async def test_personal_columns_take_only_sealed_bytes(open_store: OpenStore) -> None:
    """A slip of the pen cannot write plain words: the column refuses them."""
    store = await open_store()
    plain_row = {c.name: "x" for c in turns.c} | {"at": NOON, "body": b"plain words"}
    with pytest.raises(StoreError):
        await store._db.write(lambda c: c.execute(turns.insert().values(plain_row)))
    sealed_columns = [c for t in metadata.tables.values() for c in t.c if c.name == "body"]
    assert {c.table.name for c in sealed_columns} == {
        "profiles", "observations", "turns", "votes", "inbox", "outbox", "curators",
        "lesson_reviews", "addresses", "challenges", "challenge_members",
    }  # fmt: skip
    assert all(isinstance(c.type, SealedType) for c in sealed_columns)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text("ab水\0")))
def test_any_body_opens_again(body: dict[str, object]) -> None:
    """Whatever is sealed opens for its row, and its length tells only blocks of 64."""
    cipher = new_cipher("ann")
    sealed = cipher.seal(body, "turns", "1")
    assert cipher.open(sealed, "turns", "1") == body
    assert (len(sealed) - 1 - 12 - 16) % 64 == 0


def test_seal_opens_only_in_its_place() -> None:
    """Table, column, row, person, key and every byte are part of the seal."""
    key, place = bytes(32), ("turns", "body", "1", "ann")
    sealed = seal(key, b"word", *place)
    assert unseal(key, sealed, *place) == b"word"
    for n in range(4):
        moved = (*place[:n], "other", *place[n + 1 :])
        with pytest.raises(StoreKeyError):
            unseal(key, sealed, *moved)
    with pytest.raises(StoreKeyError):
        unseal(bytes([1]) * 32, sealed, *place)
    for n in range(len(sealed)):
        changed = bytearray(sealed)
        changed[n] ^= 1
        with pytest.raises(StoreKeyError):
            unseal(key, bytes(changed), *place)
    for cut in (b"", sealed[:1], sealed[:10], sealed[:20]):
        with pytest.raises(StoreKeyError):
            unseal(key, cut, *place)


def test_places_do_not_run_together() -> None:
    """("ab", "c") and ("a", "bc") are different places."""
    sealed = seal(bytes(32), b"x", "ab", "c")
    with pytest.raises(StoreKeyError):
        unseal(bytes(32), sealed, "a", "bc")


@pytest.mark.parametrize("same_person", [True, False], ids=["own rows", "two people"])
async def test_swapped_rows_do_not_open(
    open_store: OpenStore, db_file: Path, same_person: bool
) -> None:
    """Somebody who swaps two ciphertexts in the file is found out."""
    store = await open_store()
    one = turn(UserId("ann"), "one")
    two = turn(UserId("ann" if same_person else "bob"), "two")
    await store.add_turn(one)
    await store.add_turn(two)
    bodies: dict[str, bytes] = dict(rows(db_file, "SELECT id, body FROM turns"))
    other = sqlite3.connect(db_file)
    for id_, body in ((one.id, bodies[two.id]), (two.id, bodies[one.id])):
        other.execute("UPDATE turns SET body = ? WHERE id = ?", (body, id_))
    other.commit()
    other.close()
    with pytest.raises(StoreKeyError):
        await store.turn(one.user, one.id)


async def test_swapped_data_keys_do_not_open(open_store: OpenStore, db_file: Path) -> None:
    """A row handed over to another person does not open under their key either."""
    store = await open_store()
    said = turn(UserId("ann"))
    await store.add_turn(said)
    await store.add_turn(turn(UserId("bob")))
    other = sqlite3.connect(db_file)
    other.execute("UPDATE turns SET user_id = 'bob' WHERE user_id = 'ann'")
    other.commit()
    other.close()
    with pytest.raises(StoreKeyError):
        await store.turn(UserId("bob"), said.id)


# --- the key file


def test_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    """The first start makes the file for its owner alone; later starts read the same keys."""
    path = tmp_path / "keys" / "salus.key"
    made = KeyRing.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert KeyRing.load_or_create(path) == made == KeyRing.load(path)
    assert [p.name for p in path.parent.iterdir()] == ["salus.key"]


def test_keys_never_show_in_a_log(tmp_path: Path) -> None:
    """Printing a ring or a cipher shows ids, not keys."""
    ring, cipher = KeyRing.generate(), new_cipher("ann")
    shown = repr(ring) + repr(cipher)
    assert ring.active in shown
    for secret in (*ring.keys.values(), *ring.index.values(), cipher.dek):
        assert repr(secret) not in shown


async def test_two_starts_share_one_key_file(tmp_path: Path) -> None:
    """Processes that start together end with the same ring."""
    path = tmp_path / "salus.key"
    rings = await asyncio.gather(
        *(asyncio.to_thread(KeyRing.load_or_create, path) for _ in range(8))
    )
    assert all(ring == rings[0] for ring in rings)


def damaged_files() -> dict[str, str]:
    """Key files as accidents leave them."""
    good = {"active": "a", "index_active": "a", "keys": {}, "index": {}}
    short = base64.b64encode(b"short").decode()
    wrong = base64.b64encode(bytes(32)).decode()
    return {
        "empty": "",
        "text": "hello",
        "list": "[1]",
        "missing": json.dumps({"active": "a"}),
        "short": json.dumps(good | {"keys": {"a": short}}),
        "not its id": json.dumps(good | {"keys": {"a": wrong}}),
        "not base64": json.dumps(good | {"keys": {"a": "%%%"}}),
        "not a text": json.dumps(good | {"keys": {"a": 5}}),
        "no such active": json.dumps(good),
        "deep": "[" * 100_000,
    }


@pytest.mark.parametrize("content", damaged_files().values(), ids=damaged_files().keys())
def test_damaged_key_file(tmp_path: Path, content: str) -> None:
    """A damaged key file is named as such and never overwritten."""
    path = tmp_path / "salus.key"
    path.write_text(content)
    with pytest.raises(StoreKeyError):
        KeyRing.load_or_create(path)
    assert path.read_text() == content


def test_missing_key_file(tmp_path: Path) -> None:
    """Loading a file that is not there says so."""
    with pytest.raises(StoreKeyError):
        KeyRing.load(tmp_path / "salus.key")


def test_open_key_file_is_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A key file that others can read works, with a warning."""
    path = tmp_path / "salus.key"
    KeyRing.load_or_create(path)
    path.chmod(0o644)
    KeyRing.load(path)
    assert "0600" in caplog.text


@BOTH
async def test_wrong_key_is_noticed_at_the_start(open_store: OpenStore) -> None:
    """With another ring the store does not open: nobody's first message finds out."""
    store = await open_store()
    await store.user_for("console", "ann")
    with pytest.raises(StoreKeyError):
        await open_store(ring=KeyRing.generate())


async def test_lost_key_file_is_noticed_and_can_be_put_back(
    open_store: OpenStore, keys: KeyRing
) -> None:
    """After the file was lost the store refuses; with the backup of the file all is there."""
    assert keys.path is not None
    store = await open_store()
    said = turn(await store.user_for("console", "ann"))
    await store.add_turn(said)
    backup = keys.path.read_bytes()
    keys.path.unlink()
    with pytest.raises(StoreKeyError):  # nobody new is stored under a key that nobody keeps
        await store.user_for("console", "bob")
    with pytest.raises(StoreKeyError):
        await open_store(ring=KeyRing.load_or_create(keys.path))
    keys.path.write_bytes(backup)
    again = await open_store(ring=KeyRing.load(keys.path))
    assert await again.turn(said.user, said.id) == said


# --- rotation


@BOTH
async def test_rotation_keeps_everything_readable(open_store: OpenStore, keys: KeyRing) -> None:
    """After a new key all is there; the old key alone opens nothing any more."""
    assert keys.path is not None
    store = await open_store()
    said = [turn(await store.user_for("console", str(n))) for n in range(3)]
    for one in said:
        await store.add_turn(one)
    assert await store.renew_key() == 3
    fresh = KeyRing.load(keys.path)
    assert list(fresh.keys) == [fresh.active] != [keys.active]
    again = await open_store(ring=fresh)
    for one in said:
        assert await again.turn(one.user, one.id) == one
    assert await again.user_for("console", "0") == said[0].user
    with pytest.raises(StoreKeyError):
        await open_store(ring=replace(keys, path=None))
    assert await store.renew_key() == 3


async def test_other_process_follows_a_rotation(open_store: OpenStore) -> None:
    """A process that was running during the rotation reads the new key file by itself."""
    one, two = await open_store(), await open_store()
    said = turn(await one.user_for("console", "ann"))
    await one.add_turn(said)
    await two.renew_key()
    assert await one.turn(said.user, said.id) == said
    await one.add_turn(turn(await one.user_for("console", "bob")))


async def test_rotation_to_a_ring_without_the_old_key(open_store: OpenStore) -> None:
    """A ring that lacks the old key changes nothing."""
    store = await open_store()
    said = turn(UserId("ann"))
    await store.add_turn(said)
    with pytest.raises(StoreKeyError):
        await store.rotate(KeyRing.generate())
    assert await store.turn(said.user, said.id) == said


async def test_rotation_in_steps_may_stop_anywhere(open_store: OpenStore, keys: KeyRing) -> None:
    """A rotation that stops after saving the new ring is simply done again later."""
    store = await open_store()
    said = turn(UserId("ann"))
    await store.add_turn(said)
    keys.renewed().save()
    again = await open_store(ring=keys.reloaded())
    assert await again.turn(said.user, said.id) == said
    assert await again.rotate(keys.reloaded()) == 1
    assert await again.rotate(keys.reloaded()) == 0


@BOTH
async def test_index_rotation_still_finds_people(
    open_store: OpenStore, keys: KeyRing, url: str
) -> None:
    """With a new index key accounts and chats are found, and accounts move to the new key."""
    store = await open_store()
    ann = await store.user_for("telegram", "1")
    await store.add_turn(turn(ann, "before"))
    renewed = keys.reindexed()
    renewed.save()
    again = await open_store(ring=renewed)
    assert await again.user_for("telegram", "1") == ann
    await again.add_turn(turn(ann, "after"))
    talk = await again.history(ann, platform="telegram", chat="4711", limit=9)
    assert sorted(t.asked for t in talk) == ["after", "before"]
    assert await again.link(ann, "discord", "5") is None
    accounts = (await again.export(ann))["accounts"]
    assert len(accounts) == 2  # type: ignore[arg-type]
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        assert rows(path, "SELECT DISTINCT key_id FROM accounts") == [(renewed.index_active,)]


def test_ring_without_a_file_is_never_written() -> None:
    """A ring in memory saves and reloads to itself."""
    ring = KeyRing.generate()
    ring.save()
    assert ring.reloaded() is ring


# --- forgetting


async def test_forgotten_is_gone_from_file_and_log(open_store: OpenStore, db_file: Path) -> None:
    """After "forget me" neither the words, nor their ciphertexts, nor the key are on disk."""
    store = await open_store()
    ann = await store.user_for("telegram", "1")
    said = await fill(store, ann, CANARY)
    traces: list[bytes] = [said.encode(), b"weight"]
    query = (
        "SELECT body FROM turns UNION SELECT body FROM votes UNION SELECT body FROM profiles "
        "UNION SELECT body FROM observations UNION SELECT wrapped FROM users"
    )
    traces += [bytes(body[13:45]) for (body,) in rows(db_file, query)]
    traces += [str(ref).encode() for (ref,) in rows(db_file, "SELECT ref FROM accounts")]
    assert len(traces) == 8
    before = on_disk(db_file.parent)
    assert all(trace in before for trace in traces)
    await store.forget(ann)
    after = on_disk(db_file.parent)
    assert [trace for trace in traces if trace in after] == []
    assert rows(db_file, "SELECT user_id FROM tombstones") == [(ann,)]


async def test_forget_while_another_program_reads(
    open_store: OpenStore, db_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A reader that is in the way delays the overwriting, not the forgetting."""
    store = await open_store(wait_s=0.2)
    said = turn(UserId("ann"))
    await store.add_turn(said)
    other = sqlite3.connect(db_file, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM turns").fetchall()
    await store.forget(UserId("ann"))
    other.execute("ROLLBACK")
    other.close()
    assert rows(db_file, "SELECT * FROM turns") == []
    assert "overwritten later" in caplog.text


async def test_restored_backup_is_erased_again(
    open_store: OpenStore, db_file: Path, tmp_path: Path
) -> None:
    """A backup from before "forget me" brings nobody back, though it has no tombstone."""
    store = await open_store()
    ann = await store.user_for("telegram", "1")
    bob = await store.user_for("telegram", "2")
    await fill(store, ann, CANARY)
    kept = await fill(store, bob, "bob's")
    source, target = sqlite3.connect(db_file), sqlite3.connect(tmp_path / "backup.db")
    source.backup(target)
    source.close()
    target.close()
    await store.forget(ann)
    await store.close()
    shutil.copy(tmp_path / "backup.db", db_file)
    again = await open_store()
    assert rows(db_file, "SELECT count(*) FROM turns") == [(1,)]
    assert CANARY not in json.dumps(await again.export(ann), ensure_ascii=False)
    assert (await again.turn(bob, kept)).asked == "bob's"
    assert await again.user_for("telegram", "1") != ann
    assert rows(db_file, "SELECT user_id FROM tombstones") == [(ann,)]


async def test_lost_list_of_the_forgotten_is_written_again(
    open_store: OpenStore, keys: KeyRing
) -> None:
    """The list beside the keys is mended from the table, torn lines are passed over."""
    path = graves.path_for(keys)
    assert path is not None
    store = await open_store()
    for name in ("a", "b"):
        user = await store.user_for("console", name)
        await store.forget(user)
    listed = graves.read(path)
    assert len(listed) == 2
    path.write_text('["x", \nnull\n{"a": 1}\n[1, 2]\n["torn')
    await open_store()
    assert graves.read(path) == listed
    assert path.stat().st_mode & 0o077 == 0


async def test_unwritable_list_does_not_stop_forgetting(
    open_store: OpenStore, keys: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a place for the list the person is forgotten all the same, with a warning."""
    path = graves.path_for(keys)
    assert path is not None
    path.mkdir()
    store = await open_store()
    ann = await store.user_for("console", "ann")
    await store.forget(ann)
    assert await store.user_for("console", "ann") != ann
    assert "cannot be written" in caplog.text
    assert "cannot be read" in caplog.text


async def test_ring_without_a_file_keeps_tombstones_in_the_table(
    open_store: OpenStore, db_file: Path
) -> None:
    """In tests and trials the table alone remembers who was forgotten."""
    ring = KeyRing.generate()
    store = await open_store(ring=ring)
    ann = await store.user_for("console", "ann")
    await store.forget(ann)
    again = await open_store(ring=ring)
    assert await again.profile(ann) == await again.profile(ann)
    assert rows(db_file, "SELECT user_id FROM tombstones") == [(ann,)]


# --- ids


@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=20, unique=True))
def test_ids_sort_as_time_goes(moments: list[int]) -> None:
    """A later id is greater, and every id fits a button's data."""
    made = [new_id(at) for at in sorted(moments)]
    assert made == sorted(made)
    assert {len(i) for i in made} == {26}
    assert all(i.isalnum() and i.isascii() and i == i.lower() for i in made)


def test_ids_are_unique() -> None:
    """Ten thousand ids made in a row are ten thousand ids."""
    assert len({new_id(0) for _ in range(5000)} | {new_id() for _ in range(5000)}) == 10_000
