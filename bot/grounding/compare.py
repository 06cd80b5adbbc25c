"""Where a claim and its source disagree: figures, names, directions, negation.

Each comparison returns ``Finding``s. A finding of severity 1 sinks the sentence on its own;
softer ones lower its score. Figures and directions are compared with the value the source
gives *in the same context*, so that two true values swapped inside one text are found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.grounding.claims import Claims, Placed, Slot
from bot.grounding.evidence import Evidence, Support
from bot.grounding.lexicon import MEDICINE, medicine_class
from bot.grounding.quantities import Quantity, supports

__all__ = ["Finding", "compare"]

_ONE_SPAN = re.compile(r"一[天日晚夜周年]|一星期|一礼拜|one (?:day|night|week|year)", re.IGNORECASE)
_RIVAL = 0.25  # a differing source figure must fit this much better to count against a claim
_SWAPPED = 0.3
_NAMED = frozenset(
    {
        MEDICINE,
        "condition",
        "group",
        "measure",
        "substance",
        "body",
        "body_organisation",
        "treatment",
        "food_time",
        "weekday",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: 0 < severity <= 1, and a line a reviewer can check."""

    severity: float
    why: str
    kind: str


def compare(
    claims: Claims, support: Support, cited: Sequence[Evidence], personal: bool = False
) -> list[Finding]:
    """All disagreements between a claim and its support (``cited``: every allowed sentence).

    ``personal``: a figure comes from the person's own metrics, so "below the advised 7 hours"
    is a comparison and not a statement of the source's limit.
    """
    found = _figures(claims, support, cited, personal)
    found += _order(claims, support)
    found += _names(claims, support, cited)
    found += _absolutes(claims, support)
    found += _directions(claims, support)
    found += _negations(claims, support)
    return found


# --- figures -------------------------------------------------------------------


def _figures(
    claims: Claims, support: Support, cited: Sequence[Evidence], personal: bool
) -> list[Finding]:
    found: list[Finding] = []
    near = [placed for e in support.evidence for placed in e.claims.quantities]
    wide = [placed for e in cited for placed in e.claims.quantities]
    for placed in claims.quantities:
        if _ONE_SPAN.fullmatch(placed.figure.text):
            continue  # "a day": compared as a rate
        found += _figure(placed, near, wide, personal)
    return found


def _figure(claim: Placed, near: list[Placed], wide: list[Placed], personal: bool) -> list[Finding]:
    name = claim.figure.text.strip()
    carriers = _carriers(claim, near)
    if not carriers:
        carriers = [p for p in _carriers(claim, wide) if _same_place(claim, p)]
    if not carriers:
        return [Finding(1.0, f"number {name} not in the cited passage", "number")]
    fit = max(_placed_fit(claim, p) for p in carriers)
    rivals = [p for p in near if _rivals(claim.figure, p.figure)]
    rival = max(rivals, key=lambda p: _placed_fit(claim, p), default=None)
    if rival is not None and _placed_fit(claim, rival) > fit + _RIVAL:
        return [Finding(1.0, f"says {name}, source says {rival.figure.text.strip()}", "number")]
    if personal:
        return []
    return _comparator(
        claim.figure, [p.figure for p in carriers if _placed_fit(claim, p) >= fit - 0.1]
    )


def _carriers(claim: Placed, placed: list[Placed]) -> list[Placed]:
    hits = supports(claim.figure, [p.figure for p in placed])
    return [p for p in placed if any(p.figure is hit for hit in hits)]


def _same_place(claim: Placed, source: Placed) -> bool:
    return not claim.context or _overlap(claim.context, source.context) >= 0.5


def _rivals(one: Quantity, other: Quantity) -> bool:
    comparable = one.dim == other.dim or not one.dim or not other.dim
    return comparable and not supports(one, [other])


def _placed_fit(claim: Placed, source: Placed) -> float:
    return 0.5 * _overlap(claim.context, source.context) + 0.5 * _overlap(claim.near, source.near)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one) if one else 0.0


