"""``python -m rag.bench_publish``: publishing under load, and publishing killed at any point.

Under load: publishes, reviewed drafts and rollbacks go on while four tasks search, two on the
publisher's own library and two on another one, as a second process would. Every document
changes in every edition and says which edition it is, so an answer made of two versions shows.
Killed: a child publishes without end and gets SIGKILL at a random moment; the published
version must be whole in SQL and on disk, and answer, before anybody repairs anything.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.documents import Chunk, Record
from rag.types import KnowledgeError, SearchResult, Source
from rag.versions_intake import Intake
from rag.versions_model import SALUS

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from rag.embed import BatchEmbedder, Embedders
    from rag.library import Knowledge
    from rag.vectors import VectorBackend

TASKS = 4
TOPICS = ("sleep", "salt", "walking", "smoking", "headache", "pregnancy")
QUERIES = tuple(f"what is good advice about {topic}?" for topic in TOPICS)
_LOAD_S = 120.0  # how long a child may take to open the library


class Parts(NamedTuple):
    """What a library is made of; both are called in the process that uses them."""

    embedder: Callable[[], BatchEmbedder | Embedders]
    backend: Callable[[], VectorBackend]


def real_parts() -> Parts:
    """The packaged embedders and Chroma."""
    from rag import models
    from rag.vectors import ChromaBackend

    return Parts(models.packaged, ChromaBackend)


def opened(folder: Path, parts: Parts) -> Knowledge:
    """The library of a folder, without our pages, with a canary of its own."""
    from rag.library import Knowledge

    folder.mkdir(parents=True, exist_ok=True)
    rows = (
        {"id": topic, "lang": "en", "text": text, "docs": [topic]}
        for topic, text in zip(TOPICS, QUERIES, strict=True)
    )
    (folder / "canary.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return Knowledge.open(folder, embedder=parts.embedder(), backend=parts.backend())


def edition(number: int) -> Intake:
    """All documents of one edition; each chunk says which it is."""
    source = Source(organisation="Bench", title="Editions", url="https://example.org/", date="2026")
    records = tuple(
        Record(
            doc=topic, group=topic, lang="en", title=f"Advice about {topic}", sources=(source,),
            licence="CC0", path="editions",
            chunks=tuple(
                Chunk(position=i, section=part, marks=(0,),
                      text=f"Edition {number}: {part} about {topic} is good advice for you.")
                for i, part in enumerate(("what helps", "what harms", "when to get help"))
            ),
        )
        for topic in TOPICS
    )  # fmt: skip
    return Intake(records=records)


def editions_in(result: SearchResult) -> set[str]:
    """Which editions an answer is made of."""
    return {hit.passage.text.split(":", 1)[0] for hit in result.hits}


@dataclass(kw_only=True)
class Load:
    """What happened under load. ``answers``: (version, editions) of every answer."""

    answers: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)  # version -> its edition
    publishes: int = 0
    rollbacks: int = 0
    seconds: float = 0.0

    def mixed(self) -> int:
        """Answers made of two editions, of none, or of another than their version's."""
        return sum(set(found) != {self.versions.get(version)} for version, found in self.answers)


async def under_load(folder: Path, rounds: int, parts: Parts) -> Load:
    """Publish and roll back ``rounds`` times in all while four tasks search."""
    load = Load()
    knowledge, other = opened(folder, parts), opened(folder, parts)
    try:
        done = knowledge.desk().add_now(edition(0), who=SALUS)[0]
        load.versions[done.version] = "Edition 0"
        other.look_again()
        stop = asyncio.Event()
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(TASKS):
                tasks.create_task(_asking((knowledge, other)[number % 2], load, stop))
            try:
                for number in range(1, rounds + 1):
                    await asyncio.to_thread(_change, knowledge, load, number)
            finally:
                stop.set()
        load.seconds = time.perf_counter() - started
    finally:
        knowledge.close()
        other.close()
    return load


