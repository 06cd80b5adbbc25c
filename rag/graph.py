"""The medical graph: conditions, symptoms, metrics, habits, medicines and tests, who is related
to whom, and which section of our pages says so.

Data are ``knowledge/graph/*.yaml``; this module loads them, finds the nodes a text
names, widens a question by them (``expand``) and says which relations an answer rests on
(``explain``). Pure apart from reading the files.
rag.graph_lint checks it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rag.tokens import detect_lang, normalise
from rag.types import Lang, PageError

Kind = Literal["condition", "symptom", "metric", "habit", "medicine", "test"]
Name = Literal[
    "has_symptom", "measured_by", "worsened_by", "helped_by", "risk_for", "treated_with_class",
    "monitored_with", "alarm_sign_of",
]  # fmt: skip
OTHER_NAME = 0.25  # what another name of a node counts, beside 1.0 for the asker's own words
NEIGHBOUR = 0.125  # what a condition counts that all symptoms named have in common


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One thing with its names, plain one first, and the page that says most about it."""

    id: str
    kind: Kind
    page: str
    names: Mapping[Lang, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """``start`` is related to ``end``; ``source`` is page/number of the section that says so."""

    start: str
    name: Name
    end: str
    source: str
    review: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes by id and all relations."""

    nodes: Mapping[str, Node]
    relations: Sequence[Relation]

    @cached_property
    def _named(self) -> Mapping[Lang, Mapping[str, tuple[str, ...]]]:
        found: dict[Lang, dict[str, list[str]]] = {"en": {}, "zh": {}}
        for node in self.nodes.values():
            for lang, names in node.names.items():
                for name in names:
                    found[lang].setdefault(normalise(name), []).append(node.id)
        return {
            lang: {name: tuple(ids) for name, ids in names.items()} for lang, names in found.items()
        }

    @cached_property
    def _patterns(self) -> Mapping[Lang, re.Pattern[str]]:
        """Any name, the longest first; English ones as whole words, a plural s allowed."""
        ordered = {
            lang: "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
            for lang, names in self._named.items()
        }
        return {
            "en": re.compile(rf"(?<!\w)({ordered['en'] or '(?!)'})s?(?!\w)"),
            "zh": re.compile(f"({ordered['zh'] or '(?!)'})"),
        }

    @cached_property
    def _around(self) -> Mapping[str, tuple[Relation, ...]]:
        found: dict[str, list[Relation]] = defaultdict(list)
        for relation in self.relations:
            found[relation.start].append(relation)
            found[relation.end].append(relation)
        return {node: tuple(some) for node, some in found.items()}

    def mentioned(self, text: str) -> tuple[str, ...]:
        """Ids of the nodes a text names, in the order of first mention."""
        clean = normalise(text)
        lang = detect_lang(clean)
        found = [
            node
            for match in self._patterns[lang].finditer(clean)
            for node in self._named[lang][match[1]]
        ]
        return tuple(dict.fromkeys(found))

    def expand(self, text: str) -> dict[str, float]:
        """Phrases worth searching for besides the question's own words, with weights in (0, 1).

        Other names of what it names, and the conditions that share two or more of the symptoms
        it names. In the language of the question.
        """
        lang = detect_lang(normalise(text))
        named = self.mentioned(text)
        clean = normalise(text)
        found: dict[str, float] = {}
        for node in named:
            for name in self.nodes[node].names.get(lang, ()):
                if normalise(name) not in clean:
                    found[name] = OTHER_NAME
        for node in self._shared(named):
            found.setdefault(self.nodes[node].names[lang][0], NEIGHBOUR)
        return found

    def _shared(self, named: Sequence[str]) -> list[str]:
        """Conditions with at least two of the symptoms named, none of them named itself."""
        count: dict[str, int] = defaultdict(int)
        for node in named:
            for relation in self._around.get(node, ()):
                if relation.name == "has_symptom" and relation.end == node:
                    count[relation.start] += 1
        most = max(count.values(), default=0)
        return [n for n, many in count.items() if many == most >= 2 and n not in named]

    def explain(self, passages: Iterable[str], text: str) -> list[Relation]:
        """The relations that connect a question with passages found for it.

        A relation counts when the question names one of its ends and a passage comes from the
        page that states it; those with both ends named come first. ``passages`` are passage
        ids (``en/gout-uric-acid#...``).
        """
        pages = {name.rsplit("#", 1)[0].split("/", 1)[-1] for name in passages}
        named = set(self.mentioned(text))
        used = [
            relation
            for relation in self.relations
            if relation.source.split("/")[0] in pages and {relation.start, relation.end} & named
        ]
        return sorted(used, key=lambda r: len({r.start, r.end} & named), reverse=True)

    def around(self, text: str) -> Graph:
        """What a text names with everything that is related to it; empty when it names nothing."""
        named = set(self.mentioned(text))
        relations = [r for r in self.relations if {r.start, r.end} & named]
        ids = named | {end for r in relations for end in (r.start, r.end)}
        nodes = {name: node for name, node in self.nodes.items() if name in ids}
        return Graph(nodes=nodes, relations=relations)

    def export(self) -> dict[str, Any]:
        """Everything as plain values for JSON: ``nodes`` and ``edges``."""
        return {
            "nodes": [
                {"id": n.id, "kind": n.kind, "page": n.page,
                 "names": {lang: list(names) for lang, names in n.names.items()}}
                for n in self.nodes.values()
            ],
            "edges": [
                {"from": r.start, "relation": r.name, "to": r.end, "source": r.source,
                 "clinician_review": r.review}
                for r in self.relations
            ],
        }  # fmt: skip


def load_graph(folder: Path) -> Graph:
    """Read every YAML file of a folder; PageError names the file and the entry that is wrong."""
    nodes: dict[str, Node] = {}
    relations: list[Relation] = []
    for path in sorted(folder.glob("*.yaml")):
        data = _read(path)
        for name, fields in data.get("nodes", {}).items():
            if name in nodes:
                raise PageError(f"{path}: nodes: {name}: is there twice")
            nodes[name] = _node(path, str(name), fields)
        relations += [_relation(path, i, f) for i, f in enumerate(data.get("relations", []), 1)]
    return Graph(nodes=nodes, relations=tuple(relations))


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PageError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(data, dict):
        raise PageError(f"{path}: must hold 'nodes:' or 'relations:'")
    return data


def _node(path: Path, name: str, fields: object) -> Node:
    try:
        kept = cast("Mapping[str, Any]", fields)
        if kept["kind"] not in get_args(Kind):
            raise PageError(f"{path}: nodes: {name}: kind: {kept['kind']!r} is unknown")
        return Node(
            id=name, kind=kept["kind"], page=str(kept["page"]),
            names={lang: tuple(map(str, kept.get(lang) or ())) for lang in get_args(Lang)},
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise PageError(f"{path}: nodes: {name}: kind, page, en and zh are needed") from error


def _relation(path: Path, number: int, fields: object) -> Relation:
    try:
        kept = cast("Mapping[str, Any]", fields)
        if kept["is"] not in get_args(Name):
            raise PageError(f"{path}: relations: {number}: is: {kept['is']!r} is unknown")
        return Relation(
            start=str(kept["from"]), name=kept["is"], end=str(kept["to"]),
            source=str(kept.get("source") or ""), review=str(kept.get("clinician_review") or ""),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise PageError(f"{path}: relations: {number}: from, is and to are needed") from error
