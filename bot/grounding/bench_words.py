"""Word tables of the benchmark, read from ``bench_words.yaml`` on first use.

What a careless or a faithful writer would put instead; kept apart from the checker's lexicon
on purpose, and holding words it does not know.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from rag.types import Lang

__all__ = ["Pairs", "names", "pairs", "phrases"]

Pairs = tuple[tuple[str, str], ...]


@cache
def _tables() -> dict[str, dict[str, object]]:
    text = (files("bot") / "grounding" / "bench_words.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, object]] = yaml.safe_load(text)
    return loaded


@cache
def phrases(table: str, lang: Lang) -> tuple[str, ...]:
    """The plain sentences or phrases of a table."""
    rows = _tables()[table][lang]
    return tuple(str(row) for row in rows) if isinstance(rows, list) else ()


@cache
def pairs(table: str, lang: Lang) -> Pairs:
    """(old, new) of a table whose rows read "old > new"."""
    split = (row.partition(" > ") for row in phrases(table, lang))
    return tuple((old, new) for old, _, new in split)


@cache
def names(kind: str, lang: Lang) -> tuple[str, ...]:
    """The names of one kind (condition, group, medicine, thing, organ) that can be swapped."""
    kinds = _tables()["swaps"][kind]
    return tuple(str(kinds[lang]).split(", ")) if isinstance(kinds, dict) else ()
