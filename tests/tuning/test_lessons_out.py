"""What comes out of the store for learning: the very prompt, nobody's name, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import NotFoundError
from bot.model import Feedback, Place, Profile
from bot.store.sql import SqlStore
from bot.tuning.rated import Review
from tests.fakes.chat import NOON
from tests.tuning.people import HELD, QUESTION, agrees, lessons, rebuilder, votes


async def test_the_prompt_is_the_very_prompt(sql_store: SqlStore) -> None:
    """Built again from the record, with passages, profile and earlier turns, it is the same."""
    ann = await agrees(sql_store, "ann", age="34")
    await votes(sql_store, ann, at=NOON - timedelta(minutes=5), vote=None)
    _, generator = await votes(sql_store, ann, "and is seven hours of sleep enough?")
    (one,) = await lessons(sql_store).rated()
    assert [e.asked for e in one.earlier] == [QUESTION]
    assert rebuilder().prompt(one) == list(generator.prompts[0])
    assert "age: 34" in generator.prompts[0][1].content


async def test_an_answer_is_learned_as_the_model_wrote_it(sql_store: SqlStore) -> None:
    """The marks are those of the prompt, and what code put around it is not part of it."""
    ann = await agrees(sql_store, "ann")
    await sql_store.save_profile(replace(await sql_store.profile(ann), greeted=False))
    question = "How much sleep do adults need each night if they are always tired?"
    wrote = "Tiredness often comes from too little sleep, stress or too little movement [2]."
    turn, _ = await votes(sql_store, ann, question, answer=wrote)
    assert turn.shown[:2] == ("sleep-adults", "tiredness")
    assert wrote not in turn.answered
    (one,) = await lessons(sql_store).rated()
    assert one.written == wrote


async def test_an_extractive_answer_is_numbered_as_in_the_prompt(sql_store: SqlStore) -> None:
    """Each mark leads to the passage whose sentence it stands behind."""
    ann = await agrees(sql_store, "ann")
    await votes(sql_store, ann, answer="Sleep 12 hours or you die [1].")
    (one,) = await lessons(sql_store).rated()
    assert one.path == "extractive"
    passages = rebuilder().passages(one)
    assert passages is not None
    for sentence in one.written.split("\n"):
        if "[" in sentence:
            body, _, number = sentence.rstrip("].").rpartition("[")
            assert body.strip(" .-")[:30] in passages[int(number) - 1].text


async def test_names_of_the_profile_and_others_are_gone(sql_store: SqlStore) -> None:
    """Neither question nor prompt holds who asked, where they live or when it was."""
    ann = await agrees(sql_store, "ann", name="Wren Odell", city="Utrecht")
    said = (
        "I'm Wren Odell, utrecht, 24 Maple Street, born 3 May 1980, write wren@example.org. "
        "Dr Okafor says adults need sleep. How much sleep do adults need?"
    )
    await votes(sql_store, ann, said)
    (one,) = await lessons(sql_store).rated()
    prompt = rebuilder().prompt(one)
    assert prompt is not None
    for text in (one.asked, prompt[1].content):
        for word in ("Wren", "Odell", "trecht", "Maple", "1980", "example.org", "Okafor"):
            assert word not in text
        assert "How much sleep do adults need?" in text


async def test_only_with_agreement_and_only_where_allowed(sql_store: SqlStore) -> None:
    """Without agreement, after taking it back, and from Discord: nothing."""
    ann, bob = await agrees(sql_store, "ann"), await sql_store.user_for("console", "bob")
    turn, _ = await votes(sql_store, ann)
    await votes(sql_store, bob)
    elsewhere = replace(turn, id=type(turn.id)("d"), place=Place(platform="discord", chat="1"))
    await sql_store.add_turn(elsewhere)
    await sql_store.vote(Feedback(turn=elsewhere.id, user=ann, vote="up", at=NOON))
    assert [one.who for one in await lessons(sql_store).rated()] == [ann]
    await sql_store.save_profile(Profile(user=ann))
    assert await lessons(sql_store).rated() == []


async def test_nothing_that_touches_their_own_numbers(sql_store: SqlStore) -> None:
    """An answer with their readings, or after one in the prompt, stays out whole."""
    ann = await agrees(sql_store, "ann")
    await votes(sql_store, ann, "slept 5 h last night", None, at=NOON - timedelta(minutes=9))
    await votes(sql_store, ann)
    assert await lessons(sql_store).rated() == []


async def test_a_review_is_kept_with_the_lesson_and_goes_with_it(sql_store: SqlStore) -> None:
    """The last decision stands; linked accounts take it along; erasing takes it away."""
    ann = await agrees(sql_store, "ann")
    turn, _ = await votes(sql_store, ann)
    out = lessons(sql_store)
    await out.review(turn.id, Review(verdict="reject", by="ria", reason="no"), NOON)
    edited = Review(verdict="edit", by="ria", reason="shorter", text=HELD)
    await out.review(turn.id, edited, NOON)
    assert [one.review for one in await out.rated()] == [edited]
    maker = await agrees(sql_store, "phone")
    await sql_store.offer_link(maker, "CODE", now=NOON)
    await sql_store.join("CODE", platform="console", account="ann", now=NOON)
    assert [(one.who, one.review) for one in await out.rated()] == [(maker, edited)]
    await sql_store.forget(maker)
    with pytest.raises(NotFoundError):
        await out.review(turn.id, edited, NOON)


def test_what_is_gone_is_not_rebuilt() -> None:
    """A passage, a version or a prompt that is no more: no prompt rather than another one."""
    from tests.tuning.people import lesson

    assert rebuilder().prompt(lesson("ann")) is not None
    assert rebuilder(frozenset({"sleep-adults"})).prompt(lesson("ann")) is None
    assert rebuilder().prompt(lesson("ann", knowledge_version="older")) is None
    assert rebuilder().prompt(lesson("ann", prompt_version="other")) is None
    assert rebuilder().prompt(lesson("ann", shown=())) is None
