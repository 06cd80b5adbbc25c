"""Turns one JSON line of a caller into the arguments of ``Triage.assess``, tolerantly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.safety import vitals


def from_json(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Tolerantly turn one JSON line into keyword arguments of ``assess`` (and ``text``).

    ``profile`` may hold numbers, booleans and lists; ``metrics`` may be {kind: value} (with an
    optional "unit" for all), {kind: {"value", "unit"}} or a list of {kind, value, unit, value2}.
    What cannot be read is left out, never an error.
    """
    profile = raw.get("profile")
    history = raw.get("history")
    lang = raw.get("lang")
    text = raw.get("text")
    return {
        "text": text if isinstance(text, str) else "",
        "lang": lang if lang in ("en", "zh") else None,
        "profile": _profile_of(profile) if isinstance(profile, Mapping) else None,
        "metrics": _metrics_of(raw.get("metrics")),
        "history": [_message_of(h) for h in history] if isinstance(history, list) else [],
    }


def _profile_of(raw: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(key): ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in raw.items()
        if value is not None
    }


def _message_of(raw: object) -> str:
    if isinstance(raw, Mapping):
        return str(raw.get("text") or raw.get("content") or "")
    return str(raw)


def _metrics_of(raw: object) -> dict[str, float]:
    """Values by fact name in the units of the rules."""
    return {
        name: number
        for kind, value, unit in _measurements(raw)
        for name, number in _facts_of(kind, value, unit)
    }


def _measurements(raw: object) -> Sequence[tuple[str, object, str]]:
    if isinstance(raw, list):
        rows = [r for r in raw if isinstance(r, Mapping)]
        return [
            (
                str(r.get("kind", "")),
                (r.get("value"), r.get("value2"))
                if r.get("value2") is not None
                else r.get("value"),
                str(r.get("unit") or ""),
            )
            for r in rows
        ]
    if not isinstance(raw, Mapping):
        return []
    shared = str(raw.get("unit") or "")
    rows_of = []
    for kind, value in raw.items():
        if kind != "unit":
            inner = isinstance(value, Mapping)
            number = value.get("value") if isinstance(value, Mapping) else value
            unit = str(value.get("unit") or "") if isinstance(value, Mapping) else shared
            if inner and value.get("value2") is not None:
                number = (number, value.get("value2"))
            rows_of.append((str(kind), number, unit))
    return rows_of


def _facts_of(kind: str, value: object, unit: str) -> Sequence[tuple[str, float]]:
    parts = re.findall(r"-?\d+(?:\.\d+)?", str(value))[:2]
    if not parts or isinstance(value, bool):
        return []
    second = float(parts[1]) if len(parts) > 1 else None
    return list(vitals.fact(kind, float(parts[0]), unit, second))
