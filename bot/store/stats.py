"""Counting votes without reading anybody: by what made the answer, never by who or what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

ASPECTS = ("path", "model", "prompt_version", "knowledge_version", "lang", "platform")
OWN_WORDS = "own words"  # a reason that is none of the offered ones


def tally(
    groups: Iterable[Mapping[str, object]], reasons: Iterable[str], offered: Collection[str]
) -> dict[str, object]:
    """Counts of votes in all, by each of ASPECTS, and of reasons.

    ``groups`` carry ASPECTS, ``vote`` and ``count``. Only the ``offered`` reasons are named in
    the result; a reason in a person's own words is counted and never repeated.
    """
    votes: Counter[str] = Counter({"up": 0, "down": 0})
    by: dict[str, dict[str, Counter[str]]] = {a: defaultdict(Counter) for a in ASPECTS}
    for group in groups:
        vote, count = str(group["vote"]), int(str(group["count"]))
        votes[vote] += count
        for aspect in ASPECTS:
            by[aspect][str(group[aspect])][vote] += count
    counted = Counter(r if r in offered else OWN_WORDS for r in reasons if r)
    return {
        "votes": dict(votes),
        **{f"by_{aspect}": _plain(found) for aspect, found in by.items()},
        "reasons": dict(sorted(counted.items())),
    }


def _plain(found: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {name: {"up": c["up"], "down": c["down"]} for name, c in sorted(found.items())}
