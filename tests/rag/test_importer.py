"""What people add: Markdown, text, JSONL rows, good and bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents import Record
from rag.importer import ImportOptions, files_below, read_file
from rag.types import Source
from tests.rag.support import page_text

DEFAULT = ImportOptions()


def read(path: Path, options: ImportOptions = DEFAULT) -> tuple[list[Record], list[str]]:
    """Records and complaints of one file."""
    found = list(read_file(path, options))
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, str)]


def rows(tmp_path: Path, *lines: object) -> Path:
    """A JSONL file; strings are written as they are."""
    path = tmp_path / "rows.jsonl"
    text = (x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines)
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def test_a_row_becomes_a_document_with_its_source(tmp_path: Path) -> None:
    """id, focus, question, answer, url and source all arrive where a citation needs them."""
    row = {
        "id": "q-1", "focus": "Gout", "question": "What causes gout?",
        "answer": "Uric acid crystals cause gout.", "url": "https://www.nih.gov/gout",
        "source": "NIH", "licence": "public domain",
    }  # fmt: skip
    (record,), complaints = read(rows(tmp_path, row))
    assert complaints == []
    assert (record.doc, record.title, record.lang) == ("q-1", "Gout", "en")
    assert record.chunks[0].section == "What causes gout?"
    assert record.sources == (
        Source(organisation="NIH", title="Gout", url="https://www.nih.gov/gout"),
    )
    assert record.chunks[0].marks == (0,)
    (plain,), _ = read(rows(tmp_path, row), ImportOptions(index_questions=False))
    assert plain.chunks[0].section == ""


def test_rows_without_a_source_take_the_default(tmp_path: Path) -> None:
    """A default source is cited for rows that name none; without one they have none."""
    path = rows(tmp_path, {"id": 7, "text": "喝水有益健康。"})
    source = Source(organisation="Clinic", title="Leaflet", url="https://clinic.example/x")
    (record,), _ = read(path, ImportOptions(source=source))
    assert record.sources == (source,)
    assert (record.doc, record.lang) == ("7", "zh")
    (bare,), _ = read(path)
    assert bare.sources == ()
    (named,), _ = read(rows(tmp_path, {"id": "a", "text": "Rest.", "source": "My notes"}))
    assert named.sources[0].organisation == "My notes"
    (hosted,), _ = read(rows(tmp_path, {"id": "a", "text": "Rest.", "url": "https://a.org/b"}))
    assert hosted.sources[0].organisation == "a.org"


BAD = {
    "not json": ("{oops", "is not JSON"),
    "a list": ([1], "must be an object"),
    "no id": ({"answer": "x"}, "id: is missing"),
    "empty id": ({"id": " ", "answer": "x"}, "id: is missing"),
    "bool id": ({"id": True, "answer": "x"}, "id: must be"),
    "no answer": ({"id": "a"}, "answer: (or text) is missing"),
    "empty answer": ({"id": "a", "answer": "  "}, "answer: (or text) is missing"),
    "number answer": ({"id": "a", "answer": 5}, "answer: (or text) is missing"),
    "title": ({"id": "a", "answer": "x", "title": 5}, "title: must be a text"),
    "url": ({"id": "a", "answer": "x", "url": "nope"}, "url: must be"),
    "lang": ({"id": "a", "answer": "x", "lang": "fr"}, "lang: must be"),
    "surrogate": ('{"id": "a", "answer": "x \\ud83d"}', "unpaired surrogate"),
    "deep": ("[" * 100_000, "is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_row_is_named_and_the_rest_goes_on(tmp_path: Path, bad: object, reason: str) -> None:
    """File, line and reason are given, and the rows around it are still read."""
    good = {"id": "ok", "answer": "Fine."}
    path = rows(tmp_path, good, "", bad, good | {"id": "ok2"})
    records, (complaint,) = read(path)
    assert [r.doc for r in records] == ["ok", "ok2"]
    assert complaint.startswith(f"{path}:3: ")
    assert reason in complaint


def test_a_row_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    """Broken bytes in one line do not spoil the other lines."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"id": "a", "answer": "\xff"}\n{"id": "b", "answer": "ok"}\n')
    records, complaints = read(path)
    assert [r.doc for r in records] == ["b"]
    assert "rows.jsonl:1: is not UTF-8" in complaints[0]


def test_long_answers_are_cut_and_keep_everything(tmp_path: Path) -> None:
    """A long answer gives several chunks whose text together is the answer."""
    answer = " ".join(f"Sentence number {i} says something about health." for i in range(120))
    (record,), _ = read(rows(tmp_path, {"id": "a", "answer": answer}))
    assert len(record.chunks) > 3
    assert " ".join(c.text for c in record.chunks) == answer


def test_our_own_pages_can_be_added(tmp_path: Path) -> None:
    """A page in our format keeps its sources and its id; a broken one is reported."""
    folder = tmp_path / "en"
    folder.mkdir()
    path = folder / "sleep.md"
    path.write_text(page_text("en/sleep"), encoding="utf-8")
    (record,), _ = read(path)
    assert (record.doc, record.origin) == ("en/sleep", "added")
    path.write_text(page_text("en/sleep").replace("lang: en", "lang: xx"), encoding="utf-8")
    records, complaints = read(path)
    assert records == []
    assert "lang: must be en or zh" in complaints[0]


def test_plain_markdown_and_text_are_taken_as_they_are(tmp_path: Path) -> None:
    """Headings become sections, the first one the title; foreign front matter is no obstacle."""
    path = tmp_path / "back-care.md"
    path.write_text(
        "# Back care\n\nStay active.\n\n## Lifting\n\nBend your knees.\n", encoding="utf-8"
    )
    (record,), _ = read(path)
    assert (record.doc, record.title) == ("back-care", "Back care")
    assert [c.section for c in record.chunks] == ["", "Lifting"]
    path.write_text("---\ntitle: Mine\nurl: https://a.org/x\n---\nText here.\n", encoding="utf-8")
    (record,), _ = read(path)
    assert (record.title, record.sources[0].url) == ("Mine", "https://a.org/x")
    path.write_text("---\n: [broken\n---\nText here.\n", encoding="utf-8")
    (record,), _ = read(path)
    assert record.title == "back-care"
    note = tmp_path / "note.txt"
    note.write_text("\ufeff## not a heading\nDrink water.", encoding="utf-8")
    (record,), _ = read(note)
    assert record.chunks[0].text == "## not a heading\nDrink water."


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Missing, foreign, empty and undecodable files are reported, folders are walked."""
    (tmp_path / "a.txt").write_text("  ", encoding="utf-8")
    (tmp_path / "b.pdf").write_bytes(b"%PDF")
    (tmp_path / "c.md").write_bytes(b"\xff\xff")
    paths = [tmp_path, tmp_path / "gone.md", tmp_path / "b.pdf"]
    found = list(files_below(paths))
    assert [f.name for f in found if isinstance(f, Path)] == ["a.txt", "c.md"]
    assert sum(isinstance(f, str) for f in found) == 2
    assert "holds no text" in read(tmp_path / "a.txt")[1][0]
    assert "UTF-8" in read(tmp_path / "c.md")[1][0]
    assert "cannot be read" in read(tmp_path / "gone.jsonl")[1][0]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_row_or_a_complaint(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """No line of any file raises; each non-empty line gives a record or a complaint."""
    path = tmp_path_factory.mktemp("rows") / "x.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    records, complaints = read(path)
    lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
    assert len(records) + len(complaints) == len(lines)
