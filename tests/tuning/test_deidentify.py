"""What names or reaches a person goes; what is about health stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tuning.bench_deidentify import measure
from bot.tuning.deidentify import deidentified
from tests.tuning.people import KNOWN


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Kuba, can I sleep?", "[name], can I sleep?"),
        ("my daughter Ines has a fever", "my daughter [name] has a fever"),
        ("I saw Dr. Meyer on 3 May 2024", "I saw [name] on [date]"),
        ("I live at 12 Long Lane", "I live at [address]"),
        ("card 4929 1234 5678 9012", "card [number]"),
        ("王医生让我2023年5月3日复查", "[name]医生让我[date]复查"),
        ("我住在中山路12号3室", "[address]"),
    ],
)
def test_people_places_and_days_are_masked(said: str, kept: str) -> None:
    """In the words people use."""
    assert deidentified(said, known=KNOWN) == kept


@pytest.mark.parametrize(
    "said",
    [
        "Is 150/95 mmHg high? I walked 12000 steps and ate 2000 kcal",
        "Does vitamin C or B12 help with COVID?",
        "Ibuprofen 400 mg or paracetamol?",
        "How do I recover from a C-section? Since Monday I feel tired",
        "C反应蛋白高说明什么",
        "我叫不醒他，血压128/82",
    ],
)
def test_what_a_lesson_is_about_stays(said: str) -> None:
    """Figures, vitamins, medicines and days of the week are nobody's name."""
    assert deidentified(said, known=KNOWN) == said


def test_names_from_the_profile_go_however_they_are_written() -> None:
    """Also small, and with something behind."""
    said = deidentified("i am wren and WREN's knee hurts", known=KNOWN, own=["Wren"])
    assert said == "i am [name] and [name]'s knee hurts"


@given(st.text(max_size=120))
def test_masking_never_fails_and_is_done_once(said: str) -> None:
    """Whatever somebody types."""
    once = deidentified(said, known=KNOWN)
    assert deidentified(once, known=KNOWN) == once


@pytest.mark.shared_data
def test_on_marked_sentences(shared_data: Path) -> None:
    """Numbers and addresses of the net all go; of names at least nine in ten."""
    found = measure(shared_data / "phi" / "synth_dev.jsonl")
    kinds: dict[str, list[int]] = found["by_kind"]  # type: ignore[assignment]
    for kind, least in (("PERSON", 0.9), ("EMAIL_ADDRESS", 1.0), ("CREDIT_CARD", 1.0),
                        ("PHONE_NUMBER", 0.95), ("IBAN_CODE", 1.0)):  # fmt: skip
        assert kinds[kind][0] / kinds[kind][1] >= least, kind
