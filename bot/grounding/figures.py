"""Do the figures of a claim stand in its source, in the same place, with the same limit?

Being somewhere in the passage is not enough: a figure counts against the claim when the
source gives another one for the same context, and when figures changed places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bot.grounding.claims import Claims, Placed
from bot.grounding.evidence import Evidence, Support
from bot.grounding.findings import Finding, overlap
from bot.grounding.quantities import Quantity, supports

__all__ = ["compare_figures"]

_RIVAL = 0.25  # a differing source figure must fit this much better to count against a claim
_SPAN_OR_RATE = re.compile(
    r"一[天日晚夜周年]|一星期|一礼拜|one (?:day|night|week|year)|24 ?(?:hours?|h)|24小时",
    re.IGNORECASE,
)


def compare_figures(
    claims: Claims, support: Support, cited: Sequence[Evidence], personal: bool
) -> list[Finding]:
    """Findings about every figure of ``claims``; ``cited`` are all sentences it may rest on."""
    found: list[Finding] = []
    near = [placed for e in support.evidence for placed in e.claims.quantities]
    wide = [placed for e in cited for placed in e.claims.quantities]
    for placed in claims.quantities:
        if _SPAN_OR_RATE.fullmatch(placed.figure.text):
            continue  # "a day", "24 hours": compared as a rate
        found += _figure(placed, near, wide, personal)
    return found + _order(claims, support) + _repeated(claims, near)


def _figure(claim: Placed, near: list[Placed], wide: list[Placed], personal: bool) -> list[Finding]:
    name = claim.figure.text.strip()
    carriers = _carriers(claim, near)
    if not carriers:
        carriers = [p for p in _carriers(claim, wide) if _same_place(claim, p)]
    if not carriers:
        return [Finding(1.0, f"number {name} not in the cited passage", "number")]
    fit = max(_fit(claim, p) for p in carriers)
    rivals = [p for p in near if _rivals(claim.figure, p.figure)]
    if personal:  # metric lines name their window in the same breath
        rivals = [p for p in rivals if p.figure.unit == claim.figure.unit]
    rival = max(rivals, key=lambda p: _fit(claim, p), default=None)
    margin = 2 * _RIVAL if personal else _RIVAL  # metric lines share little wording with prose
    if rival is not None and _fit(claim, rival) > fit + margin:
        return [Finding(1.0, f"says {name}, source says {rival.figure.text.strip()}", "number")]
    if personal:
        return []
    same_unit = [p for p in carriers if p.figure.unit == claim.figure.unit] or carriers
    best = max(_fit(claim, p) for p in same_unit)
    return _limit(claim.figure, [p.figure for p in same_unit if _fit(claim, p) >= best - 0.02])


def _carriers(claim: Placed, placed: list[Placed]) -> list[Placed]:
    hits = supports(claim.figure, [p.figure for p in placed])
    return [p for p in placed if any(p.figure is hit for hit in hits)]


def _same_place(claim: Placed, source: Placed) -> bool:
    return not claim.context or overlap(claim.context, source.context) >= 0.5


def _rivals(one: Quantity, other: Quantity) -> bool:
    comparable = one.dim == other.dim or not one.dim or not other.dim
    return comparable and not supports(one, [other])


def _fit(claim: Placed, source: Placed) -> float:
    return 0.5 * overlap(claim.context, source.context) + 0.5 * overlap(claim.near, source.near)


def _limit(figure: Quantity, carriers: list[Quantity]) -> list[Finding]:
    """Is "at least" still "at least"? Dropping a limit is milder than adding or turning one."""
    name = figure.text.strip()
    signs = {q.sign for q in carriers}
    if figure.sign in signs:
        return []
    if figure.sign == 0:
        return [Finding(0.15, f"drops the limit at {name}", "limit")]
    if -figure.sign in signs and 0 not in signs:
        return [Finding(1.0, f"turns the limit at {name} round", "limit")]
    pick = max if figure.sign < 0 else min
    if figure.values[0] in {pick(q.values) for q in carriers if q.kind == "range"}:
        return []  # "at least 7" of "7 to 9"
    return [Finding(0.45, f"adds a limit to {name}", "limit")]


def _order(claims: Claims, support: Support) -> list[Finding]:
    """Figures of one source sentence that changed places while its words did not."""
    first = next(iter(support.evidence), None)
    if first is None or support.single < 0.9 or len(claims.quantities) < 2:
        return []
    words = _positions([i.text for i in claims.items], [i.text for i in first.claims.items])
    ours = [_spoken(p.figure) for p in claims.quantities]
    figures = _positions(ours, [_spoken(p.figure) for p in first.claims.quantities])
    if figures == sorted(figures) or words != sorted(words):
        return []
    return [Finding(1.0, "figures of the source change places", "number")]


def _repeated(claims: Claims, near: list[Placed]) -> list[Finding]:
    """A figure said more often than the source says it, while one of the source's is missing."""
    ours = Counter(_spoken(p.figure) for p in claims.quantities)
    theirs = Counter(_spoken(p.figure) for p in near)
    for placed in claims.quantities:
        name = _spoken(placed.figure)
        if not theirs[name] or ours[name] <= theirs[name]:
            continue
        left = [
            p for p in near if p.figure.unit == placed.figure.unit and not ours[_spoken(p.figure)]
        ]
        if left:
            missing = left[0].figure.text.strip()
            why = f"repeats {placed.figure.text.strip()}, source says {missing}"
            return [Finding(1.0, why, "number")]
    return []


def _spoken(figure: Quantity) -> str:
    return f"{figure.values} {figure.unit}"


def _positions(ours: list[str], theirs: list[str]) -> list[int]:
    """Where the pieces that both sides hold exactly once stand in the source."""
    return [theirs.index(x) for x in ours if theirs.count(x) == 1 and ours.count(x) == 1]
