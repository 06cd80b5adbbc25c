"""Metrics said back, and answers to our questions about them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

import bot
from bot.metrics.answer import resolve
from bot.metrics.judge import observe
from bot.metrics.kinds import KINDS
from bot.metrics.parse import parse
from bot.metrics.summary import body_mass_index, summarise
from bot.metrics.words import (
    ask_text,
    confirm,
    context_lines,
    describe,
    describe_bmi,
    figure,
    moment,
    numbers,
)
from bot.model import Ask, Observation
from rag.types import Lang

TZ = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=ZoneInfo(TZ))
LOCALES = Path(bot.__file__).parent / "locales"


def logged(*messages: str) -> list[Observation]:
    """What these messages log, said now."""
    return [item for text in messages for item in parse(text, now=NOW, tz=TZ).observations]


def placeholders(sentence: str) -> set[str]:
    """The names a sentence is filled with."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def asked(text: str) -> Ask:
    """The only ask of a message."""
    (ask,) = parse(text, now=NOW, tz=TZ).asks
    return ask


def test_both_languages_say_the_same_things() -> None:
    """The two locale files have the same keys and the same placeholders."""
    en, zh = (
        json.loads((LOCALES / lang / "metrics.json").read_text("utf-8")) for lang in ("en", "zh")
    )
    assert en.keys() == zh.keys()
    for key, sentence in en.items():
        assert placeholders(sentence) == placeholders(zh[key]), key


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_kind_and_unit_has_its_words(lang: Lang) -> None:
    """Each accepted unit of each kind can be confirmed in both languages."""
    for kind, info in KINDS.items():
        for unit in info.units:
            second = 80.0 if kind == "blood_pressure" else None
            item = observe(kind, 120, unit, NOW, "x", value2=second)
            assert "{" not in confirm([item], lang, NOW, TZ)


@pytest.mark.parametrize(
    ("message", "en", "zh"),
    [
        (
            "bp 148/96 at 8:10 this morning",
            "Logged: blood pressure 148/96 mmHg (today 08:10). Wrong? Say “undo”.",
            "已记录：血压 148/96 mmHg（今天 08:10）。记错了就说“撤销”。",
        ),
        (
            "weight 180 lb yesterday",
            "Logged: weight 180 lb (81.6 kg) (yesterday 12:00). Wrong? Say “undo”.",
            "已记录：体重 180 磅（81.6 公斤）（昨天 12:00）。记错了就说“撤销”。",
        ),
        (
            "fasting sugar 6.1, slept 5.5h on Nov 18",
            (
                "Logged: blood glucose 6.1 mmol/L, fasting (today 14:00); "
                "sleep 5 h 30 min (18 Nov 12:00). Wrong? Say “undo”."
            ),
            (
                "已记录：血糖 6.1 mmol/L（空腹）（今天 14:00）；"
                "睡眠 5 小时 30 分钟（11月18日 12:00）。记错了就说“撤销”。"
            ),
        ),
    ],
)
def test_confirmations(message: str, en: str, zh: str) -> None:
    """A confirmation repeats what was written, when it counts for, and how to undo it."""
    items = logged(message)
    assert confirm(items, "en", NOW, TZ) == en
    assert confirm(items, "zh", NOW, TZ) == zh


def test_nothing_logged_is_not_confirmed() -> None:
    """Without observations there is nothing to say."""
    assert confirm([], "en", NOW, TZ) == ""


def test_sleep_is_described_in_hours_and_minutes() -> None:
    """The description counts nights and shows the extremes."""
    found = summarise(logged("slept 5h", "slept 5.5h yesterday"), now=NOW, tz=TZ, days=7)
    assert describe(found, "en") == [
        (
            "Sleep: 5 h 15 min on average over 2 nights in the last 7 days "
            "(lowest 5 h, highest 5 h 30 min)."
        )
    ]
    assert describe(found, "zh") == [
        "睡眠：最近 7 天有 2 晚记录，平均 5 小时 15 分钟（最低 5 小时，最高 5 小时 30 分钟）。"
    ]


def test_a_trend_is_said_with_its_weekly_change() -> None:
    """A falling weight is called falling, with the change of a week."""
    items = [
        observe("weight", 80 - 0.4 * n, "kg", NOW - timedelta(days=6 - n), "x") for n in range(7)
    ]
    found = summarise(items, now=NOW, tz=TZ, days=7)
    assert describe(found, "en")[0].endswith("It is falling, by about 2.8 kg a week.")
    assert describe(found, "zh")[0].endswith("总体在下降，每周约 2.8 公斤。")
    assert "falling" in context_lines(found, "en")[0]


def test_pressure_and_single_readings() -> None:
    """A pressure shows the range of both halves; one reading is shown alone."""
    found = summarise(
        logged("bp 150/95 yesterday", "bp 130/85", "weight 70kg"), now=NOW, tz=TZ, days=30
    )
    text = " ".join(describe(found, "en"))
    assert "140/90 mmHg on average over 2 readings in the last 30 days" in text
    assert "upper number 130 to 150, lower number 85 to 95" in text
    assert "Weight: 70 kg (1 reading in the last 30 days)." in text


