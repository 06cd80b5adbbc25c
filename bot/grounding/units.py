"""Units of measure as people write them, in English and Chinese, and their exact conversions.

A unit is (dimension, factor to the base of that dimension, offset). Calendar months and years
are a dimension of their own, because no exact number of days makes a month. mg/dL and mmol/L
are tied by molar mass, which depends on what was measured (``MOLAR``); HbA1c by the IFCC
master equation (NGSP % = 0.09148 x mmol/mol + 2.152).
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Unit(NamedTuple):
    """``base = value * factor + offset``."""

    dim: str
    factor: float
    offset: float = 0.0


_TABLE: dict[str, tuple[str, float, float]] = {
    "s sec secs second seconds 秒 秒钟": ("time", 1, 0),
    "min mins minute minutes 分钟 分鐘": ("time", 60, 0),
    "h hr hrs hour hours 小时 个小时 钟头 个钟头 個小時": ("time", 3600, 0),
    "day days night nights 天 日 晚 个晚上 夜": ("time", 86400, 0),
    "week weeks wk wks 周 星期 个星期 个礼拜 礼拜": ("time", 604800, 0),
    "fortnight fortnights": ("time", 1209600, 0),
    "month months 个月 月": ("months", 1, 0),
    "year years yr yrs 年 岁 周岁 岁半 yo": ("months", 12, 0),
    "mcg µg μg ug microgram micrograms 微克": ("mass", 1e-6, 0),
    "mg milligram milligrams 毫克": ("mass", 1e-3, 0),
    "g gram grams gramme grammes 克": ("mass", 1, 0),
    "kg kgs kilo kilos kilogram kilograms 千克 公斤": ("mass", 1000, 0),
    "斤 市斤": ("mass", 500, 0),
    "oz ounce ounces 盎司": ("mass", 28.349523125, 0),
    "lb lbs pound pounds 磅": ("mass", 453.59237, 0),
    "stone stones 英石": ("mass", 6350.29318, 0),
    "ml milliliter milliliters millilitre millilitres cc 毫升": ("volume", 1e-3, 0),
    "cl centilitre centilitres": ("volume", 1e-2, 0),
    "l liter liters litre litres 升": ("volume", 1, 0),
    "pint pints 品脱": ("volume", 0.56826125, 0),
    "cup cups 杯": ("cup", 1, 0),
    "glass glasses": ("cup", 1, 0),
    "teaspoon teaspoons tsp 茶匙": ("volume", 0.005, 0),
    "tablespoon tablespoons tbsp 汤匙": ("volume", 0.015, 0),
    "mm millimeter millimeters millimetre millimetres 毫米": ("length", 1e-3, 0),
    "cm centimeter centimeters centimetre centimetres 厘米 公分": ("length", 1e-2, 0),
    "m meter meters metre metres 米": ("length", 1, 0),
    "km kilometer kilometers kilometre kilometres 公里 千米": ("length", 1000, 0),
    "inch inches 英寸": ("length", 0.0254, 0),
    "foot feet ft 英尺": ("length", 0.3048, 0),
    "mile miles 英里": ("length", 1609.344, 0),
    "°c ℃ degrees_celsius degrees_c degree_celsius celsius 摄氏度 度": ("temp", 1, 0),
    "°f ℉ degrees_fahrenheit degrees_f fahrenheit 华氏度": ("temp", 5 / 9, -160 / 9),
    "mmhg mm_hg 毫米汞柱 毫米水银柱": ("pressure", 1, 0),
    "kpa 千帕": ("pressure", 7.50061683, 0),
    "mg/dl 毫克/分升": ("mg/dl", 1, 0),
    "mmol/l mmol/liter mmol/litre 毫摩尔/升 毫摩尔每升": ("mmol/l", 1, 0),
    "µmol/l μmol/l umol/l 微摩尔/升": ("umol/l", 1, 0),
    "mmol/mol": ("mmol/mol", 1, 0),
    "g/l 克/升": ("g/l", 1, 0),
    "g/dl 克/分升": ("g/l", 10, 0),
    "ng/ml µg/l μg/l ug/l mcg/l 微克/升 纳克/毫升": ("ng/ml", 1, 0),
    "pg/ml 皮克/毫升": ("pg/ml", 1, 0),
    "miu/l mu/l µiu/ml 毫国际单位/升": ("miu/l", 1, 0),
    "kg/m2 kg/m² kg/m^2 千克/平方米 公斤/平方米": ("bmi", 1, 0),
    "% percent per_cent % 个百分点": ("ratio", 0.01, 0),
    "bpm beats_per_minute beats_a_minute beats/min 次/分 次/分钟 次每分钟": ("bpm", 1, 0),
    "breaths_per_minute breaths_a_minute": ("bpm", 1, 0),
    "kcal kcals calorie calories cal kilocalories 千卡 大卡 卡路里": ("energy", 1, 0),
    "kj kilojoule kilojoules 千焦": ("energy", 1 / 4.184, 0),
    "iu 国际单位": ("iu", 1, 0),
    "unit units 单位": ("unit", 1, 0),
    "step steps 步": ("step", 1, 0),
    "time times 次": ("times", 1, 0),
    "fold 倍": ("fold", 1, 0),
    "drink drinks": ("drink", 1, 0),
    "serving servings portion portions 份": ("serving", 1, 0),
    "tablet tablets pill pills capsule capsules 片 粒": ("tablet", 1, 0),
    "dose doses puff puffs 剂": ("dose", 1, 0),
    "people persons adults children women men 人 名": ("people", 1, 0),
    "meal meals 餐": ("meal", 1, 0),
    "个 种 类 项 条 组 例 口 段 步骤 支 袋 勺 只 盒": ("", 1, 0),
    "点 点钟 时 o'clock a.m. p.m. am pm": ("clock", 1, 0),
}
UNITS: dict[str, Unit] = {
    alias.replace("_", " "): Unit(*entry)
    for names, entry in _TABLE.items()
    for alias in names.split()
}

# mg/dL = mmol/L x this: glucose, cholesterol, triglycerides (g/mol / 10).
MOLAR = (18.016, 38.67, 88.57)
MICROMOLAR = (88.4, 59.48)  # umol/L = mg/dL x this: creatinine, uric acid


def _alternation(latin: bool) -> str:
    names = [name for name in UNITS if name.isascii() == latin or (latin and name[0] in "°µμ")]
    ordered = sorted(names, key=len, reverse=True)
    return "|".join(re.escape(name).replace(r"\ ", r"\s?") for name in ordered)


_SYMBOLS = r"°\s?[cf]|℃|℉|º\s?[cf]"
_LATIN = re.compile(
    rf"[\s\u00a0]?[-‑]?(?:({_SYMBOLS}|%|%)|((?:{_alternation(True)})(?![A-Za-z/²^])"
    rf"|[CF](?![A-Za-z])))",
    re.IGNORECASE,
)
_HAN = re.compile(rf"\s?({_alternation(False)})")
_BARE_DEGREES = re.compile(r"[CF](?![A-Za-z])")


def unit_at(text: str, position: int) -> tuple[str, Unit, int] | None:
    """The unit that starts at ``position`` (after at most one space or hyphen), and its end."""
    match = _LATIN.match(text, position)
    if match:
        name = re.sub(r"\s", " ", match.group().strip(" \u00a0-‑")).replace("º", "°").lower()
        name = name.replace("° ", "°")
        if name in {"c", "f"}:
            if match.group()[-1] in "cf":
                return None
            name = "°" + name
        found = UNITS.get(name) or UNITS.get(name.replace(" ", ""))
        return None if found is None else (name, found, match.end())
    match = _HAN.match(text, position)
    if match:
        return match.group(1), UNITS[match.group(1)], match.end()
    return None


def convertible(claimed: float, claim_unit: Unit, value: float, unit: Unit) -> float | None:
    """``value`` of ``unit`` expressed in ``claim_unit``, or None when no exact rule does it.

    For concentrations the factor nearest to the claim is taken among the analytes of ``MOLAR``.
    """
    if claim_unit.dim == unit.dim:
        return (value * unit.factor + unit.offset - claim_unit.offset) / claim_unit.factor
    options = _molar(claim_unit.dim, unit.dim, value)
    if not options:
        return None
    return min(options, key=lambda option: abs(option - claimed))


def _molar(to: str, frm: str, value: float) -> list[float]:
    pair = (frm, to)
    if pair == ("mg/dl", "mmol/l"):
        return [value / factor for factor in MOLAR]
    if pair == ("mmol/l", "mg/dl"):
        return [value * factor for factor in MOLAR]
    if pair == ("mg/dl", "umol/l"):
        return [value * factor for factor in MICROMOLAR]
    if pair == ("umol/l", "mg/dl"):
        return [value / factor for factor in MICROMOLAR]
    if pair == ("ratio", "mmol/mol"):
        return [(value - 2.152) / 0.09148]
    if pair == ("mmol/mol", "ratio"):
        return [value * 0.09148 + 2.152]
    return []
