"""The live comparison and the arithmetic under it."""

from __future__ import annotations

import random

import pytest

from bot.model import Feedback, UserId
from bot.store.live import fared
from bot.store.sql import SqlStore
from bot.tuning.compare import Fared, compare
from bot.tuning.sampling import paired, rate_difference
from tests.store.samples import NOON, later, turn


def people(adapter: str, liked: float, count: int, seed: int) -> list[Fared]:
    """As many people, five votes each."""
    draw = random.Random(seed)
    return [
        Fared(who=f"{adapter}{n}", adapter=adapter, held=True, count=1,
              vote="up" if draw.random() < liked else "down")
        for n in range(count) for _ in range(5)
    ]  # fmt: skip


def test_a_real_difference_is_seen_and_none_is_not() -> None:
    """Better by 25 points: the interval is above zero. The same: it is around zero."""
    found = people("new", 0.75, 80, 1) + people("old", 0.5, 80, 2)
    better = compare(found, "new", "old")
    assert better.liked is not None
    assert 0.1 < better.liked.low < better.liked.mean < better.liked.high < 0.4
    same = compare(people("new", 0.5, 80, 1) + people("old", 0.5, 80, 2), "new", "old").liked
    assert same is not None
    assert same.low < 0 < same.high


def test_one_busy_person_is_one_person() -> None:
    """A thousand votes of one rater do not make an interval narrow."""
    busy = {"busy": (1000, 1000)} | {f"p{n}": (n % 2, 1) for n in range(10)}
    found = rate_difference(busy, {f"q{n}": (n % 2, 1) for n in range(10)})
    assert found.high - found.low > 0.5


def test_nothing_to_compare_is_said_not_guessed() -> None:
    """An adapter nobody voted on has no rate."""
    found = compare(people("new", 0.5, 3, 1), "new", "old")
    assert (found.liked, found.theirs.liked, found.theirs.answers) == (None, None, 0)
    with pytest.raises(ValueError, match="nothing"):
        paired([])


async def test_votes_are_counted_by_who_was_asked(sql_store: SqlStore) -> None:
    """Model answers and those that fell back count for the adapter; others for nobody."""
    ann = UserId("ann")
    for n, (adapter, path, model) in enumerate(
        [("new", "model", "m"), ("new", "extractive", "m"), ("", "extractive", "")]
    ):
        said = turn(ann, adapter=adapter, path=path, model=model, at=later(n))
        await sql_store.add_turn(said)
        vote = "up" if n == 0 else "down"
        await sql_store.vote(Feedback(turn=said.id, user=ann, vote=vote, at=NOON))  # type: ignore[arg-type]
    found = compare(await fared(sql_store), "new", "")
    assert (found.ours.answers, found.ours.up, found.ours.down) == (2, 1, 1)
    assert found.ours.held is not None
    assert found.ours.held.mean == 0.5
    assert await fared(sql_store, since=later(9)) == []
