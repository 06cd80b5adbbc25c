"""Votes per passage: counted without anybody's words."""

from __future__ import annotations

import pytest

from bot.model import Feedback
from bot.store.sql import SqlStore
from tests.store.samples import NOON, later, turn


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
async def test_votes_are_counted_by_the_passages_an_answer_cited(sql_store: SqlStore) -> None:
    """Ups and downs with how many people stand behind them; unrated turns and remarks do not."""
    ann, bob = [await sql_store.user_for("telegram", name) for name in ("1", "2")]
    said = [
        turn(ann, passages=("water-1", "water-1", "water-2")),
        turn(ann, passages=("water-1",), at=later(1)),
        turn(bob, passages=("water-1",), at=later(2)),
        turn(bob, passages=("salt-1",), at=later(3)),
    ]
    for one in said:
        await sql_store.add_turn(one)
    for one, vote in zip(said, ("down", "up", "down", None), strict=True):
        given = Feedback(turn=one.id, user=one.user, vote=vote, at=NOON, reason="because")
        await sql_store.vote(given)
    found = await sql_store.passage_votes()
    assert [(v.passage, v.up, v.down, v.people) for v in found] == [
        ("water-1", 1, 2, 2), ("water-2", 0, 1, 1),
    ]  # fmt: skip
    assert [v.passage for v in await sql_store.passage_votes(since=later(1))] == ["water-1"]
