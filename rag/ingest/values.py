"""What readers return: documents in sections with their provenance, limits, and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.ingest.errors import IngestError

MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost. Sizes in bytes, time in seconds.

    ``stream_bytes`` holds for formats read row by row (JSONL, CSV, XML), whose size is no
    danger; ``row_bytes`` for one row of them. ``unpacked_bytes`` and ``unpack_ratio`` are the
    sum and the worst member of a DOCX archive. ``memory`` is the address space of the reading
    process, which starts with about 300 MB of libraries.
    """

    file_bytes: int = 20 * MB
    stream_bytes: int = 200 * MB
    row_bytes: int = 2 * MB
    unpacked_bytes: int = 100 * MB
    unpack_ratio: int = 200
    members: int = 5000
    pages: int = 2000
    depth: int = 200
    seconds: float = 60.0
    memory: int = 1024 * MB
    text_chars: int = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a document comes from; empty where unknown. Dates are ISO (YYYY[-MM[-DD]]).

    ``published`` is when the source wrote or last changed it, ``reviewed`` (a full date) when
    somebody last checked it.
    """

    organisation: str = ""
    url: str = ""
    licence: str = ""
    published: str = ""
    reviewed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A piece under one heading.

    ``path`` are the headings from the outermost to the nearest, the title left out; ``text``
    is paragraphs, ``- `` lists and ``|`` tables; ``page`` counts from 1, 0 when there is none.
    """

    path: tuple[str, ...]
    text: str
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as read. ``id`` is empty when the file names none; ``lang`` as declared."""

    title: str
    sections: tuple[Section, ...]
    id: str = ""
    lang: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    topics: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All sections' text, for looking at as a whole."""
        return "\n\n".join(section.text for section in self.sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to tell about one file, row or address.

    ``refused``: it was left out; ``flagged``: it was taken, but a reviewer should look.
    ``key`` and ``details`` give the sentence in ``bot/locales``; ``message`` is the English one.
    """

    where: str
    key: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)
    level: Literal["refused", "flagged"] = "refused"

    def __str__(self) -> str:
        """``where: message`` in English."""
        return f"{self.where}: {self.message}"


def refusal(where: str, error: IngestError) -> Finding:
    """The finding that tells of an error."""
    return Finding(where=where, key=error.key, message=str(error), details=error.details)
