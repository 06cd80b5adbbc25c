"""The few sentences a small model gets to read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import context
from bot.generation.prompts import PromptBook
from bot.grounding.excerpts import PASSAGES, WORDS, excerpts
from bot.model import Hit
from bot.settings import ROOT
from tests.fakes.retriever import PASSAGES as FAKE

HITS = tuple(Hit(passage=p, score=0.9 - 0.1 * i) for i, p in enumerate(FAKE[:3]))


def test_excerpts_are_the_passages_own_sentences_in_their_order() -> None:
    """Nothing is made up on the way to the model, and the best passage comes first."""
    parts = excerpts("How much sleep do adults need?", HITS)
    assert parts[0].hit is HITS[0]
    for part in parts:
        places = [part.hit.passage.text.find(sentence[1:]) for sentence in part.sentences]
        assert places == sorted(places)
        assert min(places) >= 0


def test_a_long_page_gives_no_more_than_the_model_can_read() -> None:
    """However much is found, the prompt stays short and leaves links and questions out."""
    words = "One two three four five six seven eight nine ten number {}. Is it so? See www.x.org."
    long = " ".join(words.format(i) for i in range(200))
    hits = [Hit(passage=replace(FAKE[0], id=f"p{i}", text=long), score=0.9) for i in range(9)]
    parts = excerpts("number three", hits)
    assert len(parts) <= PASSAGES
    text = " ".join(part.text for part in parts)
    assert 0 < len(text.split()) <= WORDS
    assert "?" not in text
    assert "www" not in text


def test_what_is_about_other_people_is_read_last() -> None:
    """A page for the young is theirs: first where one of them is asked about, last elsewhere."""
    young = replace(
        FAKE[0], id="young", title="Sleep for babies, children and teenagers",
        section="Nightmares", text="Nightmares are common and usually fade with age.",
    )  # fmt: skip
    grown = replace(FAKE[0], id="grown", title="Nightmares", section="Nightmares",
                    text="Nightmares come more often after stress.")  # fmt: skip
    hits = [Hit(passage=young, score=0.9), Hit(passage=grown, score=0.8)]

    def order(question: str) -> list[str]:
        return [part.hit.passage.id for part in excerpts(question, hits)]

    assert order("Are nightmares normal in children?") == ["young", "grown"]
    assert order("Are nightmares normal?") == ["grown", "young"]


@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_gives_excerpts_or_none(text: str, question: str) -> None:
    """Odd passages and odd questions never fail."""
    hit = Hit(passage=replace(FAKE[0], text=text), score=0.5)
    assert len(excerpts(question, [hit])) <= 1


def test_the_short_prompt_numbers_its_passages_and_carries_nothing_personal() -> None:
    """What the embedded model reads is the question and numbered sentences; no person in it."""
    filled = context.brief(question="How much sleep do adults need?", hits=HITS)
    assert filled.values["metrics"] == filled.values["profile"] == context.NOTHING
    book = PromptBook.load(ROOT / "prompts" / "embedded")
    system, user = book.build(**context.prompt_values(filled, "en"))
    assert "yes or no" in system.content
    assert user.content.startswith("Question: How much sleep do adults need?\n[1] ")
    assert "\n- Most adults " in user.content
    assert user.content.count("\n[") == len(filled.hits)


def test_without_passages_the_short_prompt_says_so() -> None:
    """An empty search leaves a dash, not an empty line."""
    assert context.brief(question="x", hits=()).values["passages"] == context.NOTHING
