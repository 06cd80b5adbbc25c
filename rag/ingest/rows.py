"""Question-answer pairs, one per row: JSON lines and tables (CSV, TSV) under many names.

Rows are read one by one; a bad one is told by its line and reason and the rest goes on.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from rag.documents import digest
from rag.ingest.clean import clean_line
from rag.ingest.encoding import decode
from rag.ingest.errors import EncodingError, RowError, TableError
from rag.ingest.html import fragment_sections
from rag.ingest.language import declared
from rag.ingest.provenance import canonical, named, provenance_of
from rag.ingest.values import MB, Document, Finding, Limits, Section, refusal
from rag.pages import is_url

_MARKUP = re.compile(
    r"</?(?:p|br|ul|ol|li|div|span|a|b|i|strong|em|h[1-6]|table|tr|td|script|style|img)\b[^<>]*>",
    re.IGNORECASE,
)
_HALF = re.compile("[\ud800-\udfff]")
_DELIMITERS = (",", "\t", ";", "|")
_TEXTS = ("question", "title", "organisation", "url", "licence")


def read_jsonl(file: BinaryIO, name: str, limits: Limits) -> Iterator[Document | Finding]:
    """The rows of a JSON-lines file; each needs an id and an answer (or text)."""
    for number, line in _lines(file, limits.row_bytes):
        if line is None or line.strip():
            try:
                if line is None:
                    raise RowError("long", limit=str(limits.row_bytes // MB))
                yield _document(_fields(line), limits, own_id="")
            except RowError as error:
                yield refusal(f"{name}:{number}", error)


def read_table(data: bytes, name: str, limits: Limits) -> Iterator[Document | Finding]:
    """The rows of a table with a header; raises EncodingError or TableError.

    Without an id column a row is known by its title and question, or by its answer.
    """
    text = decode(data)[0]
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    header = next(_careful(reader), None)
    columns = header if isinstance(header, list) else []
    if "answer" not in {named(column) for column in columns}:
        raise TableError(columns=", ".join(clean_line(c) for c in columns)[:200])
    has_id = "id" in {named(column) for column in columns}
    for cells in _careful(reader):
        if isinstance(cells, list) and not any(map(str.strip, cells)):
            continue
        try:
            if isinstance(cells, str):
                raise RowError("table", fault=cells)
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            yield _document(row, limits, own_id="" if has_id else name)
        except RowError as error:
            yield refusal(f"{name}:{reader.line_num}", error)


def _lines(file: BinaryIO, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """The lines with their numbers; None for one beyond the limit, which is never held whole."""
    number, long = 1, False
    while line := file.readline(limit + 1):
        ended = line.endswith(b"\n")
        if len(line) > limit and not ended:
            long = True
            continue
        yield number, None if long else line
        number, long = number + 1, False
    if long:
        yield number, None


def _fields(line: bytes) -> Mapping[str, object]:
    try:
        row = json.loads(_line_text(line))
    except (ValueError, RecursionError) as error:
        raise RowError("json", fault=str(error)) from error
    if not isinstance(row, dict):
        raise RowError("object")
    return row


def _line_text(line: bytes) -> str:
    """A line is UTF-8; another encoding is only believed of a line that is text in it."""
    try:
        return decode(line)[0]
    except EncodingError as error:
        raise RowError("encoding") from error


def _document(row: Mapping[str, object], limits: Limits, *, own_id: str) -> Document:
    """A checked row as a document; ``own_id`` is the name that ids are made from, if any."""
    ours = canonical(row)
    answer = ours.get("answer")
    if not own_id:
        _check_id(row, ours.get("id"))
    if not isinstance(answer, str) or not answer.strip():
        raise RowError("answer")
    _check_fields(ours)
    question = clean_line(str(ours.get("question") or ""))
    title = clean_line(str(ours.get("title") or ""))
    made = f"{own_id}/{digest(title, question or answer, size=12)}"
    return Document(
        id=made if own_id else clean_line(str(ours["id"])),
        title=title,
        sections=_sections(question, answer.strip(), limits),
        lang=declared(ours.get("lang")),
        provenance=provenance_of(ours),
    )


def _check_id(row: Mapping[str, object], found: object) -> None:
    if isinstance(found, bool) or isinstance(row.get("id"), bool):
        raise RowError("id_type")
    if not isinstance(found, str | int) or not clean_line(str(found)):
        raise RowError("id")


def _check_fields(ours: Mapping[str, object]) -> None:
    for name in _TEXTS:
        if ours.get(name) is not None and not isinstance(ours[name], str):
            raise RowError("text", field=name)
    if ours.get("url") and not is_url(ours["url"]):
        raise RowError("url")
    if ours.get("lang") and declared(ours["lang"]) not in ("en", "zh"):
        raise RowError("lang")
    if any(isinstance(value, str) and _HALF.search(value) for value in ours.values()):
        raise RowError("surrogate")


def _sections(question: str, answer: str, limits: Limits) -> tuple[Section, ...]:
    path = (question,) if question else ()
    if not _MARKUP.search(answer):
        return (Section(path=path, text=answer),)
    return tuple(
        Section(path=path + s.path, text=s.text) for s in fragment_sections(answer, limits)
    )


def _delimiter(text: str) -> str:
    """The delimiter under which the header names an answer, else the one that cuts most."""
    start = text[:100_000]

    def worth(delimiter: str) -> tuple[bool, int]:
        header = next(_careful(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)), [])
        columns = header if isinstance(header, list) else []
        return "answer" in {named(column) for column in columns}, len(columns)

    return max(_DELIMITERS, key=worth)


def _careful(reader: Iterable[list[str]]) -> Iterator[list[str] | str]:
    """The rows, and the csv module's complaint for one it cannot read."""
    rows = iter(reader)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield str(error)
