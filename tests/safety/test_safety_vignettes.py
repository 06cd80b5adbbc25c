"""The development vignettes, our own words, in both languages, and the bars they must hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.model import TriageResult
from bot.safety import Triage, emergency_text
from bot.safety.data import LEVELS

HERE = Path(__file__).parent
TRIGGERS = ("urgent", "emergency")


def vignettes(lang: str) -> list[dict[str, Any]]:
    """The rows of one language."""
    lines = (HERE / f"vignettes_dev.{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def judged(triage: Triage, lang: str) -> list[tuple[dict[str, Any], TriageResult]]:
    """Each vignette with its verdict."""
    return [(row, triage.assess(row["text"])) for row in vignettes(lang)]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_enough_balanced_vignettes(lang: str) -> None:
    """There are at least 200 per language, about half of them triggering, ids unique."""
    rows = vignettes(lang)
    triggers = sum(row["trigger"] for row in rows)
    assert len(rows) >= 200
    assert 0.4 <= triggers / len(rows) <= 0.6
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sensitivity(triage: Triage, lang: str) -> None:
    """At least 99 % of the dangerous vignettes are urgent or emergencies."""
    missed = [
        row["text"]
        for row, verdict in judged(triage, lang)
        if row["trigger"] and verdict.level not in TRIGGERS
    ]
    total = sum(row["trigger"] for row in vignettes(lang))
    assert len(missed) / total <= 0.01, missed


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_specificity(triage: Triage, lang: str) -> None:
    """At least 98 % of the harmless vignettes raise no alarm."""
    alarms = [
        (row["text"], verdict.rule)
        for row, verdict in judged(triage, lang)
        if not row["trigger"] and verdict.level in TRIGGERS
    ]
    total = sum(not row["trigger"] for row in vignettes(lang))
    assert len(alarms) / total <= 0.02, alarms


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_levels_are_high_enough(triage: Triage, lang: str) -> None:
    """At most 2 % of the dangerous vignettes are rated below their own minimum level."""
    low = [
        (row["text"], verdict.level)
        for row, verdict in judged(triage, lang)
        if row["trigger"] and LEVELS.index(verdict.level) < LEVELS.index(row["level_min"])
    ]
    assert len(low) / len(vignettes(lang)) <= 0.02, low


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_crisis_of_the_mind_is_recognised(triage: Triage, lang: str) -> None:
    """Suicide, self-harm and harm to others are always answered as a crisis."""
    missed = [
        row["text"]
        for row, verdict in judged(triage, lang)
        if row.get("crisis") and not verdict.crisis
    ]
    assert missed == []


def test_clinician_voice_with_vital_signs(triage: Triage, shared_data: Path) -> None:
    """ESI 1-2 cases trigger (>= 97 %), ESI 4-5 cases do not (>= 95 %); ESI 3 is left out."""
    lines = (shared_data / "triage" / "esi_train.jsonl").read_text(encoding="utf-8").splitlines()
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for row in map(json.loads, lines):
        if row["label"] != "ESI3":
            urgent = row["label"] in ("ESI1", "ESI2")
            hits[urgent].append(triage.assess(row["text"]).level in TRIGGERS)
    assert sum(hits[True]) / len(hits[True]) >= 0.97
    assert sum(hits[False]) / len(hits[False]) <= 0.05


def test_every_emergency_vignette_has_a_short_reply(triage: Triage) -> None:
    """The fixed reply to any vignette is at most about 120 words and names a number."""
    for lang in ("en", "zh"):
        for _, verdict in judged(triage, lang):
            if verdict.level == "emergency":
                text = emergency_text(verdict, "en", "US")
                assert len(text.split()) <= 125
                assert "911" in text
