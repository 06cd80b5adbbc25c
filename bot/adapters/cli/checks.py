"""``salus triage`` and ``salus ground``: the safety rules and the grounding check, in batches."""

from __future__ import annotations

from bot.adapters.cli import jsonl
from bot.errors import InputError


def run_triage(text: str, *, as_json: bool) -> None:
    """One message, or rows ``{"id","text","lang"?,"profile"?,"metrics"?,"history"?}``."""
    from bot.safety import Triage, from_json

    triage = Triage.load()

    def verdict(row: jsonl.Row) -> dict[str, object]:
        jsonl.text_of(row)
        result = triage.assess(**from_json(row))
        return {"level": result.level, "category": result.category, "why": result.why}

    if not text:
        jsonl.each(verdict)
        return
    found = verdict({"text": text})
    if as_json:
        jsonl.emit(found)
        return
    print(f"{found['level']}  {found['category']}  {found['why']}".rstrip())


def run_ground() -> None:
    """Rows ``{"id","answer","passages":[{"id","text"}],"metrics"?}``."""
    from bot.grounding.api import ground_json

    def verdict(row: jsonl.Row) -> dict[str, object]:
        if not isinstance(row.get("passages"), list):
            raise InputError("passages", fault="field 'passages' is missing or not a list")
        jsonl.text_of(row, "answer")
        return {k: v for k, v in ground_json(row).items() if k != "id"}

    jsonl.each(verdict)
