"""Linking accounts with one-time codes, parting, and what joining does to what was kept."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError, StoreError, StoreLockedError
from bot.model import Address, Feedback, Joining, Place, Platform, Profile, UserId
from bot.ports import LINK_LASTS, LINK_TRIES, LINK_TRIES_IN
from bot.store import PersonStore, new_id
from bot.store.database import connect
from bot.store.sql import SqlStore
from tests.store.conftest import OpenStore
from tests.store.samples import NOON, any_observation, any_turn, in_utc, later, turn, weight
from tests.store.test_contract import fill
from tests.store.test_migrations import BOTH

CODE, OTHER = "K7MWQ3PR", "ABCD2345"
HOME = Place(platform="telegram", chat="1")
GUILD = Place(platform="discord", chat="9")


@pytest.fixture
async def ann(store: PersonStore) -> UserId:
    """A person on Telegram."""
    return await store.user_for("telegram", "1")


@pytest.fixture
async def ann_too(store: PersonStore) -> UserId:
    """The same human on Discord, whom the store takes for another person."""
    return await store.user_for("discord", "9")


async def enter(
    store: PersonStore, code: str = CODE, *, account: str = "9", now: datetime = NOON
) -> Joining:
    """Enter a code on Discord."""
    weighed = await store.weigh_link(code, platform="discord", account=account, now=now)
    done = await store.join(code, platform="discord", account=account, now=now)
    assert weighed == done, "weighing says what joining does"
    return done


async def joined(store: PersonStore, maker: UserId) -> None:
    """Make a code and enter it on Discord."""
    await store.offer_link(maker, CODE, now=NOON)
    assert await enter(store) == Joining(verdict="joined", user=maker)


# --- codes


async def test_a_code_joins_two_accounts_once(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Whoever enters the code becomes the person who made it; nobody else after them."""
    await joined(store, ann)
    assert await store.user_for("discord", "9") == ann
    assert await store.user_for("telegram", "1") == ann
    assert await store.platforms(ann) == ["telegram", "discord"]
    assert await store.platforms(ann_too) == []
    assert (await enter(store, account="10")).verdict == "refused"


async def test_an_account_that_never_wrote_can_enter_a_code(
    store: PersonStore, ann: UserId
) -> None:
    """The very first message of an account may be the code."""
    await joined(store, ann)
    assert await store.user_for("discord", "9") == ann


@pytest.mark.parametrize("after", [LINK_LASTS, LINK_LASTS * 2], ids=["the minute", "later"])
async def test_a_code_expires(store: PersonStore, ann: UserId, after: timedelta) -> None:
    """Ten minutes after it was made, a code is as good as any wrong one."""
    await store.offer_link(ann, CODE, now=NOON)
    assert await enter(store, now=NOON + after) == await enter(store, OTHER)
    await store.offer_link(ann, CODE, now=NOON)
    just = NOON + LINK_LASTS - timedelta(seconds=1)
    assert (await enter(store, now=just)).verdict == "joined"


async def test_a_new_code_ends_the_one_before(store: PersonStore, ann: UserId) -> None:
    """A person has one open code; making it twice is no trouble."""
    await store.offer_link(ann, OTHER, now=NOON)
    await store.offer_link(ann, CODE, now=NOON)
    assert (await enter(store, OTHER)).verdict == "refused"
    assert (await enter(store)).verdict == "joined"


async def test_ones_own_code_does_nothing(store: PersonStore, ann: UserId) -> None:
    """Entered where it was made, a code says so, is not used up and counts as no wrong try."""
    await store.offer_link(ann, CODE, now=NOON)
    for _ in range(LINK_TRIES + 1):
        own = await store.join(CODE, platform="telegram", account="1", now=NOON)
        assert own == Joining(verdict="own", user=ann)
    assert (await enter(store)).verdict == "joined"


