"""The JSON face of the checker: what ``salus ground --json`` reads and writes, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.errors import InputError
from bot.grounding.check import Checker, CitedPassage

__all__ = ["from_json", "ground_json"]


def ground_json(obj: Mapping[str, object], checker: Checker | None = None) -> dict[str, object]:
    """Check one answer given as JSON.

    ``{"id", "answer", "passages": [{"id", "text", "title"?}], "metrics"?}`` ->
    ``{"id", "supported", "sentences": [{"text", "supported", "why"}]}``. Citations are
    optional here: without a mark, every passage is a candidate. Raises InputError when
    ``answer`` or ``passages`` is missing or of the wrong kind.
    """
    answer = obj.get("answer")
    if not isinstance(answer, str):
        raise InputError('"answer" must be a text', field="answer")
    report = (checker or Checker()).check(
        answer,
        _passages(obj.get("passages")),
        metrics=from_json(obj.get("metrics")),
        citations="optional",
    )
    return {
        "id": obj.get("id"),
        "supported": report.supported,
        "sentences": [
            {"text": s.text, "supported": s.supported, "why": s.why} for s in report.sentences
        ],
    }


def _passages(value: object) -> list[CitedPassage]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError('"passages" must be a list', field="passages")
    found: list[CitedPassage] = []
    for number, row in enumerate(value, start=1):
        if isinstance(row, str):
            row = {"text": row}  # noqa: PLW2901 (a bare text is a passage without an id)
        if not isinstance(row, Mapping) or not isinstance(row.get("text"), str):
            raise InputError(f'passage {number} needs a "text"', field="passages")
        name = row.get("id", number)
        found.append(CitedPassage(str(name), row["text"], str(row.get("title") or "")))
    return found


def from_json(metrics: object) -> list[str]:
    """Metric lines from any usual shape.

    A list of texts; a list of ``{"kind", "value", "unit"}`` (further keys are kept as words);
    a mapping of kind to value, text or such an object; one text.
    """
    if metrics is None:
        return []
    if isinstance(metrics, str):
        return [line for line in metrics.splitlines() if line.strip()]
    if isinstance(metrics, Mapping):
        if {"kind", "value"} <= set(metrics):
            return [_line(metrics)]
        return [_line(v, str(k)) for k, v in metrics.items()]
    if isinstance(metrics, Sequence):
        return [_line(entry) for entry in metrics]
    return [str(metrics)]


def _line(entry: object, kind: str = "") -> str:
    if not isinstance(entry, Mapping):
        return f"{kind}: {entry}" if kind else str(entry)
    name = str(entry.get("kind") or kind)
    value = entry.get("value", "")
    if isinstance(value, list | tuple):
        value = "/".join(str(part) for part in value)
    if entry.get("value2") is not None:
        value = f"{value}/{entry['value2']}"
    known = {"kind", "value", "value2", "unit"}
    unit = str(entry.get("unit") or "")
    rest = [
        f"{k} {v} {unit if _is_figure(v) else ''}".strip()
        for k, v in entry.items()
        if k not in known
    ]
    head = f"{name.replace('_', ' ')}: {value} {unit}".strip()
    return "; ".join([head, *rest])


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
