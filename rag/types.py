"""The values retrieval speaks in, and its errors.

    KnowledgeError                    base of everything rag/ raises on purpose
    ├── PageError                     a page or document is malformed (names file and field)
    ├── RetrievalError                the index could not answer
    │   ├── IndexCorruptError         it is damaged; a rebuild from SQL/pages mends it
    │   ├── EmbedderDownError         the server that embeds does not answer
    │   └── ModelMissingError         it was embedded with a model that is not set up
    └── KnowledgeStoreError           the knowledge database is locked, read-only or gone

Every error carries ``key``, the name of a sentence in ``bot/locales``; rag/ itself
never speaks to a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Lang = Literal["en", "zh"]


class KnowledgeError(Exception):
    """Base of the knowledge errors; ``key`` names the sentence a person is shown."""

    key = "error.knowledge"


class PageError(KnowledgeError):
    """A page or document cannot be read; the message names the file, the field and the mend."""

    key = "error.page"


class RetrievalError(KnowledgeError):
    """The index could not answer this query."""

    key = "error.retrieval"


class IndexCorruptError(RetrievalError):
    """The index on disk is damaged or does not belong to the active knowledge version."""

    key = "error.index_corrupt"


class EmbedderDownError(RetrievalError):
    """The server that embeds does not answer; a search goes on by words."""


class ModelMissingError(RetrievalError):
    """The version was embedded with a model that is not set up here."""


class KnowledgeStoreError(KnowledgeError):
    """The knowledge database is locked, read-only or unreachable."""

    key = "error.knowledge_store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a statement comes from, as cited to a person. ``date`` is ISO (YYYY[-MM[-DD]])."""

    organisation: str
    title: str
    url: str
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One retrievable piece of a document (a chunk), with all that a citation shows.

    ``id`` is stable across rebuilds (derived from document id, section and text);
    ``doc`` is the document's own id (for a JSONL row, its ``id``); ``text`` is the
    body a claim may be checked against, without the title path.
    """

    id: str
    doc: str
    title: str
    section: str
    text: str
    lang: Lang
    url: str = ""
    sources: tuple[Source, ...] = ()
    reviewed: str = ""  # ISO date of the last review; empty when unknown
    topics: tuple[str, ...] = ()
    position: int = 0  # order of the chunk inside its document


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage found for a query. ``score`` in [0, 1], higher is better; ``why`` per ranker."""

    passage: Passage
    score: float
    why: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What one search found.

    ``relevant`` is the calibrated judgement that the hits are about the query at all;
    when it is False the dialogue says so instead of answering. ``confidence`` in [0, 1].
    ``around``: what stands right before and after the best hits in sections that were cut, for
    whoever reads on; no hits themselves. ``ending``: the last section of the best hit's
    document, where pages say when to get help; its ``why`` is {"ending": 1.0}.
    """

    hits: tuple[Hit, ...]
    relevant: bool
    confidence: float
    version: str  # knowledge version the hits come from
    around: tuple[Hit, ...] = ()
    ending: Hit | None = None


class Embedder(Protocol):
    """Turns texts into unit-length vectors."""

    @property
    def name(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    def embed(self, texts: list[str]) -> list[list[float]]: ...
