"""How search time and memory grow with the knowledge base: 1,000 to 200,000 chunks.

Texts are MedQuAD chunks, repeated when there are too few, each copy with some words left out;
vectors are those of the chunks with a little noise, so that neighbours stay neighbours. What is
timed is the whole search but for reading the passages: understanding, embedding, ranking.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import lexical
from rag.bench import write
from rag.bench_ranking import full
from rag.bench_setup import Setup
from rag.bench_tasks import medquad_task, opened
from rag.evaluate import Question, percentile
from rag.index import LoadedIndex, RowTable, Vectored
from rag.lexical import FieldText
from rag.query import Speller
from rag.split import split
from rag.vectors import ChromaBackend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SIZES = (1_000, 16_000, 64_000, 200_000)
ASKED = 200
NOISE = 0.25  # length of the noise beside a unit vector
KEPT = 0.9  # share of the words a copy keeps
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One chunk: the document it belongs to, its place there, title and text."""

    doc: int
    position: int
    title: str
    text: str


def growth(medquad: Path, cache: Path, sizes: Sequence[int] = SIZES) -> None:
    """Print one line per size; the data and the built MedQuAD index are needed."""
    task = medquad_task(medquad)
    pieces = [
        Piece(doc=number, position=place, title=row["focus"], text=text)
        for number, row in enumerate(task.rows)
        for place, text in enumerate(split(row["answer"].strip()))
    ]
    with opened(task, cache) as knowledge:
        plain = full(knowledge)
        names = ("chunks", "p50 ms", "p95 ms", "open MB", "disk MB", "build s")
        write(" ".join(f"{name:>8}" for name in names))
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="salus-growth-") as folder:
                _one(plain, pieces, task.questions[:ASKED], size, Path(folder))


def _one(
    plain: Setup, pieces: Sequence[Piece], asked: Sequence[Question], size: int, folder: Path
) -> None:
    begun = time.perf_counter()
    some = list(_copies(pieces, size))
    lexical.build(folder / "words", (FieldText(head=p.title, body=p.text) for p in some))
    matrix = _vectors(plain.index.spaces["en"].matrix, size)
    backend = ChromaBackend()
    backend.build(folder / "vectors", "growth", matrix.astype(np.float32))
    np.save(folder / "matrix.npy", matrix)
    del matrix
    built = time.perf_counter() - begun
    disk = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    before = _resident()
    index = _opened(folder, some, backend)
    setup = Setup(
        index=index, embedders=plain.embedders, lists=plain.lists,
        speller=Speller(index.words, plain.embedders.likeness.words),
    )  # fmt: skip
    setup.rank(asked[0])
    times = [_timed(setup, q) for q in asked[1:]]
    held = _resident() - before
    index.close()
    write(
        f"{size:8d} {percentile(times, 0.5):8.1f} {percentile(times, 0.95):8.1f}"
        f" {held / 1e6:8.0f} {disk / 1e6:8.0f} {built:8.0f}"
    )


def _copies(pieces: Sequence[Piece], size: int) -> Iterator[Piece]:
    """The chunks, as often as needed; copies are documents of their own with words left out."""
    chance = random.Random(SEED)  # noqa: S311 - a sample
    documents = 1 + max(p.doc for p in pieces)
    for number in range(size):
        turn, place = divmod(number, len(pieces))
        piece = pieces[place]
        text = piece.text
        if turn:
            text = " ".join(w for w in text.split() if chance.random() < KEPT)
        yield Piece(
            doc=turn * documents + piece.doc, position=piece.position, title=piece.title, text=text
        )


def _vectors(known: NDArray[np.float16], size: int) -> NDArray[np.float16]:
    """Unit vectors near the known ones, float16 [size, d]."""
    rng = np.random.default_rng(SEED)
    out = np.zeros((size, known.shape[1]), dtype=np.float16)
    for start in range(0, size, 10_000):
        places = np.arange(start, min(start + 10_000, size)) % len(known)
        noise = rng.standard_normal((len(places), known.shape[1])) * NOISE / known.shape[1] ** 0.5
        near = known[places].astype(np.float32) + noise
        out[start : start + len(places)] = near / np.linalg.norm(near, axis=1, keepdims=True)
    return out


def _opened(folder: Path, some: Sequence[Piece], backend: ChromaBackend) -> LoadedIndex:
    """An index as the product opens it, without SQL behind it."""
    count = len(some)
    docs = np.unique([p.doc for p in some], return_inverse=True)[1].astype(np.int32)
    place = np.arange(count, dtype=np.int32)
    rows = RowTable(
        ids=np.array([f"g{i}#0" for i in range(count)], dtype=np.bytes_), doc=docs, section=docs,
        twin=docs, chinese=np.zeros(count, dtype=np.bool_),
        position=np.array([p.position for p in some], dtype=np.int32), vector=place,
    )  # fmt: skip
    space = Vectored(
        vectors=backend.open(folder / "vectors", "growth", folder / "scratch"),
        matrix=np.load(folder / "matrix.npy", mmap_mode="r"), row_of=place,
    )  # fmt: skip
    return LoadedIndex(
        version="growth",
        folder=folder,
        rows=rows,
        words=lexical.load(folder / "words", count),
        spaces={"en": space},
        stamps=(),
    )


def _timed(setup: Setup, question: Question) -> float:
    start = time.perf_counter()
    setup.rank(question)
    return (time.perf_counter() - start) * 1000


def _resident() -> int:
    """Bytes of memory this process holds (Linux; 0 where /proc is not there)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
