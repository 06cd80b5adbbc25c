"""Messages by authors who had not seen the rules: the bar for red flags, per set and language.

First scoring of each set (sensitivity / specificity):

    set                       English        Chinese
    blind (rules alone)       .831 / .890    .817 / .873
    final (with second look)  .970 / .900    .970 / .900    before its last thresholds
    third (with second look)  .975 / .988    .988 / .963    take-down limit .2, shipped: .1

The first two sets have since been used for development. The texts of the third were not read, but
it was scored again while two guards were tried: one took it to .950 / .963 sensitivity and was
dropped for the shipped one. So the figures this test sees on it are not blind.
"""

from __future__ import annotations

import json

import pytest

from bot.safety import Triage
from bot.settings import ROOT

SENSITIVITY, SPECIFICITY = 0.97, 0.95


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["safety_blind", "safety_final", "safety_third"])
def test_red_flags(name: str, lang: str) -> None:
    """At least 97 % of what must trigger does, at most 5 % of the rest."""
    triage = Triage.load()
    file = ROOT / "tests" / name / f"red_flags.{lang}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    hits = [triage.assess(row["text"]).level in {"emergency", "urgent"} for row in rows]
    found = [hit for hit, row in zip(hits, rows, strict=True) if row["trigger"]]
    spared = [not hit for hit, row in zip(hits, rows, strict=True) if not row["trigger"]]
    assert len(rows) >= 150
    assert min(len(found), len(spared)) * 2 >= len(rows) - 1
    assert sum(found) / len(found) >= SENSITIVITY
    assert sum(spared) / len(spared) >= SPECIFICITY
