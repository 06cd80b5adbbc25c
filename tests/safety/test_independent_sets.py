"""Messages by authors who had not seen the rules: the bar for red flags, per set and language.

First scoring of each set (sensitivity / specificity):

    set                       English        Chinese
    blind (rules alone)       .831 / .890    .817 / .873
    final (with second look)  .970 / .900    .970 / .900    before its last thresholds
    third (with second look)  .975 / .988    .988 / .963    take-down limit .2, shipped: .1
    fourth (as shipped then)  .988 / .965    .988 / .918    then used for development
    fifth (as shipped then)   .941 / .976    .906 / .965    oblique on purpose; see below

After that first scoring the second look was fitted on 1,340 oblique vignettes by two authors who
had seen no set either: fifth .976 / .976 and .965 / .965. Then a few wordings met in the fifth went
into the rules: .988 / .976 and .976 / .965.

All but the third have since been used for development: rules were changed after reading them, and
the second look is fitted on the first, second and fourth. The texts of the third were not read, but
it was scored again while guards and limits were tried: one took it to .950 / .963 sensitivity and
was dropped. So the figures this test sees are not blind.
"""

from __future__ import annotations

import json

import pytest

from bot.safety import Triage
from bot.settings import ROOT

SENSITIVITY, SPECIFICITY = 0.97, 0.95
SETS = {
    "blind": "safety_blind/red_flags.{lang}.jsonl",
    "final": "safety_final/red_flags.{lang}.jsonl",
    "third": "safety_third/red_flags.{lang}.jsonl",
    "fourth": "safety_fourth/{lang}.jsonl",
    "fifth": "safety_fifth/{lang}.jsonl",
}


def rows(name: str, lang: str) -> list[tuple[str, str]]:
    """(text, expected) of a set; expected is none, emergency, or crisis where the set says so."""
    file = ROOT / "tests" / SETS[name].format(lang=lang)
    raw = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        (row["text"], row.get("expected") or ("emergency" if row["trigger"] else "none"))
        for row in raw
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", list(SETS))
def test_red_flags(triage: Triage, name: str, lang: str) -> None:
    """At least 97 % of what must trigger does, at most 5 % of the rest."""
    found, spared = [], []
    for text, expected in rows(name, lang):
        hit = triage.assess(text).level in {"emergency", "urgent"}
        if expected == "none":
            spared.append(not hit)
        else:
            found.append(hit)
    total = len(found) + len(spared)
    assert total >= 150
    assert min(len(found), len(spared)) * 2 >= total - 1
    assert sum(found) / len(found) >= SENSITIVITY
    assert sum(spared) / len(spared) >= SPECIFICITY


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_crisis_is_answered_as_one(triage: Triage, lang: str) -> None:
    """What the fourth set calls a crisis of the mind gets the text for one."""
    crises = [text for text, expected in rows("fourth", lang) if expected == "crisis"]
    missed = [text for text in crises if not triage.assess(text).crisis]
    assert len(crises) >= 7
    assert missed == []