async def _asking(knowledge: Knowledge, load: Load, stop: asyncio.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        try:
            found = await asyncio.to_thread(knowledge.search, QUERIES[number % len(QUERIES)])
        except KnowledgeError as error:
            load.failures.append(f"{type(error).__name__}: {error}")
            continue
        load.answers.append((found.version, frozenset(editions_in(found))))


def _change(knowledge: Knowledge, load: Load, number: int) -> None:
    """One publish at once, one through the draft, or one rollback, in turn."""
    desk = knowledge.desk()
    if number % 3 == 0:
        desk.rollback(who=SALUS)
        load.rollbacks += 1
        return
    if number % 3 == 1:
        done = desk.add_now(edition(number), who=SALUS)[0]
    else:
        desk.stage(edition(number), who=SALUS)
        done = desk.publish(who=SALUS)
    load.versions[done.version] = f"Edition {number}"
    load.publishes += 1


@dataclass(kw_only=True)
class Killed:
    """What was found after the kills. ``faults`` names every version that was not whole."""

    kills: int = 0
    moved: int = 0  # kills after which another version was published than before the child
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def killing(folder: Path, kills: int, parts: Parts, seed: int = 4) -> Killed:
    """Start a publishing child and kill it, ``kills`` times, looking after each."""
    chance, found = random.Random(seed), Killed()  # noqa: S311  # not for secrets
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["rag.library", "chromadb", "rag.embed"])
    knowledge = opened(folder, parts)
    try:
        began = time.perf_counter()
        knowledge.desk().add_now(edition(0), who=SALUS)
        longest = 2.5 * (time.perf_counter() - began)
        for number in range(kills):
            before = knowledge.version
            here, there = processes.Pipe()
            first = 1 + number * 999  # a child begins with two publishes, then goes one back
            child = processes.Process(target=_publish_forever, args=(folder, parts, first, there))
            child.start()
            if not here.poll(_LOAD_S):
                found.faults.append(f"kill {number}: the child did not open the library")
            time.sleep(chance.uniform(0.0, longest))
            child.kill()
            child.join()
            found.kills += 1
            found.moved += knowledge.version != before
            found.faults += [f"kill {number}: {fault}" for fault in _faults(knowledge)]
        found.seconds = time.perf_counter() - began
    finally:
        knowledge.close()
    return found


def _publish_forever(folder: Path, parts: Parts, first: int, ready: Connection) -> None:
    knowledge = opened(folder, parts)
    knowledge.warm()
    ready.send("ready")
    number = first
    while True:
        _change(knowledge, Load(), number)
        number += 1


def _faults(knowledge: Knowledge) -> list[str]:
    """What is wrong with the published version, as found; empty when it is whole."""
    version = knowledge.version
    faults = list(knowledge.check())
    rows = list(knowledge.upkeep.store.chunk_rows(version))
    texts = {row.text.split(":", 1)[0] for row in rows}
    if len(texts) != 1 or len({row.doc for row in rows}) != len(TOPICS):
        faults.append(f"{version} holds {sorted(texts)} in {len(rows)} chunks")
    knowledge.look_again()
    found = knowledge.search(QUERIES[0])
    if found.version != version or editions_in(found) != texts or not found.hits:
        faults.append(f"{version} answered as {found.version} with {sorted(editions_in(found))}")
    return faults


def write(line: str = "") -> None:
    """One line of the report."""
    sys.stdout.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both parts; 1 when an answer failed or mixed, or a kill broke something."""
    parser = argparse.ArgumentParser(prog="python -m rag.bench_publish", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="publishes and rollbacks")
    parser.add_argument("--kills", type=int, default=100, help="children killed")
    options = parser.parse_args(arguments)
    parts = real_parts()
    with tempfile.TemporaryDirectory(prefix="salus-bench-") as folder:
        load = asyncio.run(under_load(Path(folder) / "load", options.rounds, parts))
        mixed = load.mixed()
        write(f"{load.publishes} publishes and {load.rollbacks} rollbacks in {load.seconds:.0f} s")
        seen = len({version for version, _ in load.answers})
        told = f"{len(load.failures)} failed, {mixed} mixed; {seen} versions were seen"
        write(f"{len(load.answers)} answers by {TASKS} tasks: {told}")
        killed = killing(Path(folder) / "kill", options.kills, parts)
        told = f"{killed.moved} after a switch: {len(killed.faults)} faults"
        write(f"{killed.kills} kills in {killed.seconds:.0f} s, {told}")
        for fault in (*load.failures[:5], *killed.faults[:5]):
            write(f"  {fault}")
    return int(bool(load.failures or mixed or killed.faults))


if __name__ == "__main__":
    sys.exit(main())
