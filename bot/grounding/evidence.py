"""The sentences of the cited passages, and which of them a claim rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.grounding.claims import Claims, Item, extract, language
from bot.grounding.sentences import split_sentences

__all__ = ["Evidence", "Support", "select", "sources_of"]

_MOST_SENTENCES = 4  # a faithful sentence merges at most this many
_FIGURE = 0.8  # content weight of a figure that the source holds as it stands
_CLAUSE = 0.9  # content weight from which a clause must be covered on its own
_GAIN = 0.15  # share of a clause another sentence must say more of


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source sentence; ``around`` is what its title and the two sentences before it name."""

    claims: Claims
    around: frozenset[str]
    passage: int


@dataclass(frozen=True, slots=True)
class Support:
    """The best source sentences for a claim. Coverages are shares of its content weight."""

    evidence: tuple[Evidence, ...]
    coverage: float
    single: float
    run: float  # weight of the longest uncovered stretch
    clause: float  # coverage of the worst clause that says anything of weight
    missing: tuple[Item, ...]


@lru_cache(maxsize=256)
def sources_of(text: str, title: str, passage: int) -> tuple[Evidence, ...]:
    """All sentences of one passage, analysed once, wherever in a prompt it stands."""
    return tuple(Evidence(claims, around, passage) for claims, around in _analysed(text, title))


@lru_cache(maxsize=1024)  # a knowledge base as shipped; about 10 KiB each
def _analysed(text: str, title: str) -> tuple[tuple[Claims, frozenset[str]], ...]:
    """Each sentence with what its title and the two sentences before it name."""
    lang = language(text)
    heading = extract(title, lang).keys if title else frozenset[str]()
    found: list[tuple[Claims, frozenset[str]]] = []
    before: list[frozenset[str]] = []
    for sentence in split_sentences(text):
        claims = extract(sentence, lang)
        found.append((claims, heading.union(*before[-2:])))
        before.append(claims.keys)
    return tuple(found)


def select(claims: Claims, evidence: Sequence[Evidence], extra: Sequence[Evidence] = ()) -> Support:
    """The few sentences that together carry ``claims``; ``extra`` always count.

    First the best sentence for the whole, then for every clause (a merged sentence rests on
    two) and every figure the one that says clearly more of it than those already chosen.
    """
    chosen = list(extra)
    best = max(evidence, key=lambda e: _rank(claims, claims.items, e), default=None)
    if best is not None:
        chosen.insert(0, best)
        for items in _clauses(claims):
            _add_better(chosen, evidence, claims, items)
        _add_figures(chosen, evidence, claims)
    keys = frozenset[str]().union(*(e.claims.keys for e in chosen))
    helped = keys.union(*(e.around for e in chosen))
    figures = _FIGURE * len(claims.quantities)
    carried = _FIGURE * max((_figures(claims, e) for e in chosen), default=0)
    total = claims.weight + figures
    single = max((_covered(claims.items, e.claims.keys) for e in chosen), default=0.0)
    return Support(
        evidence=tuple(chosen),
        coverage=(_soft_cover(claims, keys, helped) + carried) / total if claims.weight else 1.0,
        single=(single + carried) / total if claims.weight else 1.0,
        run=_longest_run(claims, helped),
        clause=_worst_clause(claims, helped),
        missing=tuple(item for item in claims.items if not item.keys & helped),
    )


def _add_better(
    chosen: list[Evidence], evidence: Sequence[Evidence], claims: Claims, items: Sequence[Item]
) -> None:
    """Add the sentence that carries ``items`` clearly better than any chosen one."""
    if len(chosen) > _MOST_SENTENCES:
        return
    weight = sum(item.weight for item in items)
    have = max(_covered(items, e.claims.keys) for e in chosen)
    best = max(evidence, key=lambda e: _rank(claims, items, e))
    if best not in chosen and _covered(items, best.claims.keys) - have >= _GAIN * max(weight, 1.0):
        chosen.append(best)


def _add_figures(chosen: list[Evidence], evidence: Sequence[Evidence], claims: Claims) -> None:
    """Add a sentence that holds at least two more of the claim's figures than any chosen one."""
    have = max(_figures(claims, e) for e in chosen)
    best = max(evidence, key=lambda e: _figures(claims, e))
    if _figures(claims, best) >= have + 2 and best not in chosen:
        chosen.append(best)


def _clauses(claims: Claims) -> list[list[Item]]:
    """Items by clause; a clause of less than ``_CLAUSE`` weight joins the one before it."""
    groups: list[list[Item]] = []
    last = -1
    for item in claims.items:
        light = bool(groups) and sum(i.weight for i in groups[-1]) < _CLAUSE
        if groups and (item.clause == last or light):
            groups[-1].append(item)
        else:
            groups.append([item])
        last = item.clause
    return groups


def _rank(claims: Claims, items: Sequence[Item], evidence: Evidence) -> tuple[float, float, int]:
    """How much of ``items`` it says, then of the whole; among equals the one saying least else."""
    part = _covered(items, evidence.claims.keys) + 0.25 * _figures(claims, evidence)
    return part, _covered(claims.items, evidence.claims.keys), -len(evidence.claims.items)


def _figures(claims: Claims, evidence: Evidence) -> int:
    theirs = {v for q, _, _ in evidence.claims.quantities for v in q.values}
    return sum(all(v in theirs for v in q.values) for q, _, _ in claims.quantities)


def _covered(items: Sequence[Item], keys: frozenset[str]) -> float:
    return sum(item.weight for item in items if item.keys & keys)


def _soft_cover(claims: Claims, keys: frozenset[str], helped: frozenset[str]) -> float:
    """Full weight for the sentence's own words, half for what only its surroundings name."""
    direct = _covered(claims.items, keys)
    return direct + 0.5 * (_covered(claims.items, helped) - direct)


def _longest_run(claims: Claims, keys: frozenset[str]) -> float:
    longest = current = 0.0
    for item in claims.items:
        current = 0.0 if item.keys & keys else current + item.weight
        longest = max(longest, current)
    return longest


def _worst_clause(claims: Claims, keys: frozenset[str]) -> float:
    """The share covered of the least covered clause that says anything of weight."""
    worst = 1.0
    for items in _clauses(claims):
        weight = sum(item.weight for item in items)
        if weight >= _CLAUSE:
            worst = min(worst, _covered(items, keys) / weight)
    return worst
