"""Emergency and crisis numbers per country, from the dated table; nothing here is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from bot.safety.data import data_folder, read_yaml
from bot.safety.errors import SafetyDataError
from rag.types import Lang

MAX_AGE_DAYS = 400
_ALIASES = {"UK": "GB", "EL": "GR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisLine:
    """A mental-health crisis line with its name and opening hours in both languages."""

    names: Mapping[Lang, str]
    number: str
    channel: str
    hours: Mapping[Lang, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryNumbers:
    """The numbers of one country (ISO 3166-1 alpha-2 code)."""

    country: str
    names: Mapping[Lang, str]
    ambulance: str
    general: str
    crisis: tuple[CrisisLine, ...]
    poison: str
    organisation: str
    url: str
    checked: date


@cache
def numbers_table(data_dir: Path | None = None) -> Mapping[str, CountryNumbers]:
    """All countries by code. Raises SafetyDataError naming the row that is malformed."""
    rows = read_yaml(data_folder(data_dir) / "emergency_numbers.yaml").get("countries")
    if not isinstance(rows, list):
        raise SafetyDataError("emergency_numbers.yaml: countries must be a list")
    table: dict[str, CountryNumbers] = {}
    for row in rows:
        found = _country(row)
        if found.country in table:
            raise SafetyDataError(f"emergency_numbers.yaml: {found.country} stands twice")
        table[found.country] = found
    return table


def for_country(country: str) -> CountryNumbers | None:
    """The numbers of a country code, or None when it is empty or not in the table."""
    code = country.strip().upper()
    return numbers_table().get(_ALIASES.get(code, code))


def stale_rows(today: date) -> list[str]:
    """Rows that were checked too long ago, or in the future, as seen from ``today``."""
    return [
        f"emergency_numbers.yaml: {row.country} was checked on {row.checked}"
        for row in numbers_table().values()
        if not 0 <= (today - row.checked).days <= MAX_AGE_DAYS
    ]


def _country(row: dict[str, Any]) -> CountryNumbers:
    try:
        return CountryNumbers(
            country=_code(row["country"]),
            names={"en": row["name_en"], "zh": row["name_zh"]},
            ambulance=_number(row["ambulance"]),
            general=_number(row["general"]),
            crisis=tuple(_line(line) for line in row.get("crisis") or ()),
            poison=str(row.get("poison") or ""),
            organisation=_filled(row["source"]["organisation"]),
            url=_filled(row["source"]["url"]),
            checked=date.fromisoformat(str(row["checked"])),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SafetyDataError(f"emergency_numbers.yaml: {row!r}: {error!r}") from error


def _line(line: Mapping[str, str]) -> CrisisLine:
    return CrisisLine(
        names={"en": line["name_en"], "zh": line["name_zh"]},
        number=_number(line["number"]),
        channel=line["channel"],
        hours={"en": line["hours_en"], "zh": line["hours_zh"]},
    )


def _code(value: str) -> str:
    if len(value) != 2 or not value.isupper():
        raise ValueError(f"{value!r} is no country code")
    return value


def _number(value: str) -> str:
    if not isinstance(value, str) or not any(c.isdigit() for c in value):
        raise ValueError(f"{value!r} is no telephone number")
    return value


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("a source is missing")
    return value
