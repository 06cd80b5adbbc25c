"""What a comparison of a claim with its source can bring up, and how well two contexts fit."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding", "overlap"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: 0 < severity <= 1 (1 sinks the sentence), and a line to check it by."""

    severity: float
    why: str
    kind: str


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of ``one`` that ``other`` holds, 0 when ``one`` is empty."""
    return len(one & other) / len(one) if one else 0.0
