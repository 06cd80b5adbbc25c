"""The whole utterance: questions beside readings, what is left over, and judged values."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from bot.metrics.parse import parse, to_json, understand

TZ = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=ZoneInfo(TZ))


@pytest.mark.parametrize(
    ("text", "question", "rest"),
    [
        ("bp 148/96", False, ""),
        ("Yesterday I walked 8000 steps.", False, ""),
        ("my bp is 150/95, should I worry?", True, "my , should I worry?"),
        ("my bp is 150/95 do i need tablets", True, "my do i need tablets"),
        ("my weight is 92 kg is that too much", True, "my is that too much"),
        ("the good news is that i slept 8h", False, "the good news is that i"),
        ("i rest when i can i slept 8h", False, "i rest when i can i slept 8h"),
        ("i do what i can, slept 5h", False, "i do what i can"),
        ("我血压150/95，要紧吗？", True, "我 ，要紧吗？"),
        ("今天早上血压126/80，心率68", False, ""),
        ("Can you log 120/80?", True, "Can you log"),
        ("slept 5h and my head hurts", False, "and my head hurts"),
        ("what helps with sleep", True, "what helps with sleep"),
        ("头晕怎么办", True, "头晕怎么办"),
    ],
)
def test_question_and_rest(text: str, question: bool, rest: str) -> None:
    """The dialogue learns whether something was asked and what else was said."""
    heard = understand(text, now=NOW, tz=TZ)
    assert heard.is_question is question
    assert heard.rest.rstrip(" ?") == rest.rstrip(" ?")


def test_slices_are_exact_with_wide_characters() -> None:
    """Full-width digits and Chinese text keep their own characters in the slice."""
    (item,) = parse("今早　血压１４８／９６ 。", now=NOW, tz=TZ).observations
    assert item.text == "血压１４８／９６"
    assert (item.value, item.value2) == (148, 96)


def test_json_keeps_what_was_written() -> None:
    """The JSON form holds the written unit, the canonical one, and the halves of a pressure."""
    rows = to_json(parse("180 lb", now=NOW, tz=TZ))["metrics"]
    assert rows == [
        {
            "kind": "weight",
            "value": 180,
            "unit": "lb",
            "canonical": {"value": 81.6466, "unit": "kg"},
            "at": "2026-11-22T14:00:00+08:00",
            "text": "180 lb",
        }
    ]
    (row,) = to_json(parse("bp 148/96", now=NOW, tz=TZ))["metrics"]  # type: ignore[misc]
    assert (row["value"], row["unit"]) == ("148/96", "mmHg")
    assert (row["systolic"], row["diastolic"]) == (148, 96)
    (row,) = to_json(parse("fasting sugar 126", now=NOW, tz=TZ))["metrics"]  # type: ignore[misc]
    assert (row["value"], row["unit"], row["note"]) == (126, "mg/dL", "fasting")


@pytest.mark.parametrize(
    ("text", "reason", "options"),
    [
        ("weight 700", "implausible", [(70, "kg")]),
        ("weight 100", "missing_unit", [(100, "kg"), (100, "lb")]),
        ("体重90", "missing_unit", [(90, "kg"), (90, "斤")]),
        ("weight 310 kg", "implausible", [(310, "kg")]),
        ("weight 700 kg", "implausible", [(70, "kg")]),
        ("bp 80/120", "implausible", [("120/80", "mmHg")]),
        ("bp 1480/96", "implausible", [("148/96", "mmHg")]),
        ("血压14580", "implausible", [("145/80", "mmHg")]),
        ("血压220", "incomplete", []),
        ("glucose 25", "ambiguous_unit", [(25, "mmol/L"), (25, "mg/dL")]),
        ("空腹血糖78", "ambiguous_unit", [(7.8, "mmol/L"), (78, "mg/dL")]),
        ("height 70", "missing_unit", [(70, "in")]),
        ("height 5.8", "missing_unit", [(172.7, "cm")]),
        ("waist 54", "missing_unit", [(54, "cm"), (54, "in")]),
        ("waist 1500", "implausible", [(150, "cm")]),
        ("temp 385", "implausible", [(38.5, "°C")]),
        ("体温44度", "implausible", []),
        ("sleep 26 h", "implausible", []),
        ("pulse 720", "implausible", [(72, "bpm")]),
        ("血氧9", "implausible", [(90, "%")]),
        ("mood 4/5", "ambiguous_unit", [(8, "/10")]),
        ("mood 60/100", "ambiguous_unit", [(6, "/10")]),
        ("bp 120/80 tomorrow at 8am", "future", [("120/80", "mmHg")]),
    ],
)
def test_doubtful_values_are_asked_about(
    text: str, reason: str, options: list[tuple[object, str]]
) -> None:
    """A doubtful value is never stored; the ask says why and offers what may be meant."""
    found = parse(text, now=NOW, tz=TZ)
    assert found.observations == ()
    (ask,) = to_json(found)["asks"]  # type: ignore[misc]
    assert ask["reason"] == reason
    assert [(o["value"], o["unit"]) for o in ask["options"]] == options


@pytest.mark.parametrize(
    "text", ["体温200度", "temperature 20", "mood 9/7", "weight 3", "血压5年", "height 0"]
)
def test_what_cannot_be_meant_is_dropped(text: str) -> None:
    """A number that cannot be this kind at all is neither stored nor asked about."""
    found = parse(text, now=NOW, tz=TZ)
    assert found.observations == ()
    assert found.asks == ()


def test_kilopascal_becomes_mmhg() -> None:
    """A pressure in kPa is stored and shown in mmHg (1 kPa = 7.500617 mmHg)."""
    (item,) = parse("血压16/10.7kPa", now=NOW, tz=TZ).observations
    assert (item.value, item.value2, item.shown_value) == (120, 80, "120/80")


def test_the_language_decides_units_nobody_wrote() -> None:
    """A weight of 140 is pounds in English and 斤 in Chinese; a hint overrides the script."""
    assert parse("weight 140", now=NOW, tz=TZ).observations[0].shown_unit == "lb"
    assert parse("体重140", now=NOW, tz=TZ).observations[0].shown_unit == "斤"
    assert parse("weight 140", lang="zh", now=NOW, tz=TZ).observations[0].shown_unit == "斤"


def test_the_same_value_twice_is_one() -> None:
    """ "180 cm (6 feet)" is one height."""
    assert len(parse("my height is 180 cm (6 feet)", now=NOW, tz=TZ).observations) == 1


def test_an_unknown_zone_is_refused() -> None:
    """A zone that does not exist is an error of the caller, not UTC in silence."""
    with pytest.raises(ZoneInfoNotFoundError):
        parse("bp 120/80", now=NOW, tz="Mars/Olympus")


@pytest.mark.parametrize(
    "text",
    [
        "My mom came over. Her bp was 150/90.",
        "My mother was dizzy. The bp was 150/90.",
        "Tom's bp is 150/90",
        "I measured my mom's bp: 150/90",
        "我妈头晕。血压150/90。",
        "A 26-year-old female, bp 110/80",
    ],
)
def test_other_people_are_not_the_speaker(text: str) -> None:
    """The reading of a person named before it belongs to that person."""
    assert parse(text, now=NOW, tz=TZ).observations == ()


@pytest.mark.parametrize(
    "text",
    [
        "I told my wife my bp was 150/90",
        "walked the dog for 30 minutes",
        "my wife and I walked 8000 steps",
        "我和妈妈走了8000步",
        "I am a 26 year old female, bp 110/80",
        "Monday's bp was 150/90",
        "My mom is visiting. Slept 5 h.",
    ],
)
def test_company_does_not_take_the_reading_away(text: str) -> None:
    """A person beside the speaker leaves the reading with the speaker."""
    assert len(parse(text, now=NOW, tz=TZ).observations) == 1
