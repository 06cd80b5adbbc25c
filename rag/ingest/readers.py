"""Which reader reads what: by the ending of a file's name, or the type a server states."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from rag.ingest.clean import without_furniture
from rag.ingest.errors import MissingFileError, TooBigError, UnreadableError, UnsupportedError
from rag.ingest.guard import GUARDED, Guard
from rag.ingest.rows import read_jsonl, read_table
from rag.ingest.text import read_markdown, read_text
from rag.ingest.values import MB, Document, Finding, Limits
from rag.ingest.xml import read_xml

KINDS = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "text", ".html": "html", ".htm": "html",
    ".xhtml": "html", ".pdf": "pdf", ".docx": "docx", ".csv": "table", ".tsv": "table",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "xml", ".urls": "urls",
}  # fmt: skip
SUFFIXES = tuple(KINDS)
STREAMED = frozenset({"jsonl", "table", "xml"})  # many documents in one file


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A file or download: ``name`` is how it is told of, ``data`` is None for what lies on disk."""

    name: str
    kind: str
    path: Path | None = None
    data: bytes | None = None

    def open(self) -> BinaryIO:
        """The content as a stream; raises UnreadableError."""
        if self.path is None:
            return io.BytesIO(self.data or b"")
        try:
            return self.path.open("rb")
        except OSError as error:
            raise UnreadableError(fault=_fault(error)) from error


def kind_of(suffix: str) -> str:
    """The kind of document behind a file name's ending; raises UnsupportedError."""
    kind = KINDS.get(suffix.lower())
    if kind is None:
        raise UnsupportedError(suffixes=", ".join(SUFFIXES))
    return kind


def read_blob(blob: Blob, guard: Guard, limits: Limits) -> Iterator[Document | Finding]:
    """The documents of one file; raises an IngestError when it cannot be read at all."""
    _weigh(blob, limits)
    if blob.kind in ("jsonl", "xml"):
        read = read_jsonl if blob.kind == "jsonl" else read_xml
        with blob.open() as file:
            yield from read(file, blob.name, limits)
        return
    data = content(blob)
    if blob.kind == "table":
        yield from read_table(data, blob.name, limits)
    elif blob.kind in GUARDED:
        yield from map(_tidied, guard.read(blob.kind, data))
    else:
        yield _tidied(read_markdown(data) if blob.kind == "markdown" else read_text(data))


def content(blob: Blob) -> bytes:
    """All bytes of the file; raises UnreadableError."""
    with blob.open() as file:
        try:
            return file.read()
        except OSError as error:
            raise UnreadableError(fault=_fault(error)) from error


def _weigh(blob: Blob, limits: Limits) -> None:
    """Refuse by size before anything is read."""
    limit = limits.stream_bytes if blob.kind in STREAMED else limits.file_bytes
    try:
        size = len(blob.data or b"") if blob.path is None else blob.path.stat().st_size
    except FileNotFoundError as error:
        raise MissingFileError from error
    except (OSError, ValueError) as error:
        raise UnreadableError(fault=_fault(error)) from error
    if size > limit:
        raise TooBigError(size=f"{size / MB:.0f}", limit=str(limit // MB))


def _tidied(document: Document) -> Document:
    """Without the lines that only serve a website or a printed page."""
    sections = (replace(s, text=without_furniture(s.text)) for s in document.sections)
    return replace(document, sections=tuple(s for s in sections if s.text.strip()))


def _fault(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
