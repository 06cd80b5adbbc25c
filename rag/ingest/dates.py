"""Dates as people and machines write them, to ISO: YYYY, YYYY-MM or YYYY-MM-DD."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[T ].*)?")
_CHINESE = re.compile(r"(\d{4})\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?)?")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_PDF = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?.*")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAY_FIRST = re.compile(r"(?:(\d{1,2})\.?\s+)?([A-Za-z]{3,9})\.?,?\s+(\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})")


def iso_date(value: object) -> str:
    """The date in ISO, or an empty text when it is none; 3/2/2024 is read the American way."""
    text = str(value).strip()[:40] if isinstance(value, str | int | date) else ""
    for pattern in (_ISO, _CHINESE, _PDF):
        found = pattern.fullmatch(text)
        if found:
            return _checked(found[1], found[2], found[3])
    found = _AMERICAN.fullmatch(text)
    if found:
        return _checked(found[3], found[1], found[2])
    found = _MONTH_FIRST.fullmatch(text)
    if found:
        return _checked(found[3], _month(found[1]), found[2])
    found = _DAY_FIRST.fullmatch(text)
    return _checked(found[3], _month(found[2]), found[1]) if found else ""


def full_date(value: object) -> str:
    """The same, but only a complete date (YYYY-MM-DD) counts."""
    found = iso_date(value)
    return found if len(found) == 10 else ""


def _month(name: str) -> str:
    short = name[:3].lower()
    return str(_MONTHS.index(short) + 1) if short in _MONTHS else "0"


def _checked(year: str, month: str | None, day: str | None) -> str:
    try:
        found = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return ""
    if not 1900 <= found.year <= 2100:
        return ""
    return found.isoformat()[: 10 if day else 7 if month else 4]
