"""Two medicines asked about together: recognised, and answered only by sentences about both."""

from __future__ import annotations

import pytest

from bot.grounding.together import asked_together, only_both, search_words, speaks_of_both
from bot.model import Hit
from rag.types import Lang
from tests.fakes.retriever import passage


@pytest.mark.parametrize(
    ("text", "lang", "keys"),
    [
        ("is it ok to take ibuprofen with warfarin", "en", ("ibuprofen", "warfarin")),
        ("can i take advil if i'm on blood thinners", "en", ("ibuprofen", "class anticoagulant")),
        ("can I combine tramadol with my sertraline", "en", ("tramadol", "sertraline")),
        ("can I drink alcohol with metronidazole?", "en", ("metronidazole", "alcohol")),
        ("布洛芬和华法林能一起吃吗", "zh", ("ibuprofen", "warfarin")),
        ("吃头孢能喝酒吗", "zh", ("class cephalosporin", "alcohol")),
    ],
)
def test_two_together_are_recognised(text: str, lang: Lang, keys: tuple[str, str]) -> None:
    """By generic, brand or class name, and with alcohol, in both languages."""
    pair = asked_together(text, lang)
    assert pair is not None
    assert pair.keys == keys


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("what is the difference between paracetamol and ibuprofen", "en"),
        ("side effects of metformin and lisinopril", "en"),
        ("should i stop warfarin and start apixaban", "en"),
        ("how much ibuprofen is too much", "en"),
        ("布洛芬和对乙酰氨基酚有什么区别", "zh"),
    ],
)
def test_other_questions_about_medicines_are_left_alone(text: str, lang: Lang) -> None:
    """Comparing, changing or one medicine alone is something else."""
    assert asked_together(text, lang) is None


def test_only_sentences_about_both_remain() -> None:
    """What is said of one of them with a third is no answer, however near it sounds."""
    pair = asked_together("is it ok to take ibuprofen with warfarin", "en")
    assert pair is not None
    hit = Hit(
        passage=passage(
            "painkillers",
            "Painkillers",
            "Taking them",
            "Healthy adults may take paracetamol and ibuprofen together. "
            "Blood thinners and some blood pressure medicines clash with ibuprofen. "
            "Ibuprofen can irritate the stomach.",
        ),
        score=0.9,
    )
    (kept,) = only_both([hit], pair)
    assert kept.passage.text == (
        "Blood thinners and some blood pressure medicines clash with ibuprofen."
    )
    assert kept.passage.id == "painkillers"
    assert "anticoagulant" in search_words(pair)


def test_two_of_one_class_need_each_other_or_their_class() -> None:
    """For two of a class, a sentence about the class alone does not do."""
    pair = asked_together("can I take ibuprofen and naproxen together?", "en")
    assert pair is not None
    assert speaks_of_both("Never combine ibuprofen with another NSAID.", pair, "en")
    assert not speaks_of_both("NSAIDs can irritate the stomach.", pair, "en")
