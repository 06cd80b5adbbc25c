"""What each ingredient of the search adds: everything, then everything but one, on the test halves.

The weights are not fitted again for each row, so a row shows what would break if that part were
lost today, not the best that could be had without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag import aspects, features
from rag.bench import write
from rag.bench_ranking import full
from rag.bench_setup import Asked, Setup, measure, of_task, ours
from rag.bench_tasks import consumer_task, medquad_task, opened
from rag.fuse import Weights
from rag.graph import load_graph

if TYPE_CHECKING:
    from rag.library import Knowledge

SPLIT = "test"
WITHOUT: Mapping[str, frozenset[str]] = {
    "no wish for an aspect": frozenset({"answers", "opens"}),
    "no cover of the head": frozenset({"precise", "named", "both"}),
    "no BM25": frozenset({"head", "precise", "named", "both", "beyond", "body"}),
    "no vectors": frozenset({"cos", "doc_cos", "first_cos"}),
    "no vote of the document": frozenset({"doc_cos", "first_cos", "first", "long", "more"}),
}


def setups(setup: Setup) -> Iterator[tuple[str, Setup]]:
    """The whole search, every search with one part less, and one with the graph as well."""
    yield "everything", setup
    yield "no spelling", replace(setup, speller=None)
    yield "no everyday words", replace(setup, lists=replace(setup.lists, en={}, zh={}))
    graph = load_graph(aspects.FOLDER / "graph")
    yield "with the graph", replace(setup, lists=replace(setup.lists, graph=graph))
    yield "no glossary", replace(setup, lists=replace(setup.lists, glossary={}))
    for name, parts in WITHOUT.items():
        yield name, replace(setup, weights=_without(setup.weights, parts))


def _without(weights: Weights, parts: frozenset[str]) -> Weights:
    """Weights that ignore some features; a search without vectors ignores them in Chinese too."""
    english = tuple(
        0.0 if name in parts else weight
        for name, weight in zip(features.NAMES, weights.english, strict=True)
    )
    changed = replace(weights, english=english)
    if "cos" in parts:
        return replace(changed, dense=0.0)
    return replace(changed, head=0.0, body=0.0) if "body" in parts else changed


def ablation(knowledge: Knowledge, folder: Path, medquad: Path | None, cache: Path) -> None:
    """Print the table; MedQuAD and the consumers' questions need the data."""
    with ExitStack() as stack:
        sets: list[tuple[Setup, Asked]] = [
            (full(knowledge), ours(folder, lang)) for lang in ("en", "zh")
        ]
        if medquad:
            task = medquad_task(medquad)
            large = full(stack.enter_context(opened(task, cache / "medquad")))
            sets += [(large, of_task(t)) for t in (task, consumer_task(medquad, folder))]
        write()
        write(f"ablation, {SPLIT} halves: nDCG@10 / R@5")
        write(f"{'':24}" + "".join(f"{asked.name:>24}" for _, asked in sets))
        columns = [list(setups(setup)) for setup, _ in sets]
        for row, (name, _) in enumerate(columns[0]):
            cells = [
                measure(column[row][1], asked, SPLIT)
                for column, (_, asked) in zip(columns, sets, strict=True)
            ]
            write(f"{name:24}" + "".join(f"{n:>16.3f} / {r:.3f}" for n, r in cells))
