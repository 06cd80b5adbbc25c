"""The knowledge base as the rest of Salus sees it: open, search, add, list, check.

It builds itself on first use, follows changed pages, and mends a damaged index within one
query. Nothing heavy is imported until a library is opened.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.types import (
    IndexCorruptError,
    Lang,
    Passage,
    SearchResult,
    Source,
)
from rag.versions_active import ActiveVersion
from rag.versions_kept import KeptVersions
from rag.versions_model import SALUS, AddReport, Stats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.access import Access
    from rag.embed import BatchEmbedder, Embedders
    from rag.explain import Explanation
    from rag.index import LoadedIndex
    from rag.kept import KeptVectors
    from rag.publish import Progress
    from rag.query import Query, WordLists
    from rag.reading import Reading
    from rag.renewal import Renewal
    from rag.retriever import Searcher
    from rag.rows import GenerationInfo
    from rag.upkeep import Upkeep
    from rag.vectors import VectorBackend
    from rag.versions import Desk
    from rag.versions_intake import Intake

    Matrix = NDArray[np.float32]

WORD_LISTS = Path(__file__).resolve().parent.parent / "knowledge" / "synonyms.yaml"
CANARY = WORD_LISTS.with_name("canary.jsonl")
SENTENCES = 8192  # vectors in memory, 12 MiB


class Knowledge:
    """One opened knowledge base; safe to use from several threads. Close it when done."""

    def __init__(self, upkeep: Upkeep, lists: WordLists) -> None:
        """Made by ``open``."""
        self.upkeep = upkeep
        self.canary_files: tuple[Path, ...] = ()  # questions asked before a publish
        self._store = upkeep.store
        self._likeness = upkeep.embedders.likeness
        self._sentences = _kept_sentences(self._likeness)
        self._lists = lists
        self._active = ActiveVersion(upkeep, lists)
        self._kept = KeptVersions(upkeep, self.searcher_on)
        self._renewing: Renewal | None = None
        self.problems: tuple[str, ...] = ()
        self._closed = False

    @classmethod
    def open(  # noqa: PLR0913 - each is a part somebody may want to give
        cls,
        data_dir: Path,
        *,
        pages_dir: Path | None = None,
        database_url: str | None = None,
        progress: Progress | None = None,
        embedder: BatchEmbedder | Embedders | None = None,
        backend: VectorBackend | None = None,
        word_lists: Path | None = WORD_LISTS,
        meanwhile: bool = False,
    ) -> Knowledge:
        """Open the knowledge base of a data directory, building or updating it if needed.

        ``pages_dir``: the reviewed pages; None leaves only what people added. ``database_url``:
        another database than ``knowledge.sqlite3`` in the data directory. ``progress`` is
        called with (embedded, to embed). ``embedder``: the packaged ones when None; a single one
        reads English alone. When the active version was embedded with another model, it is
        embedded anew into a new version: before this returns, or with ``meanwhile`` in a thread
        while the old version answers. Raises KnowledgeStoreError or PageError (word lists).
        """
        from rag import models
        from rag.embed import Embedders
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
        if embedder is None:
            embedder = models.packaged()
        elif not isinstance(embedder, Embedders):
            embedder = Embedders(en=embedder)
        upkeep = Upkeep(folder, store, embedder, backend or ChromaBackend())
        knowledge = cls(upkeep, lists)
        knowledge.canary_files = (CANARY, data_dir / CANARY.name)
        try:
            upkeep.upgrade()
            if meanwhile and upkeep.outdated():
                from rag.renewal import Renewal

                knowledge._renewing = Renewal(knowledge, pages_dir)
            else:
                knowledge.problems = tuple(upkeep.prepare(pages_dir, progress))
        except BaseException:
            knowledge.close()
            raise
        return knowledge

    # --- searching -----------------------------------------------------------

    def search(
        self,
        query: str,
        lang: Lang | None = None,
        limit: int = 8,
        *,
        version: str | None = None,
    ) -> SearchResult:
        """The passages that answer the query best; see ``SearchResult``.

        ``version`` asks a kept version as it was; UnknownError when it is not kept. A damaged
        or missing index is rebuilt on the spot. Raises RetrievalError when even that fails,
        KnowledgeStoreError when the database cannot be used.
        """
        if version is not None and version != self._store.active():
            return self._kept.search(version, query, lang, limit)
        try:
            return self._active.searcher().search(query, lang, limit)
        except IndexCorruptError:
            return self._active.mended().search(query, lang, limit)

    def explain(self, query: str, lang: Lang | None = None, limit: int = 8) -> Explanation:
        """What ``search`` finds in the active version, and why each passage; raises the same."""
        try:
            return self._active.searcher().explain(query, lang, limit)
        except IndexCorruptError:
            return self._active.mended().explain(query, lang, limit)

    def searcher(self) -> Searcher:
        """The searcher of the active version, for measuring single rankers."""
        try:
            return self._active.searcher()
        except IndexCorruptError:
            return self._active.mended()

    def load(self) -> None:
        """Load index and model now."""
        self.search("health")

    def warm(self) -> None:
        """Do ahead whatever would make a first search slower than the next; ends when closed."""
        self._closed = False
        self.load()
        self._active.learn_headings(lambda: not self._closed)

    def similarity(self, query: str, texts: Sequence[str]) -> builtins.list[float]:
        """Cosine similarity of ``query`` to each text, in [-1, 1]; English serves best."""
        import numpy as np

        wanted = self._likeness.query(query)
        # no BLAS buffers, see fuse
        return [float(value) for value in np.einsum("ij,j->i", self._sentences.of(texts), wanted)]

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors of the texts, float32 [len(texts), dimensions]; English serves best."""
        import numpy as np

        found = np.zeros((len(texts), self._likeness.dimensions), dtype=np.float32)
        for places, vectors in self._likeness.batches(texts):
            found[places] = vectors
        return found

    def understood(self, text: str, lang: Lang | None = None) -> Query:
        """How a question is read: its terms with synonyms, and its English."""
        from rag.query import understand

        return understand(text, lang, self._lists, None)

    # --- changing ------------------------------------------------------------

    def add(
        self,
        paths: Iterable[Path | str],
        *,
        index_questions: bool = True,
        source: Source | None = None,
        lang: Lang | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add and publish files at once, as Salus itself; doing it twice changes nothing.

        Bad rows are reported and skipped. ``source`` is for rows that name none. RefusedError
        where somebody has a role: there it is done by name, see ``add_now``.
        """
        from rag.versions_intake import gather

        intake = gather(paths, index_questions=index_questions, source=source, lang=lang)
        return self.add_now(intake, progress=progress)

    def add_now(
        self, intake: Intake, *, who: str = SALUS, progress: Progress | None = None
    ) -> AddReport:
        """Publish what was read at once; see ``Desk.add_now``."""
        done, fresh = self.desk().add_now(intake, who=who, progress=progress)
        return AddReport(
            version=done.version,
            added=fresh,
            unchanged=len(intake.records) - fresh,
            chunks=intake.chunks,
            unsourced=intake.unsourced,
            problems=intake.problems,
            flagged=intake.flagged,
            repeated=intake.repeated,
            unproven=len({p.doc for p in done.unproven}),
            canary=done.canary,
        )

    def desk(self) -> Desk:
        """Drafts, reviews, publishing and rolling back."""
        from rag.versions import Desk

        return Desk(self)

    def access(self) -> Access:
        """Signing in to the admin page: invitations, passwords, sessions."""
        from rag.access import Access

        return Access(self)

    def refresh(self, pages_dir: Path, progress: Progress | None = None) -> str:
        """Read the pages again and publish if they changed; returns the active version."""
        with self.upkeep.building():
            self.problems = tuple(self.upkeep.follow(pages_dir, progress))
            self.look_again()
        return self.version

    # --- looking -------------------------------------------------------------

    @property
    def version(self) -> str:
        """The active version id."""
        return self._store.active()

    def generations(self) -> builtins.list[GenerationInfo]:
        """The versions kept, newest first, with their status and counts."""
        return self._store.generations()

    def list(self) -> builtins.list[dict[str, Any]]:
        """One entry per document revision: doc, lang, title, chunks, origin, sourced …"""
        found = self._store.documents(self._store.active())
        return [
            {k: v for k, v in row.items() if k != "source_ids"}
            | {"sourced": row["source_ids"] != "[]"}
            for row in found
        ]

    def reading(self) -> Reading:
        """Documents to be read by people: lists in pages, whole texts."""
        from rag.reading import Reading

        return Reading(self._store)

    def check(self) -> builtins.list[str]:
        """Complaints about the index of the active version and the pages; empty if all is well."""
        return [*self.problems, *self.upkeep.check(self.version)]

    def passages(self, version: str, ids: Sequence[str]) -> dict[str, Passage]:
        """These passages as a kept version has them, by id; what it does not have is left out."""
        return self._store.passages(version, ids)

    def stats(self) -> Stats:
        """Counts of the active version."""
        searcher = self.searcher()
        rows = searcher.index.rows
        chinese = int(rows.chinese.sum())
        return Stats(
            version=searcher.index.version,
            documents=len(set(rows.doc.tolist())),
            chunks=len(rows.ids),
            vectors=searcher.index.vectored,
            by_lang={"en": len(rows.ids) - chinese, "zh": chinese},
            generations=len(self._store.generations()),
            model=self._store.model_of(searcher.index.version),
            problems=self.problems,
        )

    def close(self) -> None:
        """Give up files and connections. Searching afterwards opens them again."""
        self._closed = True
        if self._renewing is not None:
            self._renewing.stop()
        self._active.close()
        self._kept.close()
        self.upkeep.backend.close()
        self._store.close()

    def searcher_on(self, loaded: LoadedIndex) -> Searcher:
        """A searcher of its own over an opened index; the caller retires it."""
        return self._active.searcher_on(loaded)

    def look_again(self) -> None:
        """Let the next search look which version is active, without waiting."""
        self._active.look_again()


def _kept_sentences(embedder: BatchEmbedder) -> KeptVectors:
    """Vectors of the sentences that answers are made of; imported late, as all that is heavy."""
    from rag.kept import KeptVectors

    return KeptVectors(embedder, SENTENCES)
