"""What a sentence is expected to tell beside what fits the question."""

from __future__ import annotations

from bot.grounding.candidates import candidates
from bot.grounding.extractive import compose
from bot.grounding.telling import FEATURES, features, words
from bot.model import Hit
from tests.grounding.test_extractive import PAGE, hit

GOUT = (
    "Gout is a painful swelling of joints caused by uric acid crystals, most often in the big toe. "
    "It is old. "
    "Attacks begin suddenly at night, with a hot, red and very tender joint, and last a week. "
    "Kings had it."
)


def promised(hits: list[Hit], question: str = "what is gout") -> list[float]:
    """The promise of every sentence, in order."""
    return [c.promise for c in candidates(question, hits, None)]


def test_of_two_sentences_as_long_the_one_that_holds_more_promises_more() -> None:
    """Filler words are worth less than what an attack is like."""
    filler = "It may well be so that there is also that which was not as it is."
    attack = "Attacks begin suddenly at night with one hot red very tender swollen painful big toe."
    told = promised([hit(f"{GOUT} {attack}", "Gout")])[-1]
    assert told > promised([hit(f"{GOUT} {filler}", "Gout")])[-1]


def test_the_same_words_promise_less_in_a_passage_further_behind() -> None:
    """The search's order counts."""
    near, far = hit(GOUT, "What is gout?", 0.9), hit(GOUT, "What is gout?", 0.5, doc="other")
    found = promised([near, far])
    assert all(a > b for a, b in zip(found[:4], found[4:], strict=True))


def test_chinese_is_measured_as_long_as_english_that_says_the_same() -> None:
    """Characters are not words."""
    zh = hit("成年人每天需要睡七到八个小时，睡得太少会伤身体。", "睡多久？", lang="zh")
    (one,) = candidates("睡多久", [zh], None)
    assert 10 < words(one) < 20
    assert len(features(one, [zh])) == len(FEATURES)


def test_what_fits_the_question_best_is_said_however_little_it_tells() -> None:
    """A short direct answer is not pushed out by longer sentences."""
    text = "Yes, gout runs in families. " + GOUT.replace("It is old. ", "")
    answer = compose("does gout run in families", [hit(text, "About gout")], lang="en")
    assert "Yes, gout runs in families." in answer.sentences
    assert any("Attacks begin" in sentence for sentence in answer.sentences)


def test_what_does_not_fit_at_all_is_left_out() -> None:
    """Long sentences of a passage about something else are no answer."""
    long = "Green tea was first grown in southern China many centuries ago by farmers in the hills."
    answer = compose("how much sleep do adults need", [*PAGE, hit(long, "Tea", 0.5, doc="tea")],
                     lang="en")  # fmt: skip
    assert "Green tea" not in answer.text
