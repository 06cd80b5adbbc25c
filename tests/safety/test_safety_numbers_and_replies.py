"""The dated table of numbers and the fixed replies built from it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.i18n import texts
from bot.model import TriageResult
from bot.safety import (
    SafetyDataError,
    Triage,
    crisis_text,
    emergency_text,
    refusal_text,
    urgent_text,
)
from bot.safety.numbers import for_country, numbers_table, stale_rows

HEAD = 'version: "1"\nreviewed: "2026-01-01"\nclinician_review: pending\n'


def test_rows_are_fresh_and_sourced() -> None:
    """Every row has a source and was reviewed within 400 days of today."""
    assert stale_rows(date.today()) == []  # noqa: DTZ011 (calendar age of a reviewed row)
    assert all(
        row.organisation and row.url.startswith("https://") for row in numbers_table().values()
    )


def test_an_old_row_is_reported() -> None:
    """After 400 days a row counts as stale."""
    oldest = min(row.checked for row in numbers_table().values())
    assert stale_rows(oldest + timedelta(days=401))
    assert stale_rows(oldest - timedelta(days=1))


def test_wanted_countries_and_known_numbers() -> None:
    """The countries the brief names are there, with their best-known numbers."""
    wanted = "CN HK TW US CA GB IE AU NZ IN SG MY PH JP KR DE FR ES IT BR MX ZA NG KE".split()
    assert set(wanted) <= set(numbers_table())
    assert len(numbers_table()) >= 40
    china, states, britain = for_country("cn"), for_country("US"), for_country("UK")
    assert china is not None
    assert (china.ambulance, china.crisis[0].number) == ("120", "12356")
    assert states is not None
    assert (states.ambulance, states.crisis[0].number, states.poison) == (
        "911",
        "988",
        "1-800-222-1222",
    )
    assert britain is not None
    assert (britain.ambulance, britain.crisis[0].number) == ("999", "116 123")
    assert for_country("") is None
    assert for_country("XX") is None


@pytest.mark.parametrize(
    "row",
    [
        '{country: USA, name_en: a, name_zh: b, ambulance: "1", general: "1"}',
        (
            '{country: "US", name_en: a, name_zh: b, ambulance: none, general: "1", '
            'source: {organisation: o, url: u}, checked: "2026-01-01"}'
        ),
        (
            '{country: "US", name_en: a, name_zh: b, ambulance: "1", general: "1", '
            'source: {organisation: " ", url: u}, checked: "2026-01-01"}'
        ),
        "just text",
    ],
)
def test_malformed_rows_are_named(tmp_path: Path, row: str) -> None:
    """A row without code, number or source is refused."""
    (tmp_path / "emergency_numbers.yaml").write_text(f"{HEAD}countries:\n  - {row}\n")
    with pytest.raises(SafetyDataError, match=r"emergency_numbers\.yaml"):
        numbers_table(tmp_path)


def test_double_and_missing_rows_are_named(tmp_path: Path) -> None:
    """A country may stand once, and the list must be there."""
    row = (
        '  - {country: "US", name_en: a, name_zh: b, ambulance: "1", general: "1", '
        'source: {organisation: o, url: u}, checked: "2026-01-01"}\n'
    )
    (tmp_path / "emergency_numbers.yaml").write_text(f"{HEAD}countries:\n{row}{row}")
    with pytest.raises(SafetyDataError, match="stands twice"):
        numbers_table(tmp_path)
    other = tmp_path / "b"
    other.mkdir()
    (other / "emergency_numbers.yaml").write_text(HEAD)
    with pytest.raises(SafetyDataError, match="must be a list"):
        numbers_table(other)


def test_emergency_reply_names_number_and_first_step(triage: Triage) -> None:
    """Chest pain in the US: 911 and sit down; the other person's variant speaks of them."""
    own = triage.assess("crushing chest pain and sweating")
    assert "911" in emergency_text(own, "en", "US")
    assert "don't drive yourself" in emergency_text(own, "en", "US")
    dad = triage.assess("my dad has crushing chest pain and is sweating")
    assert "Let them sit" in emergency_text(dad, "en", "US")
    assert "120" in emergency_text(own, "zh", "CN")


def test_unknown_country_gets_examples_and_the_question(triage: Triage) -> None:
    """Without a country the reply gives examples and asks, in the same message."""
    result = triage.assess("crushing chest pain and sweating")
    text = emergency_text(result, "en")
    assert "112, 911, 999 or 120" in text
    assert "Which country" in text
    assert "哪个国家" in emergency_text(result, "zh")


def test_the_country_is_not_taken_from_the_language(triage: Triage) -> None:
    """A Chinese message from Germany gets the German number."""
    text = emergency_text(triage.assess("喘不上气"), "zh", "DE")
    assert "112" in text
    assert "120" not in text


def test_poison_line_is_added_where_known(triage: Triage) -> None:
    """A poisoning in the US also names the poison centre."""
    result = triage.assess("my toddler drank bleach")
    assert "1-800-222-1222" in emergency_text(result, "en", "US")
    assert "poison centre" not in emergency_text(result, "en", "CN")


def test_crisis_reply(triage: Triage) -> None:
    """A wish to die: warm words, the line of the country, the next step."""
    text = crisis_text(triage.assess("I want to die"), "en", "US")
    assert "988" in text
    assert "glad you told me" in text
    assert "already taken something" not in text
    zh = crisis_text(triage.assess("我不想活了"), "zh", "CN")
    assert "12356" in zh
    assert "120" in zh


def test_crisis_reply_variants(triage: Triage) -> None:
    """An act adds the ambulance; a third person, violence and unknown places have own words."""
    done = triage.assess("I took 40 paracetamol because I want to die")
    assert "even if you feel fine" in crisis_text(done, "en", "GB")
    friend = triage.assess("my friend says he wants to die")
    assert "Stay with them" in crisis_text(friend, "en", "FR")
    violent = triage.assess("I'm scared I'll hurt my baby")
    assert "nobody gets hurt" in crisis_text(violent, "en", "US")
    assert "findahelpline" in crisis_text(friend, "en")
    assert "findahelpline" in crisis_text(friend, "en", "NG")


def test_urgent_and_refusal_texts() -> None:
    """The urgent notice names the number; refusals say what is possible instead."""
    own = TriageResult(level="urgent", rule="cardiac.pain")
    other = TriageResult(level="urgent", rule="cardiac.pain@other")
    assert "911" in urgent_text(own, "en", "US")
    assert "they should be seen" in urgent_text(other, "en", "US")
    assert "112, 911" in urgent_text(own, "en")
    assert "pharmacist" in refusal_text("dose", "en")
    assert "药师" in refusal_text("dose", "zh")
    assert refusal_text("harm", "zh")


def test_every_reply_is_short_in_every_country() -> None:
    """No combination of category, person and country exceeds about 120 words or 260 characters."""
    categories = {key.split(".")[2] for key in texts("en") if key.startswith("safety.aid.")}
    for country in (*numbers_table(), ""):
        for category in (*categories, "unheard_of"):
            for rule in ("suicide.attempt", "suicide.attempt@other", "violence.harm_others"):
                result = TriageResult(level="emergency", category=category, rule=rule)
                for build in (emergency_text, crisis_text, urgent_text):
                    assert len(build(result, "en", country).split()) <= 125
                    assert len(build(result, "zh", country)) <= 260
