"""``python -m rag.bench_corrupt``: index files truncated, deleted and bit-flipped at random.

Each round damages one file (or the whole folder) of the published index, while the library is
open or before it is opened, and asks one question. Wanted: the damage is noticed by that
query, the answer is the one from before, every passage of it is cited, and the index is
rebuilt with the same passage ids.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag.bench_publish import Parts, real_parts, write
from rag.types import KnowledgeError, SearchResult

if TYPE_CHECKING:
    from rag.library import Knowledge

PAGES = Path(__file__).resolve().parent.parent / "knowledge" / "pages"
QUERY = "how much salt should I eat a day?"


def truncate(path: Path, chance: random.Random) -> None:
    """Cut the file somewhere."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(chance.randrange(size) if size else 0)


def flip(path: Path, chance: random.Random) -> None:
    """Turn one bit of the file."""
    data = bytearray(path.read_bytes())
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def delete(path: Path, _chance: random.Random) -> None:
    """Remove the file."""
    path.unlink()


def delete_all(path: Path, _chance: random.Random) -> None:
    """Remove the whole index."""
    root = path
    while root.parent.name != "knowledge-index":
        root = root.parent
    shutil.rmtree(root)


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "truncated": truncate,
    "bit-flipped": flip,
    "deleted": delete,
    "folder deleted": delete_all,
}


@dataclass(kw_only=True)
class Report:
    """What was found. ``faults`` say what was wrong; ``done`` counts rounds by damage."""

    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    mended_s: list[float] = field(default_factory=list)  # damaged query, rebuild included


def run(folder: Path, pages: Path, rounds: int, parts: Parts, seed: int = 5) -> Report:
    """Damage and ask ``rounds`` times; the library is opened anew in every second round."""
    from rag.index import passage_ids
    from rag.library import Knowledge

    chance, report = random.Random(seed), Report()  # noqa: S311  # not for secrets
    embedder, backend = parts.embedder(), parts.backend()

    def opened() -> Knowledge:
        return Knowledge.open(folder, pages_dir=pages, embedder=embedder, backend=backend)

    knowledge = opened()
    try:
        expected = knowledge.search(QUERY)
        index = folder / "knowledge-index" / knowledge.version
        ids = passage_ids(index)
        for number in range(rounds):
            kind = list(DAMAGES)[number % len(DAMAGES)]
            while_open = number // len(DAMAGES) % 2 == 0
            if not while_open:
                knowledge.close()
            target = _damage(index, kind, chance)
            if not while_open:
                knowledge = opened()
            what = f"round {number}: {target} {kind} {'while' if while_open else 'before'} open"
            began = time.perf_counter()
            found = _asked(knowledge)
            report.mended_s.append(time.perf_counter() - began)
            report.done[kind] += 1
            report.faults += [f"{what}: {fault}" for fault in _faults(found, expected)]
            report.faults += [f"{what}: {fault}" for fault in knowledge.check()]
            if passage_ids(index) != ids:
                report.faults.append(f"{what}: other passage ids than before")
    finally:
        knowledge.close()
    return report


def _damage(index: Path, kind: str, chance: random.Random) -> str:
    files = sorted(p for p in index.rglob("*") if p.is_file() and p.stat().st_size)
    target = chance.choice(files)
    DAMAGES[kind](target, chance)
    return str(target.relative_to(index))


def _asked(knowledge: Knowledge) -> SearchResult | str:
    try:
        return knowledge.search(QUERY)
    except KnowledgeError as error:
        return f"{type(error).__name__}: {error}"


def _faults(found: SearchResult | str, expected: SearchResult) -> list[str]:
    if isinstance(found, str):
        return [found]
    faults = [] if found == expected else ["another answer than before"]
    if not all(hit.passage.sources for hit in found.hits):
        faults.append("a passage without a source")
    return faults


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds; 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m rag.bench_corrupt", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="salus-bench-") as folder:
        report = run(Path(folder), PAGES, options.rounds, real_parts())
    done = ", ".join(f"{count} {kind}" for kind, count in report.done.items())
    slow = sorted(report.mended_s)
    write(f"{sum(report.done.values())} rounds ({done}): {len(report.faults)} faults")
    write(f"query that mends: median {slow[len(slow) // 2]:.2f} s, longest {slow[-1]:.2f} s")
    for fault in report.faults[:10]:
        write(f"  {fault}")
    return int(bool(report.faults))


if __name__ == "__main__":
    sys.exit(main())
