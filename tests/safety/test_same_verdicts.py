"""What makes the triage quick changes no verdict, on any vignette that is checked in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from bot.safety import Triage
from bot.safety.remembered import Remembered

TESTS = Path(__file__).resolve().parents[1]


def _texts() -> Iterator[str]:
    for path in sorted(TESTS.glob("safety*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = json.loads(line).get("text")
            if text:
                yield text


def test_only_rules_that_the_message_touches_are_tried() -> None:
    """The first rule found equals the first of all rules, each tried, on every vignette."""
    triage = Triage.load()
    texts = list(dict.fromkeys(_texts()))
    assert len(texts) > 1500
    rules = [(rule, rule.when.positive()) for rule in triage._book.rules]
    for text in texts:
        fresh = triage.read(text).active
        every = (rule for rule, signs in rules if signs & fresh and rule.when.holds(fresh, {}))
        assert triage._first(fresh, {}, fresh) is next(every, None), text


def test_a_remembered_verdict_is_the_verdict() -> None:
    """Asked again, with or without being forgotten in between, a message is judged alike."""
    triage = Triage.load()
    texts = list(dict.fromkeys(_texts()))[::17]
    first = [triage.assess(text) for text in texts]
    assert [triage.assess(text) for text in texts] == first
    fresh = Triage(triage._book)
    assert [fresh.assess(text, profile={}) for text in reversed(texts)] == first[::-1]


def test_a_profile_is_never_answered_from_memory() -> None:
    """The same words mean something else of somebody who is pregnant or a small child."""
    triage = Triage.load()
    words = "fever of 38.5"
    plain = triage.assess(words)
    baby = triage.assess(words, profile={"age": "0.1"})
    assert triage.assess(words) == plain
    assert baby.level != plain.level


def test_the_oldest_is_forgotten_first_and_no_words_are_kept() -> None:
    """A thousand readings at most; only digests name them."""
    asked: list[str] = []
    kept: Remembered[int] = Remembered(most=2)

    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    assert [kept.of(text, length) for text in ("a", "bb", "a", "ccc", "a", "\ud800")] == [
        1, 2, 1, 3, 1, 1
    ]  # fmt: skip
    assert asked == ["a", "bb", "ccc", "a", "\ud800"]
    assert all(isinstance(name, bytes) and len(name) == 16 for name in kept._found)
