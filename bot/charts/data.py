"""A chart as JSON values, so that a letter can wait with the data and be drawn when it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.model import Chart, Lang

Points = tuple[tuple[datetime, float], ...]


def dump(chart: Chart) -> dict[str, Any]:
    """The chart as JSON values; times keep their offset."""
    return {
        "kind": chart.kind,
        "unit": chart.unit,
        "lang": chart.lang,
        "tz": chart.tz,
        "title": chart.title,
        "alt": chart.alt,
        "points": _flat(chart.points),
        "points2": _flat(chart.points2),
    }


def load(values: Mapping[str, Any]) -> Chart:
    """Back from ``dump``. KeyError or ValueError for anything else."""
    lang: Lang = "zh" if values["lang"] == "zh" else "en"
    return Chart(
        kind=values["kind"],
        unit=values["unit"],
        lang=lang,
        tz=values["tz"],
        title=values["title"],
        alt=values["alt"],
        points=_points(values["points"]),
        points2=_points(values["points2"]),
    )


def _flat(points: Points) -> list[list[str | float]]:
    return [[at.isoformat(), value] for at, value in points]


def _points(values: Sequence[Sequence[Any]]) -> Points:
    return tuple((datetime.fromisoformat(at), float(value)) for at, value in values)
