"""Checks the medical graph: unknown nodes and kinds, missing names, sources and reviews, circles,
relations said twice, both ways round or against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from rag.graph import Graph, Name, Relation
from rag.types import Lang

_CS = frozenset({"condition", "symptom"})
_BOTH = _CS | {"habit", "medicine"}
KINDS: Mapping[Name, tuple[frozenset[str], frozenset[str]]] = {
    "has_symptom": (frozenset({"condition"}), frozenset({"symptom"})),
    "measured_by": (_CS, frozenset({"metric"})),
    "worsened_by": (_CS | {"metric"}, _BOTH),
    "helped_by": (_CS | {"metric", "habit"}, frozenset({"habit", "medicine"})),
    "risk_for": (_BOTH, _CS),
    "treated_with_class": (_CS, frozenset({"medicine"})),
    "monitored_with": (_CS, frozenset({"test"})),
    "alarm_sign_of": (frozenset({"symptom"}), _CS),
}
ACYCLIC: frozenset[Name] = frozenset({"risk_for"})  # a risk for a risk ... never for itself
OPPOSITE = ("helped_by", "worsened_by")


def sections(pages: Path) -> dict[Lang, dict[str, int]]:
    """How many sections each of our pages has, per language, from the folder of pages."""
    from rag.pages import read_page

    found: dict[Lang, dict[str, int]] = {}
    for lang in ("en", "zh"):
        files = sorted((pages / lang).glob("*.md"))
        found[lang] = {path.stem: len(read_page(path).sections) for path in files}
    return found


def lint(graph: Graph, sections: Mapping[Lang, Mapping[str, int]]) -> list[str]:
    """What is wrong with a graph, one sentence each.

    ``sections``: per language, how many sections each of our pages has.
    """
    found = list(_node_complaints(graph, sections))
    for relation in graph.relations:
        found += _relation_complaints(graph, relation, sections)
    found += _pair_complaints(graph)
    for name in sorted(ACYCLIC):
        loop = _cycle(graph, name)
        if loop:
            found.append(f"{name} goes in a circle: {' -> '.join(loop)}")
    return found


def _node_complaints(graph: Graph, sections: Mapping[Lang, Mapping[str, int]]) -> Iterator[str]:
    used = {end for r in graph.relations for end in (r.start, r.end)}
    for node in graph.nodes.values():
        for lang, pages in sections.items():
            if not node.names.get(lang):
                yield f"{node.id}: has no name in {lang}"
            if node.page not in pages:
                yield f"{node.id}: page {node.page!r} does not exist in {lang}"
        if node.id not in used:
            yield f"{node.id}: is in no relation"


def _relation_complaints(
    graph: Graph, relation: Relation, sections: Mapping[Lang, Mapping[str, int]]
) -> Iterator[str]:
    where = f"{relation.start} {relation.name} {relation.end}"
    for end, kinds in zip((relation.start, relation.end), KINDS[relation.name], strict=True):
        if end not in graph.nodes:
            yield f"{where}: {end!r} is no node"
        elif graph.nodes[end].kind not in kinds:
            wanted = " or ".join(sorted(kinds))
            yield f"{where}: {end} is a {graph.nodes[end].kind}, {wanted} needed"
    if relation.start == relation.end:
        yield f"{where}: relates a node to itself"
    if not relation.review:
        yield f"{where}: clinician_review is missing"
    if not relation.source:
        yield f"{where}: source is missing"
    else:
        yield from (f"{where}: {reason}" for reason in _source_complaints(relation, sections))


def _source_complaints(
    relation: Relation, sections: Mapping[Lang, Mapping[str, int]]
) -> Iterator[str]:
    page, _, number = relation.source.partition("/")
    for lang, pages in sections.items():
        if not number.isdigit() or int(number) >= pages.get(page, 0):
            yield f"source {relation.source!r} is no section in {lang}"


def _pair_complaints(graph: Graph) -> Iterator[str]:
    said: dict[tuple[str, str, str], int] = defaultdict(int)
    for relation in graph.relations:
        said[relation.start, relation.name, relation.end] += 1
    for (start, name, end), times in said.items():
        if times > 1:
            yield f"{start} {name} {end}: is there {times} times"
        if start < end and (end, name, start) in said:
            yield f"{start} {name} {end}: is there in both directions"
        if name == OPPOSITE[0] and (start, OPPOSITE[1], end) in said:
            yield f"{start}: {end} cannot both help and worsen"


def _cycle(graph: Graph, name: Name) -> list[str]:
    """One circle of relations of a name, empty when there is none."""
    after: dict[str, list[str]] = defaultdict(list)
    for relation in graph.relations:
        if relation.name == name:
            after[relation.start].append(relation.end)
    done: set[str] = set()
    for start in list(after):
        path = _walk(after, start, [], done)
        if path:
            return path
    return []


def _walk(after: Mapping[str, list[str]], node: str, path: list[str], done: set[str]) -> list[str]:
    if node in path:
        return [*path[path.index(node) :], node]
    if node in done:
        return []
    for other in after.get(node, ()):
        found = _walk(after, other, [*path, node], done)
        if found:
            return found
    done.add(node)
    return []
