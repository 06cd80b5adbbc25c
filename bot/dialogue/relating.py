"""How a question and the passages of its answer hang together, in the words of the medical graph.

The graph is reviewed data; here it only explains an answer that was given, it never gives one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.i18n import t
from rag.types import Lang

if TYPE_CHECKING:
    from rag.graph import Graph, Relation

_LINES = 3  # groups of relations told
_ENDS = 4  # things named in one group


class Relating:
    """Says which relations of the graph connect a question with its answer."""

    def __init__(self, load: Callable[[], Graph]) -> None:
        """``load`` reads the graph's files; it runs in a thread, on first use."""
        self._load = load
        self._graph: Graph | None = None

    async def told(self, passages: Sequence[str], asked: str, lang: Lang) -> str:
        """A few lines, or nothing when the graph knows no relation between them."""
        if not passages:
            return ""
        if self._graph is None:
            self._graph = await asyncio.to_thread(self._load)
        return "\n".join(lines(self._graph, passages, asked, lang))


def lines(graph: Graph, passages: Sequence[str], asked: str, lang: Lang) -> list[str]:
    """One line per thing and relation, the ones that both texts name first."""
    groups: dict[tuple[str, str], list[Relation]] = {}
    for relation in graph.explain(passages, asked):
        groups.setdefault((relation.start, relation.name), []).append(relation)
    return [
        t(
            "graph.line",
            lang,
            start=_name(graph, start, lang),
            relation=t(f"graph.{name}", lang),
            ends=t("metrics.comma", lang).join(_name(graph, r.end, lang) for r in some[:_ENDS]),
        )
        for (start, name), some in list(groups.items())[:_LINES]
    ]


def _name(graph: Graph, node: str, lang: Lang) -> str:
    """The plain name of a node; its id where a language has none."""
    names = graph.nodes[node].names.get(lang, ())
    return names[0] if names else node
