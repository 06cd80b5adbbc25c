"""Where a claim and its source disagree: figures, names, directions, negation.

Names and directions are compared with what the source says *in the same context*, so that
two true statements mixed up inside one text are found. A finding of severity 1 sinks the
sentence on its own; softer ones lower its score.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.grounding.claims import Claims, Item, Slot
from bot.grounding.evidence import Evidence, Support
from bot.grounding.figures import compare_figures
from bot.grounding.findings import Finding, overlap
from bot.grounding.lexicon import MEDICINE, medicine_class

__all__ = ["Finding", "compare"]

_RIVAL = 0.25
_SWAPPED = 0.3
_CLAUSE_MARGIN = 0.1
_NAMED = frozenset(
    {
        MEDICINE, "condition", "group", "measure", "substance", "body", "body_organisation",
        "treatment", "food_time", "weekday",
    }
)  # fmt: skip
_DENIALS = frozenset({"never", "从不"})
_NOT_DIRECTIONS = _NAMED | {"rate", "absolute"}


def compare(
    claims: Claims, support: Support, cited: Sequence[Evidence], personal: bool = False
) -> list[Finding]:
    """All disagreements between a claim and its support (``cited``: every allowed sentence).

    ``personal``: a figure comes from the person's own metrics, so "below the advised 7 hours"
    is a comparison and not a statement of the source's limit.
    """
    near = [slot for e in support.evidence for slot in e.claims.slots]
    return [
        *compare_figures(claims, support, cited, personal),
        *_names(claims, support, cited),
        *_rates(claims, near),
        *_absolutes(claims, near),
        *_directions(claims, near),
        *_negations(claims, support),
    ]


# --- names ---------------------------------------------------------------------


def _names(claims: Claims, support: Support, cited: Sequence[Evidence]) -> list[Finding]:
    found: list[Finding] = []
    near = [slot for e in support.evidence for slot in e.claims.slots]
    keys = frozenset[str]().union(*(e.claims.keys for e in support.evidence))
    around = frozenset[str]().union(*(e.around for e in support.evidence))
    wide = frozenset[str]().union(*(e.claims.keys | e.around for e in cited))
    for slot in claims.slots:
        if slot.axis not in _NAMED:
            continue
        theirs = [s for s in near if s.axis == slot.axis]
        same = [s for s in theirs if _means(slot, s)]
        others = [s for s in theirs if not _means(slot, s)]
        if same:
            found += _misplaced(slot, same, others)
        elif f"{slot.axis}:{slot.value}" not in keys:  # else implied: hypertension, blood pressure
            found += _absent(slot, others, claims, around, wide)
    return found


def _absent(
    slot: Slot, others: list[Slot], claims: Claims, around: frozenset[str], wide: frozenset[str]
) -> list[Finding]:
    """A name the supporting sentences do not use: a swap, an invention, or the page's subject."""
    ours = {s.value for s in claims.slots if s.axis == slot.axis}
    displaced = [s for s in others if s.value not in ours]
    if displaced:
        why = f"says {slot.text}, source says {displaced[0].text}"
        return [Finding(1.0, why, slot.axis)]
    key = f"{slot.axis}:{slot.value}"
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
    return 0.5 * overlap(claim.context, source.context) + 0.5 * overlap(claim.near, source.near)


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


def _absolutes(claims: Claims, near: list[Slot]) -> list[Finding]:
    """ "always" or "all" where the source says "may" or "some"."""
    theirs = [s for s in near if s.axis == "absolute"]
    for slot in (s for s in claims.slots if s.axis == "absolute"):
        if slot.value in _DENIALS:
            continue  # "never" is a "not", which is compared below
        if not any(s.value == slot.value and _fit(slot, s) >= 0.25 for s in theirs):
            return [Finding(1.0, f"“{slot.text}” is more than the source says", "absolute")]
    return []


# --- directions and negation ---------------------------------------------------


def _directions(claims: Claims, near: list[Slot]) -> list[Finding]:
    found: list[Finding] = []
    for slot in claims.slots:
        if slot.axis not in _NOT_DIRECTIONS:
            found += _direction(slot, [s for s in near if s.axis == slot.axis])
    return found


def _direction(slot: Slot, theirs: list[Slot]) -> list[Finding]:
    """ "not lower" and "higher" agree, "lower" and "higher" do not."""
    agree = [s for s in theirs if (s.value == slot.value) == (s.negated == slot.negated)]
    oppose = [s for s in theirs if s.value != slot.value and s.negated == slot.negated]
    if not oppose:
        return []
    rival = max(oppose, key=lambda s: _fit(slot, s))
    against = _fit(slot, rival)
    if agree and against <= max(_fit(slot, s) for s in agree) + 0.2:
        return []
    close = overlap(slot.near, rival.near) >= 0.25
    severity = 1.0 if against >= 0.25 and close else 0.3
    return [Finding(severity, f"says {slot.text}, source says {rival.text}", "direction")]


def _negations(claims: Claims, support: Support) -> list[Finding]:
    """What one side denies and the other states, word by word.

    A word may be both in a source ("honey helps a cough, but babies must not have honey"):
    what counts is the clause that is nearest to the claim.
    """
    refused, said = _polarities(claims, support)
    agreed = 0.0
    clash: list[Item] = []
    for item in (item for item in claims.items if not item.neutral):
        against, with_us = (said, refused) if item.negated else (refused, said)
        best_with = max((with_us.get(key, -1.0) for key in item.keys), default=-1.0)
        best_against = max((against.get(key, -1.0) for key in item.keys), default=-1.0)
        if item.negated and best_with >= best_against - _CLAUSE_MARGIN and best_with >= 0:
            agreed += item.weight
        elif best_against > best_with + _CLAUSE_MARGIN and best_against >= 0:
            clash.append(item)
    weight = sum(item.weight for item in clash)
    if weight >= 0.4 and weight > agreed:
        words = " ".join(item.shown for item in clash[:3])
        return [Finding(1.0, f"negation differs at “{words}”", "negation")]
    return _negation_count(claims, support)


def _polarities(claims: Claims, support: Support) -> tuple[dict[str, float], dict[str, float]]:
    """For each meaning, how near the nearest clause is that refuses, and that states it."""
    refused: dict[str, float] = {}
    said: dict[str, float] = {}
    for evidence in support.evidence:
        near = _clause_fits(claims, evidence)
        for item in evidence.claims.items:
            table = refused if item.negated else said
            for key in item.keys:
                table[key] = max(table.get(key, -1.0), near[item.clause])
    return refused, said


def _clause_fits(claims: Claims, evidence: Evidence) -> dict[int, float]:
    """Share of each source clause that the claim says too."""
    whole: dict[int, float] = {}
    shared: dict[int, float] = {}
    for item in evidence.claims.items:
        whole[item.clause] = whole.get(item.clause, 0.0) + item.weight
        hit = item.weight if item.keys & claims.keys else 0.0
        shared[item.clause] = shared.get(item.clause, 0.0) + hit
    return {clause: shared[clause] / weight for clause, weight in whole.items() if weight}


def _negation_count(claims: Claims, support: Support) -> list[Finding]:
    """A "not" more than the sources have, or one less in a sentence of the same length."""
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
