"""Figures with units, ranges and limits, as people write them."""

from __future__ import annotations

import pytest

from bot.grounding.numerals import chinese_value
from bot.grounding.quantities import Quantity, quantities, supports


@pytest.mark.parametrize(
    ("text", "values", "dim", "sign"),
    [
        ("7 hours", (7.0,), "time", 0),
        ("at least 7 hours", (7.0,), "time", 1),
        ("seven hours or more", (7.0,), "time", 1),
        ("7–9 hours", (7.0, 9.0), "time", 0),
        ("between seven and nine hours", (7.0, 9.0), "time", 0),
        ("5 h 30 min", (5.5,), "time", 0),
        ("5小时30分钟", (5.5,), "time", 0),
        ("half an hour", (0.5,), "time", 0),
        ("2 hours and a half", (2.5,), "time", 0),
        ("two and a half hours", (2.5,), "time", 0),
        ("2½ hours", (2.5,), "time", 0),
        ("140/90 mmHg or higher", (140.0, 90.0), "pressure", 1),
        ("120 over 80", (120.0, 80.0), "pressure", 0),
        ("less than 140 mg/dL", (140.0,), "mg/dl", -1),
        ("no more than 5 g", (5.0,), "mass", -1),
        ("do not take more than 4 g", (4.0,), "mass", -1),
        ("up to 400 mg", (400.0,), "mass", -1),
        ("38 °C", (38.0,), "temp", 0),
        ("100.4 degrees Fahrenheit", (100.4,), "temp", 0),
        ("101 F", (101.0,), "temp", 0),
        ("1 in 3 adults", (1 / 3,), "ratio", 0),
        ("two thirds of people", (2 / 3,), "ratio", 0),
        ("50 percent", (50.0,), "ratio", 0),
        ("1,500 mg", (1500.0,), "mass", 0),
        ("3 million people", (3e6,), "people", 0),
        ("on 2 or more days", (2.0,), "time", 1),
        ("126 mg/dL (7.0 mmol/L) or higher", (126.0,), "mg/dl", 1),
        ("1/2", (0.5,), "ratio", 0),
        ("2 or 3 times", (2.0, 3.0), "times", 0),
        ("七到九小时", (7.0, 9.0), "time", 0),
        ("一个半小时", (1.5,), "time", 0),
        ("两年半", (2.5,), "months", 0),
        ("半小时", (0.5,), "time", 0),
        ("不超过5克", (5.0,), "mass", -1),
        ("至少150分钟", (150.0,), "time", 1),
        ("65岁及以上", (65.0,), "months", 1),
        ("百分之五十", (0.5,), "ratio", 0),
        ("三分之一", (1 / 3,), "ratio", 0),
        ("七成", (0.7,), "ratio", 0),
        ("一半", (0.5,), "ratio", 0),
        ("每3个成年人中就有1个", (1 / 3,), "ratio", 0),
        ("140/90毫米汞柱及以上", (140.0, 90.0), "pressure", 1),
        ("3万步", (30000.0,), "step", 0),
        ("80千克", (80.0,), "mass", 0),
        ("39度以上", (39.0,), "temp", 1),
    ],
)
def test_reads_a_figure(text: str, values: tuple[float, ...], dim: str, sign: int) -> None:
    """Value, dimension and limit come out as a reader understands them."""
    first = quantities(text)[0]
    assert first.values == pytest.approx(values)
    assert (first.dim, first.sign) == (dim, sign)


@pytest.mark.parametrize(
    "text",
    [
        "type 2 diabetes",
        "COVID-19",
        "vitamin B12",
        "omega-3",
        "the 1st day",
        "one of the best",
        "2型糖尿病",
        "十二指肠",
        "一些人",
        "四肢",
        "第3次",
        "H1N1",
        "星期三",
    ],
)
def test_names_and_ordinals_are_no_figures(text: str) -> None:
    """Numbers inside names, ordinals and vague "one" are not claims about an amount."""
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("150 minutes", "2.5 hours"),
        ("2 weeks", "14 days"),
        ("0.5 g", "500 mg"),
        ("5.5 h", "5 h 30 min"),
        ("1 year", "12 months"),
        ("100.4 °F", "38 °C"),
        ("7.0 mmol/L", "126 mg/dL"),
        ("5.2 mmol/L", "201 mg/dL"),
        ("48 mmol/mol", "6.5%"),
        ("154 pounds", "70 kg"),
        ("60 kg", "120斤"),
        ("a third", "1 in 3"),
        ("30%", "30 percent"),
        ("18 to 60 years", "aged 18 to 60"),
        ("140/90", "140/90 mmHg"),
        ("7 to 9 hours", "at least 7 hours and at most 9 hours"),
        ("seven hours", "7 hours"),
        ("2 mg/dL", "177 µmol/L"),
    ],
)
def test_same_amount_in_other_words(claim: str, source: str) -> None:
    """An exact conversion or another spelling is the same figure."""
    assert supports(_one(claim), quantities(source))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("9 hours", "7 hours"),
        ("7 minutes", "7 hours"),
        ("5 mg", "5 g"),
        ("3 months", "12 weeks"),
        ("130/90 mmHg", "140/90 mmHg"),
        ("126 mmol/L", "126 mg/dL"),
        ("140/90 bpm", "140/90 mmHg"),
        ("7 to 8 hours", "7 to 9 hours"),
        ("130/120", "130/80 and 180/120"),
        ("7 g", "7 hours"),
        ("3 to 7 days", "5 to 7 days and 1 to 3 days"),
        ("38 °F", "38 °C"),
        ("12 to 12 hours", "8 to 12 hours"),
    ],
)
def test_other_amounts_are_not_the_same(claim: str, source: str) -> None:
    """Another number, unit or range is another figure."""
    assert not supports(_one(claim), quantities(source))


def _one(text: str) -> Quantity:
    return quantities(text)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一百五十", 150.0),
        ("一百五", 150.0),
        ("两", 2.0),
        ("十五", 15.0),
        ("一千零五", 1005.0),
        ("三万", 30000.0),
        ("二〇二二", 2022.0),
        ("百", None),
        ("半", 0.5),
        ("五六", None),
        ("一半", None),
    ],
)
def test_chinese_numerals(text: str, value: float | None) -> None:
    """Chinese number words have their everyday value, or none."""
    assert chinese_value(text) == value
