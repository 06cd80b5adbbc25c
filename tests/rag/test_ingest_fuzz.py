"""Random bytes in every format: records or named errors, never anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.documents import Record
from rag.importer import ImportOptions, gather
from rag.ingest.errors import IngestError
from rag.ingest.guard import Guard
from rag.ingest.html import read_html
from rag.ingest.pdf import read_pdf
from rag.ingest.provenance import metadata, read_yaml
from rag.ingest.readers import KINDS, Blob, read_blob
from rag.ingest.values import Document, Finding, Limits
from tests.rag.ingest_files import docx, paragraph, pdf, table

LIMITS = Limits(seconds=10)
SEEDS = {
    "pdf": pdf([["Gout hurts.", "- a list"], ["More."]], outline=[("Gout hurts.", 1, 0)]),
    "docx": docx(paragraph("Head", "Heading1") + table([["a", "b"], ["c", "d"]]), title="T"),
    "html": b"<html><h1>A</h1><ul><li>b<table><tr><td>c<td>d</table></ul><p style=x>e</html>",
    "markdown": b"---\ntitle: a\n---\n# b\n\n| c | d |\n|---|---|\n| e | f |\n",
    "table": b'question,answer\nWhy?,"Because,\nso"\n',
    "jsonl": b'{"id": 1, "question": "Why?", "answer": "<p>So"}\n',
    "xml": b'<Document id="1"><Focus>a</Focus><QAPair><Answer>b</Answer></QAPair></Document>',
    "text": "痛风 and gout".encode("gb18030"),
}
FUZZ = settings(
    deadline=None, max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    """One guard for all."""
    with Guard(LIMITS) as found:
        yield found


def named(error: IngestError) -> None:
    """The error says something, and its details are what its sentence needs."""
    assert str(error)
    assert error.key.startswith("ingest.")


def spoilt(seed: bytes) -> st.SearchStrategy[bytes]:
    """A good file with a few bytes overwritten, or cut, or repeated."""

    def spoil(changes: list[tuple[int, bytes]], cut: int) -> bytes:
        data = bytearray(seed)
        for place, piece in changes:
            start = place % (len(data) + 1)
            data[start : start + len(piece)] = piece
        return bytes(data[: len(data) - cut % len(seed)]) if cut % 3 == 0 else bytes(data)

    pieces = st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=6))
    return st.builds(spoil, st.lists(pieces, max_size=6), st.integers(0, 10**6))


@pytest.mark.parametrize("kind", SEEDS)
@FUZZ
@given(data=st.data())
def test_spoilt_files_give_documents_or_named_errors(
    guard: Guard, kind: str, data: st.DataObject
) -> None:
    """Whatever a disk or a stranger does to a file."""
    content = data.draw(st.one_of(st.binary(max_size=400), spoilt(SEEDS[kind])))
    try:
        found = list(read_blob(Blob(name="x", kind=kind, data=content), guard, LIMITS))
    except IngestError as error:
        named(error)
        return
    assert all(isinstance(f, Document | Finding) for f in found)


@pytest.mark.parametrize(("read", "kind"), [(read_pdf, "pdf"), (read_html, "html")])
@FUZZ
@given(data=st.data())
def test_readers_raise_only_named_errors_themselves(
    read: Callable[[bytes, Limits], list[Document]], kind: str, data: st.DataObject
) -> None:
    """Even without the process around them, damage is named rather than met by a crash."""
    content = data.draw(st.one_of(st.binary(max_size=300), spoilt(SEEDS[kind])))
    try:
        assert all(isinstance(document, Document) for document in read(content, LIMITS))
    except IngestError as error:
        named(error)


@FUZZ
@given(st.sampled_from(sorted(set(KINDS) - {".urls", ".pdf", ".docx", ".html", ".htm", ".xhtml"})),
       st.text(max_size=200))  # fmt: skip
def test_any_text_in_any_file_is_told_or_taken(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, text: str
) -> None:
    """From the file's name to records: every file ends in records or a finding."""
    path = tmp_path_factory.mktemp("any") / f"x{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    found = gather([path], ImportOptions(limits=LIMITS))
    assert found.origins == 1
    assert found.records or found.refused or suffix in (".jsonl", ".ndjson", ".csv", ".tsv")
    for record in found.records:
        assert isinstance(record, Record)
        assert record.chunks
        assert record.doc.strip()
        assert "\x00" not in record.chunks[0].text + record.title + record.doc


@FUZZ
@given(st.text(max_size=300))
def test_any_yaml_is_fields_or_a_named_error(text: str) -> None:
    """Side-cars and front matter come from strangers too."""
    try:
        metadata(read_yaml(text))
    except IngestError as error:
        named(error)


@FUZZ
@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_list_of_addresses_is_refused_quietly(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """Without allowed hosts nothing is fetched, whatever the list says."""
    path = tmp_path_factory.mktemp("urls") / "x.urls"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    found = gather([path], ImportOptions(hosts=("example.org",)))
    assert found.records == ()
    assert all(f.key.startswith("ingest.") for f in found.refused)


def test_an_empty_file_of_each_kind_is_named(tmp_path: Path) -> None:
    """Zero bytes are damage, emptiness, or no rows at all."""
    for suffix in KINDS:
        (tmp_path / f"x{suffix}").write_bytes(b"")
    found = gather([tmp_path])
    assert found.records == ()
    silent = {".jsonl", ".ndjson"}
    told = {Path(f.where).suffix for f in found.refused}
    assert told == set(KINDS) - silent
