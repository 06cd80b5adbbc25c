"""What a run of kills found: counted, summed over shards, held against the bars."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# When a process dies: before it listens, while it fetches, as a message comes (and is being
# committed), while the model writes, in the middle of a send, at an acknowledgement.
PHASES = ("start", "fetch", "commit", "model", "send", "ack")
ZERO = (
    "lost", "doubled_effects", "doubled_replies", "nonce_doubles", "inversions", "silent",
    "never_listened",
)  # fmt: skip


@dataclass
class Tally:
    """Of one shard, or of several. ``counts`` holds every key of ZERO and more; see ``table``."""

    platform: str
    lease_s: float
    seeds: list[int] = field(default_factory=list)
    rounds: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    back_s: list[float] = field(default_factory=list)  # from a death until the next listens
    faults: list[str] = field(default_factory=list)  # what exactly was lost or doubled

    def fault(self, kind: str, what: str) -> None:
        """Count one, and say which."""
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {what}")

    def settle(self) -> None:
        """``silent``: replies that were not shown, beyond those flagged as unknown."""
        self.counts["silent"] = max(0, self.counts["not_shown"] - self.counts["unknown"])

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, out of order or silently missing."""
        return not any(self.counts[key] for key in ZERO)

    def table(self) -> str:
        """For people; the last line is the same as JSON."""
        back = sorted(self.back_s)
        rows: dict[str, object] = {"platform": self.platform, "kills": self.rounds}
        rows |= {f"killed at {phase}": self.phases[phase] for phase in PHASES}
        rows |= {key: self.counts[key] for key in dict.fromkeys((*ZERO, *sorted(self.counts)))}
        rows |= {
            "back p50 s": round(back[len(back) // 2], 2) if back else None,
            "back p95 s": round(back[int(len(back) * 0.95)], 2) if back else None,
            "back max s": round(back[-1], 2) if back else None,
        }
        lines = [f"{name:24} {value}" for name, value in rows.items()]
        return "\n".join([*lines, *self.faults, json.dumps(rows)])

    def save(self, path: Path) -> None:
        """Write it down, to be summed up."""
        path.write_text(json.dumps(vars(self)), encoding="utf-8")


def load(path: Path) -> Tally:
    """What was written down."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for key in ("counts", "phases"):
        found[key] = Counter(found[key])
    return Tally(**found)


def summed(tallies: Iterable[Tally]) -> list[Tally]:
    """One tally for each platform."""
    found: dict[str, Tally] = {}
    for one in tallies:
        whole = found.setdefault(one.platform, Tally(one.platform, one.lease_s))
        whole.rounds += one.rounds
        whole.counts += one.counts
        whole.phases += one.phases
        whole.seeds += one.seeds
        whole.back_s += one.back_s
        whole.faults += one.faults
    return list(found.values())


@dataclass
class Plan:
    """How long a shard goes on: so many kills, or so many seconds, whichever is first."""

    rounds: int
    seed: int = 1
    lease_s: float = 0.4
    most_s: float = 420.0
    patience_s: float = 120.0  # for a process to listen, on a machine that does other things too
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """A shard's chances are its seed's."""
        self.chance = random.Random(self.seed)

    @property
    def goes_on(self) -> bool:
        """Whether there is time for one more round."""
        return time.monotonic() - self.started < self.most_s


def counting(true: Callable[[Any], bool], number: int, come: Callable[[], Any]) -> Any:
    """A watcher of a fake's calls: ``come`` at the ``number``-th one that is ``true``."""
    left = [number]

    def watch(call: Any) -> None:
        left[0] -= bool(true(call))
        if left[0] <= 0:
            come()

    return watch
