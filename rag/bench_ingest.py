"""``python -m rag.bench_ingest ROWS.jsonl``: how much adding costs beside bare embedding.

The same texts are embedded bare, half before and half after the rows are added to a fresh
knowledge base the way a person would (read, checked, cut, embedded, stored, indexed,
published), so that a machine that slows down meanwhile slows both. On a machine that is busy
with other work that is not enough, so the time inside the embedder is taken during the adding
too: its share of the whole is what adding leaves of the embedder's rate, whatever else runs.
The bar is 85 %, judged by that share.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rag.embed import Vectors

BAR = 0.85
SEED = 20261122
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds that something took, by the clock and of processor time."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(wall=self.wall + other.wall, cpu=self.cpu + other.cpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was measured on ``chunks`` distinct chunks.

    ``read`` is reading and cutting alone, ``inside`` the embedder's part of ``whole``.
    """

    rows: int
    chunks: int
    bare: Cost
    whole: Cost
    read: Cost
    inside: Cost

    @property
    def share_inside(self) -> float:
        """The embedder's share of the time that adding took."""
        return self.inside.wall / self.whole.wall

    @property
    def share(self) -> float:
        """Chunks per second of adding, as a share of the bare embedder's (by the clock)."""
        return self.bare.wall / self.whole.wall

    @property
    def share_cpu(self) -> float:
        """The same in processor time, which other programs disturb less."""
        return self.bare.cpu / self.whole.cpu


def measure(rows: Path) -> Outcome:
    """Add the rows of a JSONL file to a fresh knowledge base and embed their chunks bare."""
    from rag.embed import MiniLm
    from rag.importer import ImportOptions, gather
    from rag.library import Knowledge
    from rag.rows import embed_text

    class Clocked(MiniLm):
        """Adds up the time of its batches."""

        spent = Cost(wall=0.0, cpu=0.0)

        def batches(
            self, texts: Sequence[str], *, budget: int = 1024
        ) -> Iterator[tuple[list[int], Vectors]]:
            """As the real one, on the clock."""
            found = super().batches(texts, budget=budget)
            while True:
                cost, batch = _timed(lambda: next(found, None))
                self.spent += cost
                if batch is None:
                    return
                yield batch

    embedder = Clocked(cache=0)
    embedder.encode(["warm"])
    read, found = _timed(lambda: gather([rows], ImportOptions(index_questions=False)))
    texts = {embed_text(r.title, c.section, c.text) for r in found.records for c in r.chunks}
    ordered = sorted(texts, key=len)  # both halves hold short and long texts
    before, _ = _timed(lambda: _embed(embedder.encode, ordered[::2]))
    with tempfile.TemporaryDirectory() as folder:
        knowledge = Knowledge.open(Path(folder), embedder=embedder)
        try:
            embedder.spent = Cost(wall=0.0, cpu=0.0)
            whole, _ = _timed(lambda: knowledge.add([rows], index_questions=False))
            inside = embedder.spent
        finally:
            knowledge.close()
    after, _ = _timed(lambda: _embed(embedder.encode, ordered[1::2]))
    return Outcome(
        rows=len(found.records),
        chunks=len(ordered),
        bare=before + after,
        whole=whole,
        read=read,
        inside=inside,
    )


def _embed(encode: Callable[[Sequence[str]], object], texts: Sequence[str]) -> None:
    """In the slices that publishing uses, so that memory is alike."""
    for start in range(0, len(texts), 1024):
        encode(texts[start : start + 1024])


def _timed(work: Callable[[], T]) -> tuple[Cost, T]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Cost(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu), result


def report(outcome: Outcome) -> str:
    """The figures as text."""
    chunks = outcome.chunks
    lines = [
        f"{outcome.rows} rows, {chunks} distinct chunks; read and cut in {outcome.read.wall:.1f} s",
        f"{'':16}{'chunks/s':>10}{'s':>9}{'cpu s':>9}",
        _line("bare embedder", chunks, outcome.bare),
        _line("adding", chunks, outcome.whole),
        _line("  embedder in it", chunks, outcome.inside),
        f"beside bare {outcome.share:.1%} by the clock, {outcome.share_cpu:.1%} of processor time",
        f"embedder's share of adding {outcome.share_inside:.1%} (bar {BAR:.0%})",
    ]
    return "\n".join(lines)


def _line(name: str, chunks: int, cost: Cost) -> str:
    return f"{name:16}{chunks / cost.wall:10.1f}{cost.wall:9.1f}{cost.cpu:9.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on a fixed sample of the rows of a file; 0 when the bar is met."""
    parser = argparse.ArgumentParser(prog="python -m rag.bench_ingest")
    parser.add_argument("rows", type=Path, help="JSONL rows with id and answer")
    parser.add_argument("--limit", type=int, default=2000, help="how many rows to take")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, given.rows.open("rb") as lines:
        some = Path(folder) / "rows.jsonl"
        held = list(lines)
        some.write_bytes(b"".join(random.Random(SEED).sample(held, min(len(held), given.limit))))  # noqa: S311 - a sample
        outcome = measure(some)
    sys.stdout.write(report(outcome) + "\n")
    return 0 if outcome.share_inside >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
