"""The knowledge base as the rest of Salus sees it: open, search, add, list, check.

It builds itself on first use, follows changed pages, and mends a damaged index within one
query. Nothing heavy is imported until a library is opened.
"""

from __future__ import annotations

import asyncio
import builtins
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from rag.types import IndexCorruptError, Lang, SearchResult, Source

if TYPE_CHECKING:
    from rag.documents import Record
    from rag.embed import BatchEmbedder
    from rag.index import LoadedIndex
    from rag.query import WordLists
    from rag.retriever import Searcher
    from rag.upkeep import Upkeep
    from rag.vectors import VectorBackend

Progress = Callable[[int, int], None]
WORD_LISTS = Path(__file__).resolve().parent.parent / "knowledge" / "synonyms.yaml"
_LOOK_S = 1.0  # how often a search looks whether another process has published


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What ``Knowledge.add`` did. ``added`` counts new revisions, ``unchanged`` known ones."""

    version: str
    added: int
    unchanged: int
    chunks: int
    unsourced: int  # documents without any source: usable, but nothing to cite
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Size and state of the knowledge base. ``problems``: pages that could not be read."""

    version: str
    documents: int
    chunks: int
    vectors: int
    by_lang: dict[str, int]  # chunks
    generations: int
    model: str
    problems: tuple[str, ...]


