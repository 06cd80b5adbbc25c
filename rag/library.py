"""The knowledge base as the rest of Salus sees it: open, search, add, list, check.

It builds itself on first use, follows changed pages, and mends a damaged index within one
query. Nothing heavy is imported until a library is opened.
"""

from __future__ import annotations

import asyncio
import builtins
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.types import IndexCorruptError, KnowledgeStoreError, Lang, SearchResult, Source

if TYPE_CHECKING:
    from rag.documents import Record
    from rag.embed import BatchEmbedder
    from rag.index import LoadedIndex
    from rag.query import Speller, WordLists
    from rag.retriever import Searcher
    from rag.store import KnowledgeStore
    from rag.vectors import VectorBackend

Progress = Callable[[int, int], None]
WORD_LISTS = Path(__file__).resolve().parent.parent / "knowledge" / "synonyms.yaml"
KEEP_RETIRED = 5  # generations kept for going back
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

    def __init__(
        self,
        folder: Path,
        store: KnowledgeStore,
        embedder: BatchEmbedder,
        backend: VectorBackend,
        lists: WordLists,
    ) -> None:
        """Made by ``open``."""
        self._folder = folder
        self._store = store
        self._embedder = embedder
        self._backend = backend
        self._lists = lists
        self._lock = threading.RLock()
        self._searcher: Searcher | None = None
        self._looked = 0.0
        self._opened = 0
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
        from rag.store import KnowledgeStore
        from rag.vectors import ChromaBackend

        lists = load_word_lists(word_lists)
        folder = _writable(data_dir) / "knowledge-index"
        engine = _engine(data_dir, database_url)
        knowledge = cls(
            folder, KnowledgeStore(engine), embedder or MiniLm(), backend or ChromaBackend(), lists
        )
        try:
            knowledge._prepare(pages_dir, progress)
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
            self._mend()
            return self._current().search(query, lang, limit)

    def searcher(self) -> Searcher:
        """The searcher of the active version, for measuring single rankers."""
        return self._current()

    def warm(self) -> None:
        """Load index and model now, so that the first search is as quick as the next."""
        self.search("health")

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
        return self._add(records, problems, progress)

    def _add(
        self, records: Sequence[Record], problems: Sequence[str], progress: Progress | None
    ) -> AddReport:
        from rag.publish import next_revs

        unique = {record.rev: record for record in records}
        with self._lock, self._building():
            members = self._store.members(self._store.active())
            fresh = set(unique) - {m.rev for m in members}
            self._store.add_records(list(unique.values()))
            revs = next_revs(members, added=list(unique.values()))
            version = self._publish(revs, progress)
        return AddReport(
            version=version,
            added=len(fresh),
            unchanged=len(unique) - len(fresh),
            chunks=sum(len(r.chunks) for r in unique.values()),
            unsourced=len({r.doc for r in unique.values() if not r.sources}),
            problems=tuple(problems),
        )

    def refresh(self, pages_dir: Path, progress: Progress | None = None) -> str:
        """Read the pages again and publish if they changed; returns the active version."""
        with self._lock, self._building():
            return self._sync(pages_dir, progress)

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
        from rag import index

        found = [*self.problems]
        version = self._store.active()
        try:
            index.check(self._folder / version, version, self._embedder.name)
        except IndexCorruptError as error:
            found.append(str(error))
        return found

    def stats(self) -> Stats:
        """Counts of the active version."""
        searcher = self._current()
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
            if self._searcher is not None:
                self._searcher.index.close()
                self._searcher = None
            self._store.close()

    # --- the inside ----------------------------------------------------------

    def _building(self) -> Any:
        from rag.lock import build_lock

        return build_lock(self._folder.parent / "knowledge.lock")

    def _prepare(self, pages_dir: Path | None, progress: Progress | None) -> None:
        from rag.schema import upgrade

        with self._building():
            upgrade(self._store.engine)
            self._sweep()
            if pages_dir is not None:
                self._sync(pages_dir, progress)
            elif not self._store.active():
                self._publish([], progress)

    def _sync(self, pages_dir: Path, progress: Progress | None) -> str:
        """Publish the pages if they differ from what the active version was made of."""
        from rag.publish import next_revs, pages_fingerprint, read_pages

        mark = pages_fingerprint(pages_dir)
        active = self._store.active()
        known = self._store.get_state("pages")
        if active and known == mark:
            return active
        records, problems, broken = read_pages(pages_dir)
        self.problems = tuple(problems)
        self._store.add_records(records)
        revs = next_revs(self._store.members(active), pages=records, keep=broken)
        version = self._publish(revs, progress)
        if not problems:  # a broken page is complained about at every start until it is mended
            self._store.set_state("pages", mark)
        return version

    def _publish(self, revs: Sequence[str], progress: Progress | None) -> str:
        from rag.documents import version_of
        from rag.publish import publish

        version = version_of(list(revs))
        if version != self._store.active() or not (self._folder / version).is_dir():
            publish(self._store, self._embedder, self._backend, self._folder, revs, progress)
            self._store.prune(KEEP_RETIRED)
            self._sweep()
        self._looked = 0.0
        return version

    def _sweep(self) -> None:
        """Remove indexes of versions that are gone and private copies of dead processes."""
        keep = {g.version for g in self._store.generations()[:2]} | {self._store.active()}
        for path in self._folder.glob("*"):
            if path.name.startswith(".open-"):
                dead = not _alive(int(path.name.split("-")[1]))
            else:
                dead = path.name not in keep
            if dead:
                shutil.rmtree(path, ignore_errors=True)

    def _current(self) -> Searcher:
        """The searcher of the active version; raises IndexCorruptError when it must be rebuilt."""
        with self._lock:
            now = time.monotonic()
            searcher = self._searcher
            if searcher is not None and now - self._looked < _LOOK_S and searcher.index.fresh():
                return searcher
            version = self._store.active()
            self._looked = now
            if searcher is None or searcher.index.version != version or not searcher.index.fresh():
                self._searcher = self._load(version)
                if searcher is not None:
                    searcher.retire()
            assert self._searcher is not None
            return self._searcher

    def _load(self, version: str) -> Searcher:
        from rag import index
        from rag.query import Speller
        from rag.retriever import Searcher

        self._opened += 1
        scratch = self._folder / f".open-{os.getpid()}-{self._opened}-{version}"
        loaded: LoadedIndex = index.load(
            self._folder / version, version, self._embedder.name, self._backend, scratch
        )
        speller: Speller = Speller(loaded.words, self._embedder.words)
        return Searcher(loaded, self._store, self._embedder, self._lists, speller)

    def _mend(self) -> None:
        """Rebuild the index of the active version from SQL, unless another process just did."""
        from rag import index
        from rag.publish import embed_missing

        with self._lock, self._building():
            version = self._store.active()
            model = (self._embedder.name, self._embedder.dimensions)
            stale, self._searcher = self._searcher, None
            if stale is not None:
                stale.retire()
            try:
                self._searcher = self._load(version)  # another process may have mended it
                return
            except IndexCorruptError:
                pass
            revs = [m.rev for m in self._store.members(version)]
            embed_missing(self._store, self._embedder, revs, None)
            index.build(self._store, version, model, self._backend, self._folder / version)
            self._looked = 0.0


class HybridRetriever:
    """The dialogue's Retriever: ``Knowledge.search`` off the event loop."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Search in this knowledge base; the caller closes it."""
        self._knowledge = knowledge

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult:
        """See ``Knowledge.search``; raises RetrievalError or KnowledgeStoreError."""
        return await asyncio.to_thread(self._knowledge.search, query, lang, limit)


def _writable(data_dir: Path) -> Path:
    """The data directory, made if missing; KnowledgeStoreError when it cannot be written."""
    try:
        (data_dir / "knowledge-index").mkdir(parents=True, exist_ok=True)
        probe = data_dir / "knowledge-index" / f".probe-{os.getpid()}-{threading.get_ident()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise KnowledgeStoreError(f"{data_dir}: the data directory cannot be written: {error}") from error
    return data_dir


def _engine(data_dir: Path, database_url: str | None) -> Any:
    from rag.schema import connect

    return connect(database_url or f"sqlite:///{data_dir / 'knowledge.sqlite3'}")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
