"""``salus kb graph``: the medical graph, to look at or to export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import AsJson, say
from bot.errors import InputError
from bot.i18n import t

if TYPE_CHECKING:
    from rag.graph import Graph


def graph(
    about: Annotated[str, typer.Option("--about", help="Only what this text names.")] = "",
    as_json: AsJson = False,
) -> None:
    """The medical graph: who is related to whom, and which section says so."""
    from bot.app import GRAPH
    from rag.graph import load_graph

    whole = load_graph(GRAPH)
    shown = whole.around(about) if about.strip() else whole
    if about.strip() and not shown.nodes:
        raise InputError("about", fault=f"the graph names nothing of {about!r}")
    if as_json:
        jsonl.emit(shown.export())
        return
    _tell(shown)


def _tell(shown: Graph) -> None:
    name = {node.id: node.names["en"][0] for node in shown.nodes.values()}
    for relation in shown.relations:
        said = t(f"graph.{relation.name}", "en")
        print(f"{name[relation.start]} – {said}: {name[relation.end]}  ({relation.source})")
    say("kb.graph.count", nodes=len(shown.nodes), relations=len(shown.relations))
