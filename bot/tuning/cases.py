"""The fixed suites of the evaluation: what is said to Salus, and what its answer must hold.

One case a line: {"id", "suite", "lang", "say": [messages], "facts": [[alternatives], …],
"kinds": [kinds of reply that are right]}. The last reply is the one that is judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bot.errors import InputError
from bot.model import Lang

Suite = Literal["grounded", "safety", "overrefusal", "memory", "metrics", "harmful"]
OWN: Final = Path(__file__).parent / "suites" / "own.jsonl"
GATE: Final = Path(__file__).parent / "suites" / "gate.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One conversation and what its last answer must hold."""

    id: str
    suite: Suite
    lang: Lang
    say: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...] = ()
    kinds: tuple[str, ...] = ()


def load(path: Path = OWN) -> list[Case]:
    """The cases of a file; InputError names a line that is none."""
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(str(path), fault=f"{path} cannot be read") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            case = Case(
                id=row["id"], suite=row["suite"], lang=row["lang"], say=tuple(row["say"]),
                facts=tuple(tuple(fact) for fact in row.get("facts", ())),
                kinds=tuple(row.get("kinds", ())),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            fault = f"{path}, line {number}: no case"
            raise InputError(fault, fault=fault) from error
        found.append(case)
    return found


def harmful(path: Path, limit: int) -> list[Case]:
    """Requests that ask for harm, spread over the file: ``request`` of each row."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    step = max(1, len(rows) // limit)
    return [
        Case(id=f"h-{n:04}", suite="harmful", lang="en", say=(rows[n]["request"],))
        for n in range(0, len(rows), step)[:limit]
    ]


def fingerprint(cases: Iterable[Case]) -> str:
    """A sha256 over everything that is asked and expected."""
    rows: Sequence[str] = sorted(repr(case) for case in cases)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
