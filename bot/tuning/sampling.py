"""Intervals by resampling: of per-question differences, and of rates with people as the unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ROUNDS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with the ends of its 95 % interval, over ``count`` units."""

    mean: float
    low: float
    high: float
    count: int


def paired(differences: Sequence[float], *, seed: int = 7, rounds: int = ROUNDS) -> Interval:
    """The mean of per-question differences; questions are drawn with replacement."""
    values = np.asarray(differences, dtype=float)
    if values.size == 0:
        raise ValueError("nothing to compare")
    draws = np.random.default_rng(seed).integers(0, values.size, (rounds, values.size))
    return _interval(float(values.mean()), values[draws].mean(axis=1), values.size)


Counts = Mapping[str, tuple[int, int]]  # person -> (hits, of how many)


def rate(people: Counts, *, seed: int = 7, rounds: int = ROUNDS) -> Interval:
    """A rate over everything that people did; people are drawn, not their single votes."""
    hits, total = _columns(people)
    return _interval(
        float(hits.sum() / total.sum()), _rates(hits, total, seed, rounds), len(people)
    )


def rate_difference(
    ours: Counts, theirs: Counts, *, seed: int = 7, rounds: int = ROUNDS
) -> Interval:
    """The first rate minus the second, between different people."""
    (a, of_a), (b, of_b) = _columns(ours), _columns(theirs)
    drawn = _rates(a, of_a, seed, rounds) - _rates(b, of_b, seed + 1, rounds)
    mean = float(a.sum() / of_a.sum() - b.sum() / of_b.sum())
    return _interval(mean, drawn, len(ours) + len(theirs))


def _columns(people: Counts) -> tuple[np.ndarray, np.ndarray]:
    kept = [people[name] for name in sorted(people) if people[name][1] > 0]
    if not kept:
        raise ValueError("nobody has done anything")
    table = np.asarray(kept, dtype=float)
    return table[:, 0], table[:, 1]


def _rates(hits: np.ndarray, total: np.ndarray, seed: int, rounds: int) -> np.ndarray:
    draws = np.random.default_rng(seed).integers(0, hits.size, (rounds, hits.size))
    found: np.ndarray = hits[draws].sum(axis=1) / total[draws].sum(axis=1)
    return found


def _interval(mean: float, drawn: np.ndarray, count: int) -> Interval:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(mean=mean, low=float(low), high=float(high), count=count)
