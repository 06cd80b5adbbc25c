"""Thumbs on answers of the model that chooses: rows of yes and no, for that model alone."""

from __future__ import annotations

from typing import Any

import pytest

from bot.grounding.choosing import NO, YES
from bot.store.sql import SqlStore
from bot.tuning.dataset import Built, build
from bot.tuning.rated import Rated, Review
from bot.tuning.screening import screen
from tests.tuning.people import agrees, lesson, lessons, plan, rebuilder, votes

ASKED = "How much sleep do adults need each night?"
FIRST = "Most adults need at least 7 hours of sleep a night."
SECOND = "Regularly sleeping less than 7 hours is linked with weight gain and high blood pressure."


def built(found: list[Rated], **changes: Any) -> Built:
    """The set of these lessons."""
    return build(plan(kind="choose", **changes), screen(found, rebuilder()), rebuilder())


def only_row(made: Built) -> dict[str, Any]:
    """The one row of all splits."""
    (row,) = [row for split in made.rows.values() for row in split]
    return row


def said(row: dict[str, Any]) -> dict[str, str]:
    """Sentence -> the word learned behind it."""
    parts = row["parts"]
    return {
        asked.rpartition("\n- ")[2].removesuffix(" =>"): word
        for (asked, _), (word, learned) in zip(parts[1::2], parts[2::2], strict=True)
        if learned
    }


async def liked(store: SqlStore, answer: str, **how: Any) -> Rated:
    """What Ann asked of the model that reads little, and liked."""
    ann = await agrees(store, "ann")
    _, generator = await votes(store, ann, ASKED, answer=answer, budget=None, **how)
    (one,) = await lessons(store).rated()
    assert one.path == "model"
    assert rebuilder().prompt(one) == list(generator.prompts[0]), "the very prompt"
    return one


async def test_a_liked_answer_teaches_what_it_was_chosen_from(sql_store: SqlStore) -> None:
    """Yes behind what was said and no behind the rest; and nothing of it in a set for writing."""
    one = await liked(sql_store, f"{FIRST} [1]")
    words = said(only_row(built([one])))
    assert words.pop(FIRST) == YES
    assert words
    assert set(words.values()) == {NO}
    for kind in ("sft", "kto", "dpo"):
        made = build(plan(kind=kind), screen([one], rebuilder()), rebuilder())
        assert made.left_out == {"another form": 1}
        assert not any(made.rows.values())


async def test_a_reviewer_may_choose_better(sql_store: SqlStore) -> None:
    """An edit made of the same sentences is learned; one in other words teaches nothing here."""
    one = await liked(sql_store, f"{FIRST} [1]", vote="down")
    assert not any(built([one]).rows.values()), "a dislike does not say what was wrong"
    store = lessons(sql_store)
    await store.review(one.id, Review(verdict="edit", by="rev", text=f"{SECOND} [1]"), one.at)
    words = said(only_row(built(await store.rated())))
    assert (words[SECOND], words[FIRST]) == (YES, NO)
    other = "Grown-ups should sleep at least 7 hours a night [1]."
    await store.review(one.id, Review(verdict="edit", by="rev", text=other), one.at)
    assert not any(built(await store.rated()).rows.values())


async def test_what_was_said_has_to_be_among_what_was_read(sql_store: SqlStore) -> None:
    """Other words in the question, other sentences in the prompt: then there is no row."""
    one = await liked(sql_store, f"{FIRST} [1]")
    changed = lesson(
        "ann", written="Nobody said this. [1]", prompt_version=one.prompt_version, shown=one.shown
    )
    assert rebuilder().prompt(changed) is None
    assert built([changed]).left_out == {"gone": 1}


@pytest.mark.parametrize("vote", ["up", "down"])
async def test_an_answer_that_was_written_is_no_choice(sql_store: SqlStore, vote: Any) -> None:
    """A row of a model that writes stays out of a set for choosing."""
    ann = await agrees(sql_store, "ann")
    await votes(sql_store, ann, ASKED, vote)
    assert built(await lessons(sql_store).rated()).left_out == {"another form": 1}
