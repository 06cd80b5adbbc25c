"""The second look beside the rules: it lifts what they miss and never lowers what they found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import TriageResult
from bot.safety import SafetyDataError, Triage
from bot.safety import likeness as module
from bot.safety.likeness import MAX_CHARS, Likeness, features, language_of, likeness
from bot.safety.triage import rules_alone, second_look
from bot.safety.vitals import facts_from_text

NONE = TriageResult(level="none")


def test_ordinary_questions_look_like_ordinary_questions() -> None:
    """Everyday asking and logging stays far from the vignettes that must trigger."""
    for text in ("how much sleep do adults need?", "slept 7h", "成年人每天要睡几个小时？", "你好"):
        assert likeness(text).danger < 0.4
        assert second_look(text, NONE).level == "none"


def test_a_dangerous_message_no_rule_knows_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Danger makes it urgent, more of it an emergency, and a crisis of the mind is told as one."""
    told = Likeness(danger=0.72, crisis=0.1)
    monkeypatch.setattr("bot.safety.triage.likeness", lambda _: told)
    assert second_look("my dad looks odd", NONE).level == "urgent"
    assert second_look("my dad looks odd", NONE).rule.endswith("@other")
    told = Likeness(danger=0.9, crisis=0.1)
    assert second_look("odd", NONE).level == "emergency"
    assert not second_look("odd", NONE).crisis
    told = Likeness(danger=0.72, crisis=0.8)
    verdict = second_look("odd", NONE)
    assert (verdict.level, verdict.crisis) == ("emergency", True)


def test_what_must_stand_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crisis, a value, a measurement or earlier messages are never taken down."""
    monkeypatch.setattr("bot.safety.triage.likeness", lambda _: Likeness(danger=0.01))
    triage = Triage.load()
    assert triage.assess("i want to kill myself").level == "emergency"
    assert triage.assess("spo2 82").level == "emergency"
    assert triage.assess("i feel odd", metrics={"spo2": 82}).level == "emergency"
    told = triage.assess("crushing chest pain and sweating", history=["hello"])
    assert told.level == "emergency"


def test_words_in_a_message_unlike_any_danger_are_taken_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule that fired on words alone gives way when nothing else looks dangerous."""
    monkeypatch.setattr("bot.safety.triage.likeness", lambda _: Likeness(danger=0.01))
    text = "crushing chest pain and sweating"
    assert rules_alone(text).level == "emergency"
    assert Triage.load().assess(text).level == "soon"
    monkeypatch.setattr("bot.safety.triage.likeness", lambda _: Likeness())
    assert Triage.load().assess(text).level == "emergency"


def test_most_vignettes_are_recognised_without_any_rule() -> None:
    """The model alone finds nine in ten of what it was fitted on, in both languages."""
    for lang in ("en", "zh"):
        file = Path(__file__).parent / f"vignettes_dev.{lang}.jsonl"
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        seen = [likeness(row["text"]).danger >= 0.5 for row in rows if row["trigger"]]
        assert sum(seen) / len(seen) >= 0.9


@given(st.text(max_size=700))
def test_any_text_gives_probabilities(text: str) -> None:
    """No text breaks it, and numbers are one and the same to it."""
    seen = likeness(text)
    assert 0 <= seen.danger <= 1
    assert 0 <= seen.crisis <= 1


def test_features_forgive_figures_and_case() -> None:
    """The same sentence with other figures or capitals has the same features."""
    assert features("Sugar 3.1 NOW") == features("sugar 12 now")
    assert features("血糖3.1") == features("血糖12")
    assert language_of("bp高") == "zh"
    assert features("") == []


def test_stories_are_left_to_the_rules() -> None:
    """Beyond its length the model does not speak."""
    assert likeness("pain " * MAX_CHARS) == Likeness()


@pytest.mark.parametrize("content", ["", "{}", '{"models": {"en": {"danger": {}}}}', "[]"])
def test_a_broken_file_is_named(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing or malformed model stops the start with the file's name."""
    (tmp_path / module.FILE).write_text(content)
    monkeypatch.setattr(module, "data_folder", lambda _: tmp_path)
    module._models.cache_clear()
    with pytest.raises(SafetyDataError, match="likeness"):
        module._models()
    module._models.cache_clear()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("his oxygen is eighty six", 86),
        ("体温三十八度五", 38.5),
        ("血糖二点四", 2.4),
        ("pulse a hundred and forty", 140),
    ],
)
def test_spoken_values_are_read(text: str, value: float) -> None:
    """Values said in words count like values in figures."""
    found = facts_from_text(text)
    assert any(value in values for values in found.values()), found