class Knowledge:
    """One opened knowledge base; safe to use from several threads. Close it when done."""

    def __init__(self, upkeep: Upkeep, lists: WordLists) -> None:
        """Made by ``open``."""
        self._upkeep = upkeep
        self._store = upkeep.store
        self._embedder = upkeep.embedder
        self._lists = lists
        self._lock = threading.RLock()
        self._searcher: Searcher | None = None
        self._looked = 0.0
        self.problems: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        pages_dir: Path | None = None,
        database_url: str | None = None,
        progress: Progress | None = None,
        embedder: BatchEmbedder | None = None,
        backend: VectorBackend | None = None,
        word_lists: Path | None = WORD_LISTS,
    ) -> Knowledge:
        """Open the knowledge base of a data directory, building or updating it if needed.

        ``pages_dir``: the reviewed pages; None leaves only what people added. ``database_url``:
        another database than ``knowledge.sqlite3`` in the data directory. ``progress`` is
        called with (embedded, to embed). Raises KnowledgeStoreError or PageError (word lists).
        """
        from rag.embed import MiniLm
        from rag.query import load_word_lists
        from rag.schema import connect
        from rag.store import KnowledgeStore
        from rag.upkeep import Upkeep, writable
        from rag.vectors import ChromaBackend

        lists = load_word_lists(word_lists)
        folder = writable(data_dir)
        store = KnowledgeStore(
            connect(database_url or f"sqlite:///{data_dir / 'knowledge.sqlite3'}")
        )
        upkeep = Upkeep(folder, store, embedder or MiniLm(), backend or ChromaBackend())
        knowledge = cls(upkeep, lists)
        try:
            knowledge.problems = tuple(upkeep.prepare(pages_dir, progress))
        except BaseException:
            knowledge.close()
            raise
        return knowledge

    # --- searching -----------------------------------------------------------

    def search(self, query: str, lang: Lang | None = None, limit: int = 8) -> SearchResult:
        """The passages that answer the query best; see ``SearchResult``.

        A damaged or missing index is rebuilt on the spot. Raises RetrievalError when even
        that fails, KnowledgeStoreError when the database cannot be used.
        """
        try:
            return self._current().search(query, lang, limit)
        except IndexCorruptError:
            return self._mended().search(query, lang, limit)

    def searcher(self) -> Searcher:
        """The searcher of the active version, for measuring single rankers."""
        try:
            return self._current()
        except IndexCorruptError:
            return self._mended()

    def warm(self) -> None:
        """Load index and model now, so that the first search is as quick as the next."""
        self.search("health")

    def similarity(self, query: str, texts: Sequence[str]) -> builtins.list[float]:
        """Cosine similarity of ``query`` to each text, in [-1, 1]; English serves best."""
        import numpy as np

        wanted = self._embedder.query(query)
        found = np.zeros(len(texts), dtype=np.float32)
        for places, vectors in self._embedder.batches(texts):
            found[places] = np.einsum("ij,j->i", vectors, wanted)  # no BLAS buffers, see fuse
        return [float(value) for value in found]

    # --- changing ------------------------------------------------------------

    def add(
        self,
        paths: Iterable[Path],
        *,
        index_questions: bool = True,
        source: Source | None = None,
        lang: Lang | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add Markdown, text or JSONL files; doing it twice changes nothing.

        Bad rows are reported and skipped. ``source`` is cited for rows that name none.
        """
        from rag.importer import ImportOptions, files_below, read_file

        options = ImportOptions(index_questions=index_questions, source=source, lang=lang)
        records: list[Record] = []
        problems: list[str] = []
        for file in files_below(list(paths)):
            for found in (file,) if isinstance(file, str) else read_file(file, options):
                problems.append(found) if isinstance(found, str) else records.append(found)
        unique = list({record.rev: record for record in records}.values())
        version, fresh = self._upkeep.add(unique, progress)  # searches go on meanwhile
        self._looked = 0.0
        return AddReport(
            version=version,
            added=fresh,
            unchanged=len(unique) - fresh,
            chunks=sum(len(r.chunks) for r in unique),
            unsourced=len({r.doc for r in unique if not r.sources}),
            problems=tuple(problems),
        )

    def refresh(self, pages_dir: Path, progress: Progress | None = None) -> str:
        """Read the pages again and publish if they changed; returns the active version."""
        with self._upkeep.building():
            self.problems = tuple(self._upkeep.follow(pages_dir, progress))
            self._looked = 0.0
        return self.version

    # --- looking -------------------------------------------------------------

    @property
    def version(self) -> str:
        """The active version id."""
        return self._store.active()

    def list(self) -> builtins.list[dict[str, Any]]:
        """One entry per document revision: doc, lang, title, chunks, origin, sourced …"""
        found = self._store.documents(self._store.active())
        return [
            {k: v for k, v in row.items() if k != "source_ids"}
            | {"sourced": row["source_ids"] != "[]"}
            for row in found
        ]

    def check(self) -> builtins.list[str]:
        """Complaints about the index of the active version and the pages; empty if all is well."""
        return [*self.problems, *self._upkeep.check(self.version)]

    def stats(self) -> Stats:
        """Counts of the active version."""
        searcher = self.searcher()
        rows = searcher.index.rows
        chinese = int(rows.chinese.sum())
        return Stats(
            version=searcher.index.version,
            documents=len(set(rows.doc.tolist())),
            chunks=len(rows.ids),
            vectors=len(searcher.index.matrix),
            by_lang={"en": len(rows.ids) - chinese, "zh": chinese},
            generations=len(self._store.generations()),
            model=self._embedder.name,
            problems=self.problems,
        )

    def close(self) -> None:
        """Give up files and connections. Searching afterwards opens them again."""
        with self._lock:
            self._replace(None)
            self._store.close()

    # --- the inside ----------------------------------------------------------

    def _current(self) -> Searcher:
        """The searcher of the active version; raises IndexCorruptError when it must be mended."""
        with self._lock:
            now = time.monotonic()
            searcher = self._searcher
            fresh = searcher is not None and searcher.index.fresh()
            if searcher is not None and fresh and now - self._looked < _LOOK_S:
                return searcher
            version = self._store.active()
            self._looked = now
            if searcher is not None and fresh and searcher.index.version == version:
                return searcher
            return self._replace(self._upkeep.load(version))

    def _mended(self) -> Searcher:
        """The searcher of the active version after mending its index."""
        with self._lock:
            self._replace(None)
            return self._replace(self._upkeep.mend(self._store.active()))

    @overload
    def _replace(self, loaded: LoadedIndex) -> Searcher: ...
    @overload
    def _replace(self, loaded: None) -> None: ...
    def _replace(self, loaded: LoadedIndex | None) -> Searcher | None:
        """Search this index from now on; the one before closes when nobody uses it any more."""
        from rag.query import Speller
        from rag.retriever import Searcher

        before = self._searcher
        self._searcher = None
        if loaded is not None:
            speller = Speller(loaded.words, self._embedder.words)
            self._searcher = Searcher(loaded, self._store, self._embedder, self._lists, speller)
        if before is not None:
            before.retire()
        return self._searcher


class HybridRetriever:
    """The dialogue's Retriever: ``Knowledge.search`` off the event loop."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Search in this knowledge base; the caller closes it."""
        self._knowledge = knowledge

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult:
        """See ``Knowledge.search``; raises RetrievalError or KnowledgeStoreError."""
        return await asyncio.to_thread(self._knowledge.search, query, lang, limit)
