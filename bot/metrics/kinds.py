"""The thirteen kinds of metric: their codes, units, conversions and believable ranges.

Owns every medical constant of the package; the grammar and the summaries read this table
and hold no number of their own. Sources:

- Codes: LOINC (loinc.org). Units: UCUM (ucum.org), kept beside the short form people read.
- Glucose: 1 mmol/L = 18.0156 mg/dL, from the molar mass of glucose, 180.156 g/mol (PubChem
  compound 5793); the same factor stands in HealthKit's ``mmol<180.1558800000541>/L``.
- Pound 0.45359237 kg and inch 2.54 cm are exact (international yard and pound agreement,
  1959); stone = 14 lb; US fluid ounce 29.5735295625 mL (NIST Handbook 44, appendix C).
- 斤 = 0.5 kg and 尺 = 1/3 m by definition (market system of 1930, in use in mainland China).
- A glass, cup or 杯 is counted as 250 mL and a bottle or 瓶 as 500 mL: household measures,
  no standard; the Chinese dietary guidelines of 2022 count a cup as about 200 to 250 mL.
- Ranges: ``plausible`` holds what a person who is ill may really show, so that a hypertensive
  crisis or a deep hypoglycaemia is stored without argument; ``possible`` is bounded by
  survival and by what home devices display. They catch slips of the finger, nothing more:
  they are no reference ranges and no threshold of care.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.model import MetricKind

GLUCOSE_MG_PER_MMOL: Final = 18.0156
KG_PER_LB: Final = 0.45359237
CM_PER_INCH: Final = 2.54
ML_PER_US_OZ: Final = 29.5735295625
GLASS_ML: Final = 250.0
BOTTLE_ML: Final = 500.0


@dataclass(frozen=True, slots=True)
class Unit:
    """One accepted unit: canonical value = value * factor + offset."""

    name: str
    factor: float = 1.0
    offset: float = 0.0

    def to_canonical(self, value: float) -> float:
        """The value in the kind's canonical unit."""
        return value * self.factor + self.offset

    def from_canonical(self, value: float) -> float:
        """A canonical value expressed in this unit."""
        return (value - self.offset) / self.factor


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval in canonical units."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Whether the value lies inside, bounds included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """What is known of one kind. ``units`` maps a unit name to its conversion.

    ``second`` ranges are those of the diastolic half of a blood pressure. ``digits`` is how
    many decimals a figure in the canonical unit is shown with.
    """

    kind: MetricKind
    loinc: str
    ucum: str
    unit: str
    units: Mapping[str, Unit]
    plausible: Range
    possible: Range
    digits: int
    second_plausible: Range | None = None
    second_possible: Range | None = None


def _units(*units: Unit) -> Mapping[str, Unit]:
    return MappingProxyType({unit.name: unit for unit in units})


_TABLE: Final = (
    KindInfo(
        kind="weight",
        loinc="29463-7",  # body weight
        ucum="kg",
        unit="kg",
        units=_units(
            Unit("kg"),
            Unit("lb", KG_PER_LB),
            Unit("st", 14 * KG_PER_LB),
            Unit("oz", KG_PER_LB / 16),
            Unit("g", 0.001),
            Unit("斤", 0.5),
        ),
        plausible=Range(20, 300),
        possible=Range(1, 650),
        digits=1,
    ),
    KindInfo(
        kind="height",
        loinc="8302-2",  # body height
        ucum="cm",
        unit="cm",
        units=_units(
            Unit("cm"),
            Unit("m", 100.0),
            Unit("in", CM_PER_INCH),
            Unit("ft", 12 * CM_PER_INCH),
            Unit("尺", 100 / 3),
        ),
        plausible=Range(90, 230),
        possible=Range(40, 275),
        digits=0,
    ),
    KindInfo(
        kind="blood_pressure",
        loinc="85354-9",  # panel: systolic 8480-6, diastolic 8462-4
        ucum="mm[Hg]",
        unit="mmHg",
        units=_units(Unit("mmHg"), Unit("kPa", 7.500617)),
        plausible=Range(60, 260),
        possible=Range(40, 320),
        digits=0,
        second_plausible=Range(30, 160),
        second_possible=Range(15, 220),
    ),
    KindInfo(
        kind="heart_rate",
        loinc="8867-4",
        ucum="/min",
        unit="bpm",
        units=_units(Unit("bpm")),
        plausible=Range(30, 220),
        possible=Range(15, 320),
        digits=0,
    ),
    KindInfo(
        kind="glucose",
        loinc="14745-4",  # glucose in body fluid, moles per volume
        ucum="mmol/L",
        unit="mmol/L",
        units=_units(Unit("mmol/L"), Unit("mg/dL", 1 / GLUCOSE_MG_PER_MMOL)),
        plausible=Range(1.0, 40),
        possible=Range(0.3, 80),
        digits=1,
    ),
    KindInfo(
        kind="sleep",
        loinc="93832-4",  # sleep duration
        ucum="h",
        unit="h",
        units=_units(Unit("h"), Unit("min", 1 / 60)),
        plausible=Range(0.25, 16),
        possible=Range(0, 24),
        digits=2,
    ),
    KindInfo(
        kind="steps",
        loinc="55423-8",  # number of steps in unspecified time
        ucum="{steps}",
        unit="steps",
        units=_units(Unit("steps")),
        plausible=Range(1, 80_000),
        possible=Range(0, 250_000),
        digits=0,
    ),
    KindInfo(
        kind="exercise",
        loinc="55411-3",  # exercise duration
        ucum="min",
        unit="min",
        units=_units(Unit("min"), Unit("h", 60.0)),
        plausible=Range(1, 600),
        possible=Range(0, 1440),
        digits=0,
    ),
    KindInfo(
        kind="water",
        loinc="9108-2",  # fluid intake oral; volume in unspecified time
        ucum="mL",
        unit="mL",
        units=_units(
            Unit("mL"),
            Unit("L", 1000.0),
            Unit("cup", GLASS_ML),
            Unit("glass", GLASS_ML),
            Unit("bottle", BOTTLE_ML),
            Unit("oz", ML_PER_US_OZ),
            Unit("杯", GLASS_ML),
            Unit("瓶", BOTTLE_ML),
        ),
        plausible=Range(20, 8000),
        possible=Range(1, 20_000),
        digits=0,
    ),
    KindInfo(
        kind="mood",
        loinc="",  # no LOINC term for a one-question mood score
        ucum="{score}",
        unit="/10",
        units=_units(Unit("/10")),
        plausible=Range(1, 10),
        possible=Range(1, 10),
        digits=1,
    ),
    KindInfo(
        kind="temperature",
        loinc="8310-5",
        ucum="Cel",
        unit="°C",
        units=_units(Unit("°C"), Unit("°F", 5 / 9, -160 / 9)),
        plausible=Range(33, 42.5),
        possible=Range(28, 46),
        digits=1,
    ),
    KindInfo(
        kind="spo2",
        loinc="59408-5",  # oxygen saturation by pulse oximetry
        ucum="%",
        unit="%",
        units=_units(Unit("%")),
        plausible=Range(60, 100),
        possible=Range(30, 100),
        digits=0,
    ),
    KindInfo(
        kind="waist",
        loinc="8280-0",  # waist circumference at umbilicus
        ucum="cm",
        unit="cm",
        units=_units(
            Unit("cm"), Unit("in", CM_PER_INCH), Unit("m", 100.0), Unit("尺", 100 / 3)
        ),
        plausible=Range(40, 200),
        possible=Range(25, 320),
        digits=0,
    ),
)  # fmt: skip

KINDS: Final[Mapping[MetricKind, KindInfo]] = MappingProxyType({k.kind: k for k in _TABLE})


def to_canonical(kind: MetricKind, value: float, unit: str) -> float:
    """The value in the kind's canonical unit; KeyError when the kind does not know the unit."""
    return KINDS[kind].units[unit].to_canonical(value)


def from_canonical(kind: MetricKind, value: float, unit: str) -> float:
    """A canonical value in ``unit``; KeyError when the kind does not know the unit."""
    return KINDS[kind].units[unit].from_canonical(value)


def plausible(kind: MetricKind, value: float, value2: float | None = None) -> bool:
    """Whether canonical values can be stored without asking (systolic must exceed diastolic)."""
    info = KINDS[kind]
    if value not in info.plausible:
        return False
    if value2 is None or info.second_plausible is None:
        return True
    return value2 in info.second_plausible and value > value2


def possible(kind: MetricKind, value: float, value2: float | None = None) -> bool:
    """Whether canonical values can be true at all, so that "yes, really" may be offered."""
    info = KINDS[kind]
    if value not in info.possible:
        return False
    if value2 is None or info.second_possible is None:
        return True
    return value2 in info.second_possible and value > value2
