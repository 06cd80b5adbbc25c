"""The searcher of the active version: opened, followed when somebody publishes, mended."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, overload

from rag.types import ModelMissingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.index import LoadedIndex
    from rag.query import WordLists
    from rag.retriever import Searcher
    from rag.sections import Sections
    from rag.upkeep import Upkeep

_LOOK_S = 1.0  # how often a search looks whether another process has published


class ActiveVersion:
    """Holds one searcher open; several threads may share it."""

    def __init__(self, upkeep: Upkeep, lists: WordLists) -> None:
        """Nothing is opened yet."""
        self._upkeep = upkeep
        self._lists = lists
        self._lock = threading.RLock()
        self._searcher: Searcher | None = None
        self._looked = 0.0
        self._sections: dict[str, Sections] = {}  # by embedder; headings outlive versions

    def searcher(self) -> Searcher:
        """Raises IndexCorruptError when the index must be mended."""
        with self._lock:
            now = time.monotonic()
            searcher = self._searcher
            fresh = searcher is not None and searcher.index.fresh()
            if searcher is not None and fresh and now - self._looked < _LOOK_S:
                return searcher
            version = self._upkeep.store.active()
            self._looked = now
            if searcher is not None and fresh and searcher.index.version == version:
                return searcher
            try:
                return self._replace(self._upkeep.load(version))
            except ModelMissingError:  # another process has changed the model; we have the old
                if searcher is not None and fresh:
                    return searcher
                raise

    def mended(self) -> Searcher:
        """The searcher after mending its index."""
        with self._lock:
            self._replace(None)
            return self._replace(self._upkeep.mend(self._upkeep.store.active()))

    def look_again(self) -> None:
        """Let the next search look which version is active, without waiting."""
        self._looked = 0.0

    def close(self) -> None:
        """Give up what is open; searching afterwards opens it again."""
        with self._lock:
            self._replace(None)

    def searcher_on(self, loaded: LoadedIndex) -> Searcher:
        """A searcher of its own over an opened index; the caller retires it."""
        from rag.query import Speller
        from rag.retriever import Searcher
        from rag.sections import Sections

        upkeep = self._upkeep
        speller = Speller(loaded.words, upkeep.embedders.likeness.words)
        embedders = upkeep.embedders_of(loaded.version)
        sections = self._sections.setdefault(embedders.en.name, Sections(embedders.en))
        return Searcher(loaded, upkeep.store, embedders, self._lists, speller, sections=sections)

    def learn_headings(self, go_on: Callable[[], bool]) -> None:
        """Know the headings of the active version before anybody asks; see rag.sections."""
        from rag.sections import KEPT

        searcher = self.searcher()
        headings = self._upkeep.store.headings(searcher.index.version, "en", KEPT // 2)
        searcher.sections.learn(headings, go_on)

    @overload
    def _replace(self, loaded: LoadedIndex) -> Searcher: ...
    @overload
    def _replace(self, loaded: None) -> None: ...
    def _replace(self, loaded: LoadedIndex | None) -> Searcher | None:
        """Search this index from now on; the one before closes when nobody uses it any more."""
        before = self._searcher
        self._searcher = self.searcher_on(loaded) if loaded is not None else None
        if before is not None:
            before.retire()
        return self._searcher
