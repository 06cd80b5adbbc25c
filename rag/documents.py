"""A document as knowledge keeps it: one record of chunks with its sources, and its hashes.

A record never changes; an edited page is a new record with another ``rev``. Ids and hashes
depend on content only, so the same pages give the same version on every machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rag.types import Lang, Source

Origin = Literal["pages", "added"]
SPLITTER = 2  # raise it when chunks of unchanged text change, so that versions differ


def digest(*parts: str, size: int = 32) -> str:
    """The first ``size`` hex digits of the SHA-256 of the parts, unambiguously joined."""
    data = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(data).hexdigest()[:size]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One retrievable piece: ``marks`` are indices into the record's sources."""

    position: int
    section: str
    text: str
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """One revision of one document, or one row of a JSONL file.

    ``doc`` is the document's id (rows of one file may share it); ``group`` is what
    translations of one page share; ``path`` is the file name it was read from.
    """

    doc: str
    group: str
    lang: Lang
    title: str
    chunks: tuple[Chunk, ...]
    url: str = ""
    sources: tuple[Source, ...] = ()
    reviewed: str = ""
    licence: str = ""
    topics: tuple[str, ...] = ()
    origin: Origin = "added"
    path: str = ""

    @cached_property
    def rev(self) -> str:
        """Hash of everything a reader could see or a search could use."""
        return digest(
            str(SPLITTER), self.doc, self.lang, self.title, self.url, self.reviewed,
            self.licence, *self.topics,
            *(f"{s.organisation}\n{s.title}\n{s.url}\n{s.date}" for s in self.sources),
            *(f"{c.section}\n{c.text}\n{c.marks}" for c in self.chunks),
        )  # fmt: skip

    def passage_id(self, chunk: Chunk) -> str:
        """Stable id of a chunk: the document id and a hash of title, section and text."""
        return f"{self.doc}#{digest(self.title, chunk.section, chunk.text, size=12)}"


def version_of(revs: Collection[str], model: str) -> str:
    """The version id of a set of revisions in the vectors of a model: 12 hex digits, the same
    for the same set and model. Another model is another version: it finds other passages."""
    return digest(model, *sorted(set(revs)), size=12)
