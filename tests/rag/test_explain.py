"""Looking closely: why a passage was found, how a document reads, what changed word by word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.library import Knowledge
from rag.versions_intake import gather
from rag.versions_model import UnknownError
from rag.versions_words import words
from tests.rag.support import Open


@pytest.fixture
def knowledge(open_knowledge: Open, pages: Path) -> Knowledge:
    """The tiny knowledge base."""
    return open_knowledge(pages)


def test_an_explanation_is_of_the_search_itself(knowledge: Knowledge) -> None:
    """Same passages, same scores, same judgement as the search; the parts add up to the score."""
    asked = "how many hours of slep do adults need"
    found, told = knowledge.search(asked), knowledge.explain(asked)
    assert [r.hit for r in told.reasons] == list(found.hits)
    assert (told.relevant, told.version) == (found.relevant, found.version)
    assert told.confidence == pytest.approx(found.confidence)
    first = told.reasons[0]
    assert sum(part for _, part in first.parts) == pytest.approx(first.hit.score, abs=0.01)
    assert first.body > 0
    assert -1 <= first.dense <= 1


def test_an_explanation_names_the_words_that_matched(knowledge: Knowledge) -> None:
    """A searcher sees which of the own, corrected and added words stand in a passage, and where."""
    told = knowledge.explain("how much salt is too much zorbitis")
    by_text = {term.text: term for term in told.terms}
    assert by_text["salt"].kind == "own"
    assert by_text["zorbitis"].rarity == 0
    first = told.reasons[0]
    assert ("salt", "both") in {(term.text, where) for term, where in first.matched}
    assert "zorbitis" not in {term.text for term, _ in first.matched}
    assert told.known < 1


def test_a_chinese_question_is_explained_too(knowledge: Knowledge) -> None:
    """Its English gloss is shown, and votes of English twins count."""
    told = knowledge.explain("每晚应该睡几个小时")
    assert told.lang == "zh"
    assert "sleep" in told.english
    assert told.reasons[0].hit.passage.lang == "zh"
    assert told.reasons[0].twin > 0
    assert {term.kind for term in told.terms} >= {"own", "other"}


def test_a_document_reads_whole(knowledge: Knowledge) -> None:
    """All passages in order, each with the sources it is marked with."""
    reading = knowledge.reading()
    (rev,) = reading.revisions(knowledge.version, "en/salt")
    (text,) = reading.texts([rev, "unknown"])
    assert [p.section for p in text.passages] == [
        "How much salt is too much?", "Where does salt hide?", "How can I eat less salt?",
    ]  # fmt: skip
    assert text.passages[0].sources[0].organisation.startswith("World Health")
    assert (text.origin, text.licence) == ("pages", "CC-BY-4.0")


def test_a_list_comes_in_pages_and_can_be_narrowed(knowledge: Knowledge) -> None:
    """Ids in order; a text is looked for in id, title and file; per cent signs mean themselves."""
    reading = knowledge.reading()
    page = reading.listed(knowledge.version, start=1, limit=2)
    assert (page.total, [line.doc for line in page.lines]) == (5, ["en/salt", "en/sleep"])
    assert page.lines[0].passages == 3
    assert reading.listed(knowledge.version, text="盐").total == 1
    assert reading.listed(knowledge.version, text="%").total == 0
    assert reading.listed(knowledge.version, lang="en").total == 3
    assert reading.listed(knowledge.version, origin="added").total == 0


def test_a_changed_document_is_shown_word_by_word(knowledge: Knowledge, tmp_path: Path) -> None:
    """One passage changes, one comes, one goes; what is said about the document shows too."""
    path = tmp_path / "gout.jsonl"

    def stage(answer: str, **more: str) -> None:
        row = {"id": "gout", "title": "Gout", "text": answer} | more
        path.write_text(json.dumps(row), encoding="utf-8")
        knowledge.desk().stage(gather([path]), who="ann")

    stage("Rest the joint and drink enough water.")
    added = knowledge.desk().document("gout")
    assert (added.kind, [p.kind for p in added.passages]) == ("added", ["added"])
    knowledge.desk().publish(who="ann")
    assert knowledge.desk().document("gout").kind == "same"
    stage("Rest the joint and drink plenty of water.", url="https://example.org/gout")
    diff = knowledge.desk().document("gout")
    assert diff.kind == "changed"
    assert [fact.name for fact in diff.facts] == ["url", "sources"]
    (passage,) = diff.passages
    assert passage.kind == "changed"
    assert [(p.kind, p.text) for p in passage.pieces] == [
        ("same", "Rest the joint and drink "), ("removed", "enough"), ("added", "plenty of"),
        ("same", " water."),
    ]  # fmt: skip
    knowledge.desk().remove(["gout"], who="ann")
    assert knowledge.desk().document("gout").kind == "removed"
    with pytest.raises(UnknownError):
        knowledge.desk().document("nobody")


@given(st.text(alphabet="ab 盐糖.\n", max_size=60), st.text(alphabet="ab 盐糖.\n", max_size=60))
def test_pieces_put_together_are_the_texts(before: str, after: str) -> None:
    """Nothing is lost or invented between two texts."""
    pieces = words(before, after)
    assert "".join(p.text for p in pieces if p.kind != "added") == before
    assert "".join(p.text for p in pieces if p.kind != "removed") == after


def test_refusals_come_as_values_too(tmp_path: Path) -> None:
    """Who speaks another language than English has the key and what fills it."""
    bad = tmp_path / "photo.heic"
    bad.write_bytes(b"x")
    intake = gather([bad])
    assert [(f.key, f.level) for f in intake.findings] == [("ingest.unsupported", "refused")]
    assert intake.problems == tuple(map(str, intake.findings))