def _comparator(figure: Quantity, carriers: list[Quantity]) -> list[Finding]:
    signs = {q.sign for q in carriers}
    if figure.sign in signs:
        return []
    if figure.sign == 0:
        return [Finding(0.15, f"drops the limit at {figure.text.strip()}", "comparator")]
    if -figure.sign in signs and 0 not in signs:
        return [Finding(1.0, f"turns the limit at {figure.text.strip()} round", "comparator")]
    ends = {
        max(q.values) if figure.sign < 0 else min(q.values) for q in carriers if q.kind == "range"
    }
    if figure.values[0] in ends:
        return []
    return [Finding(0.45, f"adds a limit to {figure.text.strip()}", "comparator")]


def _order(claims: Claims, support: Support) -> list[Finding]:
    """Figures of one source sentence that changed places while its words did not."""
    first = next(iter(support.evidence), None)
    if first is None or support.single < 0.9 or len(claims.quantities) < 2:
        return []
    words = _positions([i.text for i in claims.items], [i.text for i in first.claims.items])
    figures = _positions(
        [_spoken(p.figure) for p in claims.quantities],
        [_spoken(p.figure) for p in first.claims.quantities],
    )
    if len(figures) < 2 or figures == sorted(figures) or words != sorted(words):
        return []
    return [Finding(1.0, "figures of the source change places", "number")]


def _spoken(figure: Quantity) -> str:
    return f"{figure.values} {figure.unit}"


def _positions(ours: list[str], theirs: list[str]) -> list[int]:
    """Where the pieces that both sides hold exactly once stand in the source."""
    return [theirs.index(x) for x in ours if theirs.count(x) == 1 and ours.count(x) == 1]


# --- names ---------------------------------------------------------------------


def _names(claims: Claims, support: Support, cited: Sequence[Evidence]) -> list[Finding]:
    found: list[Finding] = []
    near = [slot for e in support.evidence for slot in e.claims.slots]
    keys = frozenset[str]().union(*(e.claims.keys for e in support.evidence))
    around = frozenset[str]().union(*(e.around for e in support.evidence))
    wide = frozenset[str]().union(*(e.claims.keys | e.around for e in cited))
    for slot in claims.slots:
        if slot.axis in _NAMED:
            found += _name(
                slot, [s for s in near if s.axis == slot.axis], keys, around, wide, claims
            )
    found += _rates(claims, near)
    return found


def _name(
    slot: Slot,
    theirs: list[Slot],
    near: frozenset[str],
    around: frozenset[str],
    wide: frozenset[str],
    claims: Claims,
) -> list[Finding]:
    same = [s for s in theirs if _means(slot, s)]
    others = [s for s in theirs if not _means(slot, s)]
    if same:
        return _misplaced(slot, same, others)
    ours = {s.value for s in claims.slots if s.axis == slot.axis}
    displaced = [s for s in others if s.value not in ours]
    key = f"{slot.axis}:{slot.value}"
    if key in near:
        return []  # implied: hypertension speaks of blood pressure
    if displaced:
        return [Finding(1.0, f"says {slot.text}, source says {displaced[0].text}", slot.axis)]
    if key in around:
        return []
    if key in wide:
        return [Finding(0.6, f"{slot.text} is not in the sentence it rests on", slot.axis)]
    return [Finding(1.0, f"{slot.text} not in the cited passage", slot.axis)]


def _means(claim: Slot, source: Slot) -> bool:
    """The same thing, or the general name of what the source names."""
    if claim.value == source.value:
        return True
    if claim.axis == MEDICINE and claim.value.startswith("class "):
        return medicine_class().get(source.value) == claim.value.removeprefix("class ")
    return claim.axis in {"condition", "measure"} and source.value.endswith(claim.value)


def _misplaced(slot: Slot, same: list[Slot], others: list[Slot]) -> list[Finding]:
    """Two names of one text swapped: another one fits this context clearly better."""
    fit = max(_fit(slot, s) for s in same)
    rival = max(others, key=lambda s: _fit(slot, s), default=None)
    if rival is None or _fit(slot, rival) <= fit + _SWAPPED:
        return []
    return [Finding(0.8, f"says {slot.text}, source says {rival.text}", slot.axis)]


