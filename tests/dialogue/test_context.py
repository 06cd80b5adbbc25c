"""What fits into a prompt, what is searched for, and how citations are numbered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import citing, context
from bot.dialogue.followup import search_text
from bot.model import Hit, Place, Turn, TurnId, UserId
from tests.fakes.chat import NOON
from tests.fakes.retriever import PASSAGES

HITS = tuple(Hit(passage=p, score=0.9) for p in PASSAGES[:3])


def turn(asked: str, answered: str = "A.", kind: str = "answer") -> Turn:
    """A recorded exchange."""
    return Turn(
        id=TurnId("t"), user=UserId("ann"), place=Place(platform="console", chat="home"),
        asked=asked, answered=answered, kind=kind, lang="en", at=NOON, path="extractive",
    )  # type: ignore[arg-type]  # fmt: skip


def built(budget: int, **changes: object) -> context.Context:
    """A context with something in every section."""
    sections = {
        "question": "How much sleep?",
        "hits": HITS,
        "metrics": ["sleep 5 h"],
        "profile": ["age: 34"],
        "history": [turn("old question"), turn("new question")],
    }
    return context.build(**(sections | changes), budget=budget)  # type: ignore[arg-type]


def test_with_room_everything_fits_in_order() -> None:
    """Passages are numbered in rank order and recent turns are oldest first."""
    values = built(4000).values
    assert values["passages"].index("[1]") < values["passages"].index("[2]")
    assert values["history"].index("old") < values["history"].index("new")
    assert (values["metrics"], values["profile"]) == ("sleep 5 h", "age: 34")


def test_a_tight_budget_keeps_the_first_passage_and_drops_history_first() -> None:
    """The question and the best passage always stand; the rest gives way."""
    tight = built(430)
    assert len(tight.hits) == 1
    assert tight.values["history"] == context.NOTHING
    assert tight.values["question"] == "How much sleep?"


def test_the_newest_turn_is_kept_longest() -> None:
    """When only one earlier turn fits, it is the last one."""
    for budget in range(400, 1200, 10):
        history = built(budget).values["history"]
        if history != context.NOTHING and "old" not in history:
            assert "new question" in history
            return
    pytest.fail("no budget showed exactly one turn")


def test_empty_sections_are_dashes() -> None:
    """A model is never left to wonder what an empty section means."""
    values = built(3000, hits=(), metrics=[], profile=[], history=[]).values
    assert {values[k] for k in ("passages", "metrics", "profile", "history")} == {context.NOTHING}


@given(st.text(max_size=400))
def test_the_token_guess_grows_with_the_text(text: str) -> None:
    """More text never counts as fewer tokens, and no text is free."""
    assert 1 <= context.tokens(text) <= context.tokens(text + "字a")


@pytest.mark.parametrize(
    "text", ["and for children?", "what about at night?", "why?", "is it dangerous?", "那孩子呢？"]
)
def test_leaning_questions_are_searched_with_the_one_before(text: str) -> None:
    """Short questions that point back carry what they point to."""
    assert search_text(text, [turn("How much caffeine is safe?")]) == (
        f"How much caffeine is safe? {text}"
    )


@pytest.mark.parametrize(
    "text", ["How do I lower my blood pressure?", "成年人每天要睡几个小时比较好啊我想知道一下？"]
)
def test_whole_questions_stand_alone(text: str) -> None:
    """A question that says everything is searched as it is."""
    assert search_text(text, [turn("How much caffeine is safe?")]) == text


@pytest.mark.parametrize(
    "text",
    ["a1c 6.1 is that bad", "I slept 5 hours, is that enough?", "ferritin 12 - is this low",
     "糖化6.1这样高吗", "尿酸480，这个严重吗"],
)  # fmt: skip
def test_a_value_named_in_the_same_breath_is_what_that_means(text: str) -> None:
    """Nothing said before is asked about, so nothing said before is searched for."""
    assert search_text(text, [turn("How much caffeine is safe?")]) == text


@pytest.mark.parametrize(
    "text", ["is 400 mg of that ok?", "what about 200 mg, is that better?", "and 6.1, is that bad?",
             "it was 6.1, is that bad", "那480这样高吗"]
)  # fmt: skip
def test_a_bare_value_leans_on_the_question_before(text: str) -> None:
    """Without its own subject a value belongs to what was asked before."""
    assert search_text(text, [turn("How much caffeine is safe?")]).startswith("How much caffeine")


def test_only_answers_are_leaned_on() -> None:
    """Without an earlier answer there is nothing to lean on."""
    assert search_text("why?", []) == "why?"
    assert search_text("why?", [turn("slept 5h", kind="logged")]) == "why?"


def test_citations_are_numbered_by_first_use() -> None:
    """Marks are renumbered from 1 and each carries the sentence it rests on."""
    text = "A clinic blood pressure of 140/90 mmHg or higher is high [3]. Sleep 7 hours [1][3]."
    shown, found = citing.cite(text, HITS)
    assert shown.count("[1]") == 2
    assert shown.count("[2]") == 1
    assert [c.number for c in found] == [1, 2]
    assert found[0].id == "bp"
    assert "140/90" in found[0].quote
    assert "7 hours" in found[1].quote


def test_marks_without_a_source_are_dropped() -> None:
    """A number that names no passage does not reach the reader."""
    shown, found = citing.cite("Sleep 7 hours [1, 9].", HITS)
    assert "9" not in shown
    assert len(found) == 1


def test_a_passage_without_source_is_cited_by_its_own_title() -> None:
    """Documents added without provenance still show where the sentence stands."""
    bare = Hit(passage=replace(PASSAGES[0], sources=(), url="", text=""), score=0.5)
    citation = citing.citation(bare, 1, citing.quote("anything", bare))
    assert citation.title == PASSAGES[0].title
    assert citation.url == ""
    assert citation.quote == ""
