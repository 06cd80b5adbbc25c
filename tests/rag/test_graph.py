"""The medical graph: it loads, its linter catches what may go wrong, and it widens and explains."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.graph import Graph, Node, Relation, load_graph
from rag.graph_lint import lint, sections
from rag.types import Lang, PageError

ROOT = Path(__file__).resolve().parents[2]
PAGES: Mapping[Lang, Mapping[str, int]] = {
    "en": {"gout": 3, "sleep": 2},
    "zh": {"gout": 3, "sleep": 2},
}


def node(name: str, kind: str, en: str, zh: str = "词") -> Node:
    """A node on the page about gout."""
    names = {"en": tuple(en.split(";")), "zh": tuple(zh.split(";")) if zh else ()}
    return Node(id=name, kind=kind, page="gout", names=names)  # type: ignore[arg-type]


def says(start: str, name: str, end: str, source: str = "gout/1") -> Relation:
    """A relation nobody has reviewed."""
    return Relation(start=start, name=name, end=end, source=source, review="pending")  # type: ignore[arg-type]


def small(*relations: Relation) -> Graph:
    """Two illnesses, two symptoms, a habit."""
    nodes = (
        node("gout", "condition", "gout;gout attack", "痛风;痛风发作"),
        node("flu", "condition", "flu", "流感"),
        node("toe", "symptom", "sore toe", "脚趾痛"),
        node("fever", "symptom", "fever;high temperature", "发热;发烧"),
        node("beer", "habit", "beer", "啤酒"),
    )
    return Graph(nodes={n.id: n for n in nodes}, relations=relations)


SOUND = (
    says("gout", "has_symptom", "toe"),
    says("gout", "has_symptom", "fever"),
    says("flu", "has_symptom", "fever"),
    says("gout", "worsened_by", "beer"),
)


@pytest.fixture(scope="module")
def shipped() -> Graph:
    """The graph that comes with Salus."""
    return load_graph(ROOT / "knowledge" / "graph")


def test_the_shipped_graph_is_sound(shipped: Graph) -> None:
    """It is large enough, and the linter finds nothing against the real pages."""
    assert len(shipped.nodes) >= 150
    assert len(shipped.relations) >= 300
    assert lint(shipped, sections(ROOT / "knowledge" / "pages")) == []
    assert {r.review for r in shipped.relations} == {"pending"}


def test_the_linter_has_nothing_against_a_sound_graph() -> None:
    """A small graph without faults gives no complaint."""
    assert lint(small(*SOUND), PAGES) == []


@pytest.mark.parametrize(
    ("relation", "complaint"),
    [
        (says("gout", "has_symptom", "hiccups"), "'hiccups' is no node"),
        (says("gout", "has_symptom", "beer"), "beer is a habit, symptom needed"),
        (says("gout", "risk_for", "gout"), "relates a node to itself"),
        (says("gout", "risk_for", "flu", ""), "source is missing"),
        (says("gout", "risk_for", "flu", "gout/9"), "'gout/9' is no section in en"),
        (says("gout", "risk_for", "flu", "gout"), "'gout' is no section in zh"),
        (says("gout", "risk_for", "flu", "cancer/0"), "'cancer/0' is no section in en"),
        (says("gout", "has_symptom", "toe"), "is there 2 times"),
        (says("gout", "helped_by", "beer"), "beer cannot both help and worsen"),
        (
            Relation(start="gout", name="risk_for", end="flu", source="gout/0", review=""),
            "clinician_review is missing",
        ),
    ],
)
def test_the_linter_names_what_is_wrong(relation: Relation, complaint: str) -> None:
    """Each fault is named."""
    assert any(complaint in line for line in lint(small(*SOUND, relation), PAGES))


def test_circles_and_both_directions_are_found() -> None:
    """A risk for a risk that comes back to its start is a circle, also the shortest one."""
    found = lint(
        small(*SOUND, says("flu", "risk_for", "gout"), says("gout", "risk_for", "flu")), PAGES
    )
    assert any(line.startswith("risk_for goes in a circle") for line in found)
    assert any("is there in both directions" in line for line in found)


def test_nodes_need_names_a_page_and_a_relation() -> None:
    """A missing translation, an unknown page and a lonely node are named."""
    lonely = Node(id="x", kind="test", page="nowhere", names={"en": ("x ray",), "zh": ()})
    graph = Graph(nodes={**small().nodes, "x": lonely}, relations=SOUND)
    found = lint(graph, PAGES)
    assert "x: has no name in zh" in found
    assert "x: page 'nowhere' does not exist in zh" in found
    assert "x: is in no relation" in found


def test_a_question_is_widened_by_other_names_and_shared_causes() -> None:
    """Two symptoms of one illness suggest its name, softly; one alone does not."""
    graph = small(*SOUND)
    assert graph.expand("fevers") == {"high temperature": 0.25}
    both = graph.expand("fever and a sore toe")
    assert both["gout"] == 0.125
    assert "flu" not in both
    assert graph.expand("发烧，脚趾痛") == {"发热": 0.25, "痛风": 0.125}


def test_what_is_named_is_not_suggested() -> None:
    """The asker's own words are not repeated."""
    assert small(*SOUND).expand("sore toe, fever: is it gout or a gout attack?") == {
        "high temperature": 0.25
    }


def test_an_answer_is_explained_by_what_connects_it() -> None:
    """Relations with both ends in the question come first; other pages do not count."""
    used = small(*SOUND).explain(["en/gout#abc"], "does beer make gout worse?")
    assert used[0] == says("gout", "worsened_by", "beer")
    assert len(used) == 3
    assert small(*SOUND).explain(["en/sleep#abc"], "does beer make gout worse?") == []


def test_the_export_holds_everything(shipped: Graph) -> None:
    """The export is JSON with every node and edge."""
    data = json.loads(json.dumps(shipped.export(), ensure_ascii=False))
    assert len(data["nodes"]) == len(shipped.nodes)
    assert len(data["edges"]) == len(shipped.relations)
    assert data["edges"][0]["clinician_review"] == "pending"
    assert data["nodes"][0]["names"]["zh"]


@given(st.text(max_size=200))
def test_any_text_can_be_asked_about(text: str) -> None:
    """No text breaks naming, widening or explaining."""
    graph = small(*SOUND)
    assert set(graph.mentioned(text)) <= set(graph.nodes)
    assert all(0 < weight < 1 for weight in graph.expand(text).values())
    graph.explain(["en/gout#1"], text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[1]", "must hold"),
        ("nodes: {a: {kind: planet, page: p}}", "'planet' is unknown"),
        ("nodes: {a: [1]}", "kind, page, en and zh are needed"),
        ("relations: [{from: a, is: loves, to: b}]", "'loves' is unknown"),
        ("relations: [{from: a}]", "from, is and to are needed"),
        ("nodes: {", "cannot be read as YAML"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    """A file of another shape is refused with its name and the entry."""
    (tmp_path / "broken.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PageError, match=r"broken\.yaml") as caught:
        load_graph(tmp_path)
    assert complaint in str(caught.value)


def test_a_node_may_be_defined_once(tmp_path: Path) -> None:
    """The same id in two files is refused; no files give an empty graph that finds nothing."""
    assert load_graph(tmp_path).mentioned("gout 痛风") == ()
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(
            "nodes: {gout: {kind: condition, page: gout, en: [gout], zh: [痛风]}}", encoding="utf-8"
        )
    with pytest.raises(PageError, match="is there twice"):
        load_graph(tmp_path)