async def test_wrong_tries_run_out(store: PersonStore, ann: UserId, ann_too: UserId) -> None:
    """After five wrong codes even the right one waits an hour, for this account alone."""
    await store.offer_link(ann, CODE, now=later(59))
    for n in range(LINK_TRIES):
        assert (await enter(store, f"WRONG{n}", now=later(n))).verdict == "refused"
    assert await enter(store, now=later(59)) == Joining(verdict="locked")
    assert await store.user_for("discord", "9") == ann_too
    assert (await enter(store, "WRONG", account="10", now=later(59))).verdict == "refused"
    freed = NOON + LINK_TRIES_IN  # the first try is an hour old
    assert (await enter(store, now=freed)).verdict == "joined"


async def test_asking_to_be_forgotten_frees_no_tries(store: PersonStore, ann_too: UserId) -> None:
    """The count is the account's, so a new start is no new chance."""
    for _ in range(LINK_TRIES):
        await enter(store, OTHER)
    await store.forget(ann_too)
    await store.user_for("discord", "9")
    assert (await enter(store, OTHER)).verdict == "locked"


async def test_a_code_goes_with_its_person(store: PersonStore, ann: UserId) -> None:
    """A forgotten person's code leads nowhere, and they make no new one."""
    await store.offer_link(ann, CODE, now=NOON)
    await store.forget(ann)
    assert (await enter(store)).verdict == "refused"
    with pytest.raises(NotFoundError):
        await store.offer_link(ann, CODE, now=NOON)


async def test_one_code_entered_by_two_at_once(store: PersonStore, ann: UserId) -> None:
    """Two accounts with the same code: one joins, the other is told it is no good."""
    await store.offer_link(ann, CODE, now=NOON)
    for account in ("9", "10"):
        await store.user_for("discord", account)
    tries = [
        store.join(CODE, platform="discord", account=account, now=NOON) for account in ("9", "10")
    ]
    assert sorted(one.verdict for one in await asyncio.gather(*tries)) == ["joined", "refused"]
    assert len(await store.platforms(ann)) == 2


