"""What groups do together, on the database: what is read for a group, and what is erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import NotFoundError
from bot.model import Board, Challenge, Part, Place, UserId
from bot.store.challenges import SqlChallenges
from bot.store.letters import Office
from bot.store.mailbox import open_mailbox
from bot.store.sql import SqlStore
from tests.challenges.test_topics import a_challenge
from tests.store.conftest import OpenStore
from tests.store.samples import NOON
from tests.store.test_migrations import BOTH

ID = "0" * 26


async def opened(open_store: OpenStore, *, members: int = 0) -> tuple[SqlStore, SqlChallenges]:
    """A store with a challenge that Ann started, and some people in it: p0, p1 …"""
    store = await open_store()
    await store.user_for("telegram", "1")
    kept = SqlChallenges(store)
    await kept.keep(a_sample())
    for number in range(members):
        await kept.join(ID, UserId(f"p{number}"), now=NOON + timedelta(seconds=number))
    return store, kept


def a_sample(**more: Any) -> Challenge:
    """A running one with something to say at noon."""
    given = {"next_at": NOON, "starter": None} | more
    return replace(a_challenge(), **given)


@BOTH
async def test_it_is_kept_and_found_by_its_place(open_store: OpenStore) -> None:
    """By id, as the newest of its place and bot, and as due when its time has come."""
    _, kept = await opened(open_store)
    assert await kept.challenge(ID) == a_sample()
    assert await kept.newest(a_sample().place, "1") == a_sample()
    assert await kept.newest(a_sample().place, "2") is None
    assert await kept.newest(Place(platform="discord", chat="-55", private=False), "1") is None
    assert await kept.due("telegram", "1", now=NOON - timedelta(seconds=1)) == []
    assert await kept.due("telegram", "1", now=NOON) == [a_sample()]
    later = a_sample(id="1" * 26)
    await kept.keep(later)
    assert await kept.newest(a_sample().place, "1") == later


@BOTH
async def test_a_board_counts_and_names_nobody_who_did_not_ask(open_store: OpenStore) -> None:
    """People, done on a day, on all days, on every day; only names that were to be shown."""
    _, kept = await opened(open_store, members=3)
    for day in range(1, 8):
        await kept.tick(ID, UserId("p0"), day, done=True)
    await kept.tick(ID, UserId("p0"), 2, done=True)  # twice is once
    await kept.tick(ID, UserId("p1"), 2, done=True)
    await kept.tick(ID, UserId("p1"), 3, done=True)
    await kept.tick(ID, UserId("p1"), 3, done=False)
    await kept.tick(ID, UserId("stranger"), 2, done=True)
    await kept.show(ID, UserId("p2"), "Cora")
    seen = await kept.board(ID, day=2, days=7)
    assert seen == Board(people=3, done=2, ticks=8, through=1, names=("Cora",))
    assert await kept.part(ID, UserId("p1")) == Part(days=frozenset({2}))
    assert await kept.part(ID, UserId("stranger")) is None
    await kept.show(ID, UserId("p2"), "")
    assert (await kept.board(ID, day=2, days=7)).names == ()


@BOTH
async def test_leaving_forgetting_and_the_end_erase(open_store: OpenStore) -> None:
    """Whoever leaves or is forgotten counts nowhere; when it is over nobody does."""
    store, kept = await opened(open_store, members=3)
    for person in ("p0", "p1", "p2"):
        await kept.tick(ID, UserId(person), 1, done=True)
    await kept.leave(ID, UserId("p0"))
    await store.forget(UserId("p1"))
    assert await kept.board(ID, day=1, days=7) == Board(people=1, done=1, ticks=1)
    assert [part for _, part in await kept.parts(UserId("p2"))] == [Part(days=frozenset({1}))]
    exported: Any = await store.export(UserId("p2"))
    assert exported["challenges"] == [
        {"challenge": "walk", "joined_at": (NOON + timedelta(seconds=2)).isoformat(),
         "name_shown": "", "days_done": [1]}
    ]  # fmt: skip
    await kept.keep(a_sample(state="over"))
    assert await kept.board(ID, day=1, days=7) == Board()
    assert await kept.parts(UserId("p2")) == []
    with pytest.raises(NotFoundError):
        await kept.join(ID, UserId("p2"), now=NOON)


@BOTH
async def test_a_starter_who_is_forgotten_leaves_the_challenge(open_store: OpenStore) -> None:
    """The group goes on; nobody is its starter any more."""
    store, kept = await opened(open_store)
    ann = await store.user_for("telegram", "1")
    await kept.keep(replace(a_sample(), starter=ann))
    await store.forget(ann)
    found = await kept.challenge(ID)
    assert found is not None
    assert found.starter is None


@BOTH
async def test_joining_accounts_joins_their_parts(open_store: OpenStore) -> None:
    """In it with both accounts: one part with the days of either, and the maker's name."""
    store, kept = await opened(open_store)
    ann, too = await store.user_for("telegram", "1"), await store.user_for("discord", "9")
    other = a_sample(id="1" * 26, starter=too)
    await kept.keep(other)
    for person, name, day in ((ann, "Ann", 1), (too, "Annie", 2)):
        await kept.join(ID, person, now=NOON)
        await kept.show(ID, person, name)
        await kept.tick(ID, person, day, done=True)
    await kept.join(other.id, too, now=NOON)
    await kept.show(other.id, too, "Annie")
    await store.offer_link(ann, "CODE", now=NOON)
    await store.join("CODE", platform="discord", account="9", now=NOON)
    assert await kept.part(ID, ann) == Part(name="Ann", days=frozenset({1, 2}))
    assert await kept.part(other.id, ann) == Part(name="Annie")
    moved = await kept.challenge(other.id)
    assert moved is not None
    assert moved.starter == ann


@BOTH
async def test_a_group_that_becomes_a_supergroup_takes_it_along(open_store: OpenStore) -> None:
    """Found under the new address, in its topic, with everybody in it."""
    store, kept = await opened(open_store, members=1)
    topic = a_sample(id="1" * 26, place=Place(platform="telegram", chat="-55/7", private=False))
    await kept.keep(topic)
    await open_mailbox(store, Office(platform="telegram", bot="1")).rekey("-55", "-1001")
    place = Place(platform="telegram", chat="-1001", private=False)
    found = await kept.newest(place, "1")
    assert found is not None
    assert found.id == ID
    assert (await kept.board(ID, day=1, days=7)).people == 1
    in_topic = await kept.newest(replace(place, chat="-1001/7"), "1")
    assert in_topic is not None
    assert in_topic.id == topic.id
    assert await kept.newest(a_sample().place, "1") is None
