"""Asking a version that is kept but not published, as it was; a few are held open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.types import IndexCorruptError, Lang, SearchResult
from rag.versions_model import UnknownError

if TYPE_CHECKING:
    from rag.index import LoadedIndex
    from rag.retriever import Searcher
    from rag.upkeep import Upkeep

_OPEN = 2  # versions held open; the one asked longest ago is closed


class KeptVersions:
    """Searchers of kept versions; several threads may share it."""

    def __init__(self, upkeep: Upkeep, searcher_on: Callable[[LoadedIndex], Searcher]) -> None:
        """Nothing is opened yet."""
        self._upkeep = upkeep
        self._searcher_on = searcher_on
        self._open: dict[str, Searcher] = {}
        self._lock = threading.RLock()

    def search(self, version: str, query: str, lang: Lang | None, limit: int) -> SearchResult:
        """As the version answered when it was published; UnknownError when it is not kept.

        An index that is gone or damaged is rebuilt from SQL.
        """
        with self._lock:
            try:
                return self._searcher(version).search(query, lang, limit)
            except IndexCorruptError:
                self._open.pop(version).retire()
                return self._searcher(version).search(query, lang, limit)

    def close(self) -> None:
        """Give up everything that is open."""
        with self._lock:
            for searcher in self._open.values():
                searcher.retire()
            self._open.clear()

    def _searcher(self, version: str) -> Searcher:
        known = self._open.pop(version, None)
        if known is not None and not known.index.fresh():
            known.retire()
            known = None
        if known is None:
            if version not in {g.version for g in self._upkeep.store.generations()}:
                raise UnknownError("kb.unknown.version", version=version)
            known = self._searcher_on(self._upkeep.mend(version))
        self._open[version] = known
        while len(self._open) > _OPEN:
            self._open.pop(next(iter(self._open))).retire()
        return known
