"""Properties of the grammar: what is written in any of many ways is read back as it was meant."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.metrics.kinds import KINDS, from_canonical, to_canonical
from bot.metrics.numbers import en_number, find_numbers, fold, zh_number
from bot.metrics.parse import parse, to_json, understand
from bot.model import Observation

TZ = "Europe/London"
NOW = datetime(2026, 6, 17, 15, 30, tzinfo=ZoneInfo(TZ))
ZH = "零一二三四五六七八九"


def only(text: str) -> Observation:
    """The single observation of a text."""
    found = parse(text, now=NOW, tz=TZ)
    assert found.asks == ()
    assert len(found.observations) == 1, (text, found)
    return found.observations[0]


def zh(number: int) -> str:
    """A whole number below 1000 in Chinese characters."""
    if number < 10:
        return ZH[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return ("" if tens == 1 else ZH[tens]) + "十" + (ZH[ones] if ones else "")
    hundreds, rest = divmod(number, 100)
    if not rest:
        return ZH[hundreds] + "百"
    if rest < 10:
        return ZH[hundreds] + "百零" + ZH[rest]
    return ZH[hundreds] + "百" + ("一" if rest < 20 else "") + zh(rest)


ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def en(number: int) -> str:
    """A whole number below 1000 in English words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens] + (f"-{ONES[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{ONES[hundreds]} hundred" + (f" and {en(rest)}" if rest else "")


@given(st.integers(0, 999))
def test_number_words_round_trip(number: int) -> None:
    """Every whole number below a thousand is read back from its Chinese and English words."""
    assert zh_number(zh(number)) == number
    assert en_number(en(number)) == number
    for written in (zh(number), en(number), str(number)):
        assert [n.value for n in find_numbers(written)] == [number]


@given(
    st.integers(90, 220),
    st.integers(45, 85),
    st.sampled_from(
        [
            "bp {s}/{d}",
            "BP: {s} / {d}",
            "{s} over {d}",
            "my blood pressure was {s}/{d} mmHg",
            "systolic {s}, diastolic {d}",
            "血压{s}/{d}",
            "高压{s}低压{d}",
            "收缩压{s}，舒张压{d}",
            "我的血压是{s}/{d}，要紧吗？",
        ]
    ),
)
def test_blood_pressure_round_trip(high: int, low: int, template: str) -> None:
    """A pressure is read back from every way of writing it, with an exact slice of the text."""
    text = template.format(s=high, d=low)
    found = only(text)
    assert (found.kind, found.value, found.value2) == ("blood_pressure", high, low)
    assert found.text in text


@given(st.integers(100, 220), st.integers(45, 95))
def test_spoken_blood_pressure(high: int, low: int) -> None:
    """A pressure in words, English or Chinese, is the same pressure."""
    for text in (f"{en(high)} over {en(low)}", f"血压{zh(high)}比{zh(low)}"):
        found = only(text)
        assert (found.value, found.value2) == (high, low)


@given(
    st.decimals(40, 130, places=1),
    st.sampled_from(
        [("weight {v} kg", 1), ("I weigh {v}kg", 1), ("体重{v}公斤", 1), ("我今天体重{v}千克", 1)]
    ),
)
def test_weight_in_kilograms(value: object, template: tuple[str, int]) -> None:
    """Kilograms come back as they were written."""
    assert only(template[0].format(v=value)).value == pytest.approx(float(str(value)))


@given(st.integers(90, 400))
def test_weight_in_pounds_and_jin(value: int) -> None:
    """Pounds and 斤 keep the written figure and convert exactly."""
    pounds, jin = only(f"I weigh {value} lbs"), only(f"体重{value}斤")
    assert (pounds.shown_value, pounds.shown_unit) == (str(value), "lb")
    assert pounds.value == pytest.approx(value * 0.45359237, abs=1e-3)
    assert (jin.shown_unit, jin.value) == ("斤", value / 2)


@given(st.integers(1, 13), st.integers(1, 59))
def test_sleep_round_trip(hours: int, minutes: int) -> None:
    """Hours and minutes of sleep come back from English and Chinese."""
    wanted = hours + minutes / 60
    for text in (
        f"slept {hours}h {minutes}m",
        f"slept for {hours} hours and {minutes} minutes",
        f"睡了{hours}小时{minutes}分钟",
        f"睡眠{zh(hours)}个小时{zh(minutes)}分钟",
    ):
        assert only(text).value == pytest.approx(wanted, abs=1e-3)


@given(st.integers(4, 6), st.integers(0, 11))
def test_height_in_feet(feet: int, inches: int) -> None:
    """Feet and inches become centimetres."""
    assert only(f"my height is {feet}'{inches}\"").value == pytest.approx(
        (12 * feet + inches) * 2.54, abs=0.06
    )


@given(st.integers(100, 79_999))
def test_steps_round_trip(count: int) -> None:
    """Steps come back with and without thousands separators, and in 万."""
    for text in (
        f"{count} steps",
        f"walked {count:,} steps",
        f"走了{count}步",
        f"{count / 1e4}万步",
    ):
        assert only(text).value == pytest.approx(count)


@given(st.integers(341, 419))
def test_temperature_scales(tenths: int) -> None:
    """A body temperature is recognised in either scale, with and without its unit."""
    celsius = tenths / 10
    fahrenheit = round(celsius * 9 / 5 + 32, 1)
    for text in (f"temp {celsius}", f"体温{celsius}度", f"体温{tenths // 10}度{tenths % 10}"):
        assert only(text).value == pytest.approx(celsius)
    for text in (f"temp {fahrenheit}", f"my temperature is {fahrenheit} °F"):
        assert only(text).value == pytest.approx(celsius, abs=0.06)


@given(st.integers(21, 199))
def test_glucose_units(tenths: int) -> None:
    """mmol/L and mg/dL of the same glucose agree."""
    mmol = tenths / 10
    mg = mmol * 18.0156
    assert only(f"血糖{mmol}").value == pytest.approx(mmol)
    assert only(f"glucose {mg:.1f} mg/dL").value == pytest.approx(mmol, abs=0.01)


@given(
    st.sampled_from([(k, u) for k, info in KINDS.items() for u in info.units]), st.floats(0.1, 1e5)
)
def test_conversions_round_trip(pair: tuple[str, str], value: float) -> None:
    """Every accepted unit converts to the canonical one and back."""
    kind, unit = pair
    there = to_canonical(kind, value, unit)  # type: ignore[arg-type]
    assert from_canonical(kind, there, unit) == pytest.approx(value)  # type: ignore[arg-type]


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_text_is_survived(text: str) -> None:
    """No text makes the grammar fail; slices are exact and every value has a canonical unit."""
    assert len(fold(text)) == len(text)
    heard = understand(text, now=NOW, tz=TZ)
    to_json(heard.metrics)
    for item in heard.metrics.observations:
        assert item.text in text
        assert item.unit == KINDS[item.kind].unit
        assert item.at.tzinfo is not None


WORDS = (
    "bp 血压 120/80 / 148 over 96 slept 睡了 5h 5 个半小时 from 11pm to 6:30 昨晚 十一点 睡 起 "
    "体重 weight 70 kg 斤 一米七五 5'11\" my mom's 我妈 ? ？ 吗 。 . , ， yesterday 昨天早上 8点 "
    "三天前 3 days ago 体温 38度5 temp 101.2F 血糖 6.8 mmol/L drank 2 glasses of water 1.2万步 "
    "mood 6/10 心情 7分 11/20 2026-02-30 31号 99:99 ½ 万 百 点 半 \ue000 \ue002 ²."
)
PIECES = st.lists(st.sampled_from(WORDS.split(" ")), max_size=14)


@given(PIECES)
@settings(max_examples=400, deadline=None)
def test_any_mixture_of_our_words_is_survived(pieces: list[str]) -> None:
    """Words of the grammar in any order neither fail nor log a time that has not come."""
    for text in (" ".join(pieces), "".join(pieces)):
        found = parse(text, now=NOW, tz=TZ)
        for item in found.observations:
            assert item.text in text
            assert item.at <= NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    "piece", ["bp ", "1", "睡", "昨天", "血压120/80，", "no ", "slept 5h. ", "万", "7:30 "]
)
def test_long_text_takes_linear_time(piece: str) -> None:
    """100 000 characters take about four times as long as 25 000, whatever they repeat."""

    def seconds(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length]
        start = time.process_time()
        understand(text, now=NOW, tz=TZ)
        return time.process_time() - start

    short, long = max(seconds(12_500), 0.02), seconds(100_000)
    assert long < 8 * short * 3