def _fit(claim: Slot, source: Slot) -> float:
    return 0.5 * _overlap(claim.context, source.context) + 0.5 * _overlap(claim.near, source.near)


def _rates(claims: Claims, near: list[Slot]) -> list[Finding]:
    """ "a day" where the source says "a week"."""
    found: list[Finding] = []
    theirs = [s for s in near if s.axis == "rate"]
    for slot in (s for s in claims.slots if s.axis == "rate"):
        fit = max((_fit(slot, s) for s in theirs if s.value == slot.value), default=-1.0)
        rivals = [s for s in theirs if s.value != slot.value and _fit(slot, s) > fit + _RIVAL]
        if rivals:
            found.append(Finding(1.0, f"says {slot.text}, source says {rivals[0].text}", "rate"))
        elif fit < 0:
            found.append(Finding(0.4, f"{slot.text} not in the source sentence", "rate"))
    return found


def _absolutes(claims: Claims, support: Support) -> list[Finding]:
    """ "always" or "all" where the source says "may" or "some"."""
    theirs = [s for e in support.evidence for s in e.claims.slots if s.axis == "absolute"]
    ours = [
        slot
        for slot in claims.slots
        if slot.axis == "absolute"
        and not any(s.value == slot.value and _fit(slot, s) >= 0.25 for s in theirs)
    ]
    return (
        [Finding(1.0, f"“{ours[0].text}” is more than the source says", "absolute")] if ours else []
    )


# --- directions and negation ---------------------------------------------------


def _directions(claims: Claims, support: Support) -> list[Finding]:
    found: list[Finding] = []
    theirs = [slot for e in support.evidence for slot in e.claims.slots]
    for slot in claims.slots:
        if slot.axis in _NAMED or slot.axis in {"rate", "absolute"}:
            continue
        found += _direction(slot, [s for s in theirs if s.axis == slot.axis])
    return found


def _direction(slot: Slot, theirs: list[Slot]) -> list[Finding]:
    agree = [s for s in theirs if (s.value == slot.value) == (s.negated == slot.negated)]
    oppose = [s for s in theirs if s.value != slot.value and s.negated == slot.negated]
    if not oppose:
        return []
    rival = max(oppose, key=lambda s: _fit(slot, s))
    against = _fit(slot, rival)
    if agree and against <= max(_fit(slot, s) for s in agree) + 0.2:
        return []
    severity = 1.0 if against >= 0.25 else 0.4
    return [Finding(severity, f"says {slot.text}, source says {rival.text}", "direction")]


def _negations(claims: Claims, support: Support) -> list[Finding]:
    """What one side denies and the other states, word by word."""
    refused, leading = set[str](), set[str]()
    said, said_words = set[str](), set[str]()
    for index, evidence in enumerate(support.evidence):
        for item in evidence.claims.items:
            if item.negated:
                refused.update(item.keys)
                leading.update(item.keys if index == 0 else ())
            else:
                said.update(item.keys)
                said_words.add(item.text)
    clash = agreed = 0.0
    words: list[str] = []
    for item in claims.items:
        if item.negated and item.keys & refused:
            agreed += item.weight
        elif (
            item.keys & said
            if item.negated
            else item.keys & leading and item.text not in said_words
        ):
            clash += item.weight
            words.append(item.text)
    if clash >= 0.4 and clash > 0.5 * agreed:
        return [Finding(1.0, f"negation differs at “{' '.join(words[:3])}”", "negation")]
    return _negation_count(claims, support)


def _negation_count(claims: Claims, support: Support) -> list[Finding]:
    theirs = sum(e.claims.negations for e in support.evidence)
    if claims.negations > theirs:
        severity = 1.0 if support.coverage > 0.8 else 0.5
        return [Finding(severity, "denies what the source does not deny", "negation")]
    first = next(iter(support.evidence), None)
    if first is None or support.single <= 0.95 or first.claims.weight >= 1.1 * claims.weight:
        return []
    if claims.negations < first.claims.negations:
        return [Finding(1.0, "leaves out a “not” of the source", "negation")]
    return []
