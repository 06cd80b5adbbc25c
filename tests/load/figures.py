"""What a run under load showed, and the table of it."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Found:
    """Times in seconds, memory in MiB."""

    rate: float = 0.0
    offered: int = 0
    seconds: float = 0.0
    drained_s: float = 0.0
    accept: Sequence[float] = ()
    answer: Sequence[float] = ()
    press: Sequence[float] = ()
    rss: list[tuple[float, float]] = field(default_factory=list)
    processes: int = 0
    backlog: list[tuple[float, int]] = field(default_factory=list)
    lost: int = 0
    waiting: int = 0  # accepted, kept, or flagged as unknown, but not answered when we gave up
    doubled: int = 0
    values: int = 0
    values_lost: int = 0
    values_doubled: int = 0
    cpu_s: float = 0.0
    outside_cpu_s: float = 0.0
    others_cpu_s: float = 0.0
    asked: int = 0
    paths: Mapping[str, int] = field(default_factory=dict)
    mix: Mapping[str, int] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """Updates dealt with, what was answered after the end included."""
        return self.offered - self.lost - self.waiting

    @property
    def answered_per_s(self) -> float:
        """Updates dealt with per second."""
        whole = self.seconds + self.drained_s
        return self.answered / whole if whole else 0.0

    @property
    def accepted_per_s(self) -> float:
        """Updates durably accepted per second."""
        return len(self.accept) / self.seconds if self.seconds else 0.0

    def growth(self) -> float:
        """MiB per minute over the second half: a straight line through the samples."""
        half = self.rss[len(self.rss) // 2 :]
        if len(half) < 3:
            return 0.0
        return statistics.linear_regression(*zip(*half, strict=True)).slope * 60

    def figures(self) -> dict[str, object]:
        """For machines: every figure of the table, times as percentiles in seconds."""
        times = {name: _marks(getattr(self, name)) for name in ("accept", "answer", "press")}
        plain = {name: value for name, value in vars(self).items() if name not in times}
        return {
            **plain,
            **times,
            "answered_per_s": self.answered_per_s,
            "accepted_per_s": self.accepted_per_s,
            "growth_mib_per_min": self.growth(),
        }

    def table(self) -> str:
        """For people."""
        memory = ", ".join(f"{at / 60:.1f} min {mib:.0f}" for at, mib in _some(self.rss))
        backlog = ", ".join(f"{at / 60:.1f} min {count}" for at, count in _some(self.backlog))
        per = 1000 / max(self.answered, 1)
        seconds = self.seconds + self.drained_s
        rows = {
            "offered per second": f"{self.offered / max(self.seconds, 1e-9):.1f}",
            "updates offered, seconds": f"{self.offered}, {self.seconds:.0f}",
            "accepted per second": f"{self.accepted_per_s:.1f}",
            "answered per second": f"{self.answered_per_s:.1f}",
            "answering went on for, s": f"{self.drained_s:.1f}",
            "durable accept, ms": percentiles(self.accept, 1000, "{:.0f}"),
            "answer on screen, s": percentiles(self.answer, 1, "{:.2f}"),
            "press acknowledged, s": percentiles(self.press, 1, "{:.2f}"),
            "waiting for an answer": backlog,
            "lost, doubled": f"{self.lost}, {self.doubled} ({self.waiting} still kept or unknown)",
            "values stored, lost, doubled": (
                f"{self.values}, {self.values_lost}, {self.values_doubled}"
                + (" (what still waits counts as lost here)" if self.waiting else "")
            ),
            "memory of Salus, MiB": f"{memory} ({self.processes} processes)",
            "memory growth, MiB/min": f"{self.growth():.2f}",
            "processor per answered, ms": f"Salus {self.cpu_s * per:.2f}, "
            f"platform and model {self.outside_cpu_s * per:.2f}",
            "processors busy": f"Salus {self.cpu_s / max(seconds, 1e-9):.2f}, "
            f"platform and model {self.outside_cpu_s / max(seconds, 1e-9):.2f}, "
            f"everything else {self.others_cpu_s / max(seconds, 1e-9):.2f} of {os.cpu_count()}",
            "model asked": f"{self.asked}",
            "answered by": ", ".join(f"{k} {n}" for k, n in sorted(self.paths.items())),
            "mix": ", ".join(f"{k} {n}" for k, n in sorted(self.mix.items())),
        }
        return "\n".join(f"{name:29} {value}" for name, value in rows.items())


def percentiles(times: Sequence[float], factor: float, shown: str) -> str:
    """The middle, the slowest twentieth and hundredth, and the slowest of all."""
    marks = _marks(times)
    return ", ".join(f"{k} {shown.format(v * factor)}" for k, v in marks.items()) or "-"


def _marks(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    if not ordered:
        return {}
    last = len(ordered) - 1
    found = {f"p{share}": ordered[min(last, len(ordered) * share // 100)] for share in (50, 95, 99)}
    return found | {"max": ordered[-1]}


def _some(samples: Sequence[tuple[float, float]], most: int = 10) -> Sequence[tuple[float, float]]:
    """At most about ``most`` of them, evenly, the last included."""
    every = max(1, len(samples) // most)
    return [*samples[::every], samples[-1]] if samples else []