def test_bmi_sentence() -> None:
    """The BMI names the two figures it is computed from."""
    bmi = body_mass_index(logged("weight 81 kg", "height 180 cm"))
    assert bmi is not None
    assert describe_bmi(bmi, "en") == ("Body mass index: 25 kg/m², computed from 81 kg and 180 cm.")
    assert "BMI）：25 kg/m²" in describe_bmi(bmi, "zh")


def test_numbers_hold_every_figure_we_say() -> None:
    """What the grounding check may accept holds means, extremes and written values."""
    items = logged("bp 148/96", "weight 180 lb", "slept 5.5h", "drank 8 glasses of water")
    forms = numbers(summarise(items, now=NOW, tz=TZ, days=7), items)
    assert {
        "148/96 mmHg",
        "96 mmHg",
        "180 lb",
        "81.6 kg",
        "81.6 公斤",
        "5 h 30 min",
        "5.5 h",
        "5 小时 30 分钟",
        "8 glasses",
        "2 L",
    } <= forms


def test_figures_and_dates() -> None:
    """Thousands, litres, minutes and years are written as people write them."""
    assert figure("steps", 12345, "en") == "12,345 steps"
    assert figure("water", 1800, "zh") == "1.8 升"
    assert figure("water", 500, "en") == "500 mL"
    assert figure("exercise", 90, "en") == "1 h 30 min"
    assert figure("exercise", 0, "en") == "0 min"
    old = datetime(2025, 12, 3, 8, 5, tzinfo=ZoneInfo(TZ))
    assert moment(old, "en", NOW, TZ) == "3 Dec 2025 08:05"
    assert moment(old, "zh", NOW, TZ) == "2025年12月3日 08:05"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("weight 700", "Did you mean 70 kg?"),
        ("weight 100", "Which is it: 1) 100 kg or 2) 100 lb (45.4 kg)?"),
        ("weight 310 kg", "Is 310 kg right?"),
        ("bp 150", "only one of the two numbers"),
        ("sleep 26 h", "What was the value?"),
        ("bp 120/80 tomorrow at 8am", "Was it today 08:00?"),
    ],
)
def test_questions(message: str, words: str) -> None:
    """Each doubtful value has its own question, in both languages, and nothing is saved."""
    ask = asked(message)
    text = ask_text(ask, "en", now=NOW, tz=TZ)
    assert words in text
    assert "not saved" in text
    assert ask.text in ask_text(ask, "zh", now=NOW, tz=TZ)


@pytest.mark.parametrize(
    ("message", "answer", "wanted"),
    [
        ("weight 700", "yes", "70 kg"),
        ("weight 700", "是的", "70 kg"),
        ("weight 700", "no", None),
        ("weight 700", "70", "70 kg"),
        ("weight 700", "71.5", "71.5 kg"),
        ("weight 700", "no, 72 kg", "72 kg"),
        ("weight 100", "yes", None),
        ("weight 100", "the first", "100 kg"),
        ("weight 100", "2", "100 lb"),
        ("weight 100", "pounds", "100 lb"),
        ("weight 100", "third", None),
        ("体重90", "第二个", "90 斤"),
        ("体重90", "公斤", "90 kg"),
        ("体重90", "45公斤", "45 kg"),
        ("体重90", "不是", None),
        ("weight 310 kg", "yes, that's right", "310 kg"),
        ("bp 150", "95", "150/95 mmHg"),
        ("bp 150", "150/95", "150/95 mmHg"),
        ("bp 150", "500", None),
        ("低压95", "150", "150/95 mmHg"),
        ("bp 80/120", "对", "120/80 mmHg"),
        ("空腹血糖78", "第一个", "7.8 mmol/L"),
        ("空腹血糖78", "78", "78 mg/dL"),
        ("sleep 26 h", "6", "6 h"),
        ("sleep 26 h", "yes", None),
        ("mood 4/5", "ok", "8 /10"),
        ("mood 4/5", "", None),
        ("mood 4/5", "I had pasta", None),
        ("bp 120/80 tomorrow at 8am", "yes", "120/80 mmHg"),
    ],
)
def test_answers(message: str, answer: str, wanted: str | None) -> None:
    """A yes, a choice, a unit, a new value or a no settles the question as it was meant."""
    found = resolve(asked(message), answer, now=NOW, tz=TZ)
    assert (found and f"{found.shown_value} {found.shown_unit}") == wanted


def test_a_chosen_option_keeps_its_moment() -> None:
    """An answer given later does not move the measurement."""
    ask = asked("weight 700 yesterday")
    later = NOW + timedelta(hours=3)
    for answer in ("yes", "71"):
        found = resolve(ask, answer, now=later, tz=TZ)
        assert found is not None
        assert found.at.day == 21