async def test_two_people_who_enter_each_others_codes(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Crossing codes end in one person, whichever way round, and in no standstill."""
    await store.offer_link(ann, CODE, now=NOON)
    await store.offer_link(ann_too, OTHER, now=NOON)
    first, second = await asyncio.gather(
        store.join(CODE, platform="discord", account="9", now=NOON),
        store.join(OTHER, platform="telegram", account="1", now=NOON),
        return_exceptions=True,
    )
    verdicts = {getattr(one, "verdict", "moved") for one in (first, second)}
    assert verdicts <= {"joined", "refused", "moved"}
    assert "joined" in verdicts
    assert await store.user_for("discord", "9") == await store.user_for("telegram", "1")


# --- what was kept


async def test_everything_moves_over(store: PersonStore, ann: UserId, ann_too: UserId) -> None:
    """Readings, conversations and votes of both are one person's, whole and in their places."""
    said, voted = turn(ann_too, "theirs", place=GUILD), turn(ann, "mine", place=HOME)
    await store.add_turn(said)
    await store.add_turn(voted)
    await store.vote(Feedback(turn=said.id, user=ann_too, vote="down", at=NOON, reason="long"))
    await store.vote(Feedback(turn=voted.id, user=ann, vote="up", at=later(1)))
    await store.add_observations(ann_too, [weight(70, at=later(-5))])
    await store.add_observations(ann, [weight(71)])
    await joined(store, ann)
    assert await store.turn(ann, said.id) == replace(said, user=ann)
    there = await store.history(ann, platform="discord", chat="9", limit=9)
    assert [t.asked for t in there] == ["theirs"]
    here = await store.history(ann, platform="telegram", chat="1", limit=9)
    assert [t.asked for t in here] == ["mine"]
    assert [o.value for o in await store.observations(ann)] == [70, 71]
    assert [(v.user, v.vote, v.reason) for v in await store.votes()] == [
        (ann, "down", "long"),
        (ann, "up", ""),
    ]
    assert await store.votes(ann) == await store.votes()


async def test_the_makers_reading_wins_at_the_same_moment(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """One night told on both sides is one night; another kind of that moment stays."""
    await store.add_observations(ann, [weight(70)])
    await store.add_observations(ann_too, [weight(99), weight(61, kind="heart_rate")])
    await joined(store, ann)
    found = await store.observations(ann)
    assert sorted((o.kind, o.value) for o in found) == [("heart_rate", 61), ("weight", 70)]


async def test_undo_still_finds_the_newest_batch(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """After joining, "undo" takes back what was logged last, on whichever side."""
    await store.add_observations(ann, [weight(1)])
    last = await store.add_observations(ann_too, [weight(2, at=later(1))])
    await joined(store, ann)
    assert await store.last_logged(ann) == last
    assert await store.remove_observations(ann, last) == 1


async def test_the_makers_settings_win_and_gaps_are_filled(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Language and facts of the account that made the code stay; what it lacked comes along."""
    await store.save_profile(
        Profile(user=ann, lang="zh", facts={"age": "34"}, pending={"ask": "x"})
    )
    await store.save_profile(
        Profile(
            user=ann_too, lang="en", country="PT", tz="Asia/Shanghai",
            facts={"age": "99", "pregnant": "no"}, pending={"forget": "now"}, greeted=True,
        )
    )  # fmt: skip
    await joined(store, ann)
    assert await store.profile(ann) == Profile(
        user=ann, lang="zh", country="PT", tz="Asia/Shanghai",
        facts={"age": "34", "pregnant": "no"}, pending={"ask": "x"}, greeted=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "theirs", "taken_back", "after"),
    [
        ({"learn"}, set(), set(), {"learn"}),
        (set(), {"learn"}, set(), set()),
        ({"learn", "store"}, {"learn", "x"}, set(), {"learn", "store"}),
        ({"learn", "store"}, {"learn"}, {"learn"}, {"store"}),
        (set(), set(), {"learn"}, set()),
    ],
    ids=["maker agreed", "other agreed", "both", "other took it back", "nobody"],
)
async def test_agreements_never_grow_by_joining(
    store: PersonStore,
    ann: UserId,
    ann_too: UserId,
    mine: set[str],
    theirs: set[str],
    taken_back: set[str],
    after: set[str],
) -> None:
    """What the maker agreed to stands, unless the other side said no; nothing is added."""
    await store.save_profile(Profile(user=ann, consents=frozenset(mine)))
    await store.save_profile(Profile(user=ann_too, consents=frozenset(theirs | taken_back)))
    await store.save_profile(Profile(user=ann_too, consents=frozenset(theirs - taken_back)))
    await joined(store, ann)
    assert (await store.profile(ann)).consents == after
    found = await store.consents(ann)
    assert len(found) == len(mine) + len(theirs | taken_back), "the history of both is kept"
    assert {c.purpose for c in found if c.withdrawn_at is None} == after


async def test_the_joined_person_is_gone(store: PersonStore, ann: UserId, ann_too: UserId) -> None:
    """Their id takes nothing any more; what an answer under way writes fails by its right name."""
    await fill(store, ann_too, "canary")
    await joined(store, ann)
    assert await store.profile(ann_too) == Profile(user=ann_too)
    for write in (
        store.add_turn(turn(ann_too)),
        store.add_observations(ann_too, [weight()]),
        store.save_profile(Profile(user=ann_too)),
        store.offer_link(ann_too, OTHER, now=NOON),
    ):
        with pytest.raises(NotFoundError):
            await write
    assert json.dumps(await store.export(ann_too)).count("canary") == 0


async def test_export_lists_every_linked_platform(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """The person's own copy says which accounts are theirs, and holds what both had."""
    await fill(store, ann_too, "canary")
    await joined(store, ann)
    found = await store.export(ann)
    assert [a["platform"] for a in found["accounts"]] == ["telegram", "discord"]  # type: ignore[attr-defined]
    assert json.dumps(found).count("canary") == 8


async def test_all_accounts_of_the_joiner_come_along(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Two accounts linked before stay linked when one of them enters a code."""
    await store.link(ann_too, "console", "me")
    await joined(store, ann)
    assert await store.user_for("console", "me") == ann
    assert sorted(await store.platforms(ann)) == ["console", "discord", "telegram"]


async def test_forgetting_after_joining_forgets_both(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """One "forget me" and nothing of either side is left."""
    await fill(store, ann_too, "canary")
    await joined(store, ann)
    await store.forget(ann)
    assert await store.votes() == []
    new = {await store.user_for("telegram", "1"), await store.user_for("discord", "9")}
    assert len(new) == 2
    assert not new & {ann, ann_too}


# --- parting


async def test_parting_makes_a_new_empty_person(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """The account starts anew; what was kept stays with the other."""
    await store.add_observations(ann_too, [weight()])
    await joined(store, ann)
    assert await store.part(ann, platform="discord", account="9")
    fresh = await store.user_for("discord", "9")
    assert fresh not in {ann, ann_too}
    assert await store.observations(fresh) == []
    assert len(await store.observations(ann)) == 1
    assert await store.platforms(ann) == ["telegram"]


async def test_an_only_account_cannot_part(store: PersonStore, ann: UserId) -> None:
    """Nobody's data are left without an account, and nobody parts another's account."""
    assert not await store.part(ann, platform="telegram", account="1")
    assert await store.user_for("telegram", "1") == ann
    bob = await store.user_for("discord", "bob")
    with pytest.raises(NotFoundError):
        await store.part(ann, platform="discord", account="bob")
    assert await store.user_for("discord", "bob") == bob


async def test_two_accounts_that_part_at_once(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """One of the two keeps the data, however the messages cross."""
    await store.add_observations(ann, [weight()])
    await joined(store, ann)
    done = await asyncio.gather(
        store.part(ann, platform="discord", account="9"),
        store.part(ann, platform="telegram", account="1"),
    )
    assert sorted(done) == [False, True]
    assert len(await store.platforms(ann)) == 1


# --- whatever people have


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_anything_moves_whole(store: PersonStore, data: st.DataObject) -> None:
    """Whatever two people had, the one they become has all of it, word for word."""
    maker_account, joiner_account = new_id(), new_id()
    maker = await store.user_for("telegram", maker_account)
    joiner = await store.user_for("discord", joiner_account)
    turns, kept = [], []
    for person in (maker, joiner):
        for one in data.draw(st.lists(any_turn(person), max_size=3)):
            await store.add_turn(one)
            turns.append(one)
        readings = data.draw(st.lists(any_observation, max_size=3))
        ids = await store.add_observations(person, readings)
        taken = {(o.kind, o.at) for o in kept} if person == joiner else set()
        kept += [
            in_utc(replace(o, id=i))
            for o, i in zip(readings, ids, strict=True)
            if (o.kind, in_utc(o).at) not in taken
        ]
    code = new_id()
    await store.offer_link(maker, code, now=NOON)
    done = await store.join(code, platform="discord", account=joiner_account, now=NOON)
    assert done.verdict == "joined"
    for one in turns:
        assert in_utc(await store.turn(maker, one.id)) == in_utc(replace(one, user=maker))
    found = await store.observations(maker)
    assert sorted(found, key=lambda o: str(o.id)) == sorted(kept, key=lambda o: str(o.id))


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


async def test_where_linked_accounts_are_written_to_goes_with_them(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Joining brings both addresses together, parting and forgetting drop them."""

    def at(platform: Platform, account: str) -> Address:
        return Address(platform=platform, account=account, chat=account, office="42", lang="zh")

    phone, desk = at("telegram", "1"), at("discord", "9")
    await store.keep_address(ann, at("telegram", "1"))
    await store.keep_address(ann, phone)
    await store.keep_address(ann_too, desk)
    await joined(store, ann)
    assert sorted(await store.addresses(ann), key=lambda a: a.account) == [phone, desk]
    assert await store.addresses(ann_too) == []
    assert await store.part(ann, platform="discord", account="9")
    assert await store.addresses(ann) == [phone]
    await store.forget(ann)
    assert await store.addresses(ann) == []
