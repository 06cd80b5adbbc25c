"""Keeps a knowledge base in order: builds it, follows the pages, sweeps, mends its index.

Everything that writes happens under the build lock, so one process builds while others wait
or go on reading the version they have.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import version_of
from rag.types import IndexCorruptError, KnowledgeStoreError

if TYPE_CHECKING:
    from rag.documents import Record
    from rag.embed import BatchEmbedder
    from rag.index import LoadedIndex
    from rag.store import KnowledgeStore
    from rag.vectors import VectorBackend

Progress = Callable[[int, int], None]
KEEP_RETIRED = 5  # generations kept for going back


class Upkeep:
    """The builder behind a Knowledge; ``folder`` holds one index folder per version."""

    def __init__(
        self,
        folder: Path,
        store: KnowledgeStore,
        embedder: BatchEmbedder,
        backend: VectorBackend,
    ) -> None:
        """Nothing is read or written yet."""
        self.folder = folder
        self.store = store
        self.embedder = embedder
        self.backend = backend
        self._opened = 0

    def building(self) -> AbstractContextManager[None]:
        """The build lock of this data directory."""
        from rag.lock import build_lock

        return build_lock(self.folder.parent / "knowledge.lock")

    def prepare(self, pages_dir: Path | None, progress: Progress | None) -> list[str]:
        """Bring schema, pages and index up to date; returns the complaints about pages."""
        from rag.schema import upgrade

        with self.building():
            upgrade(self.store.engine)
            self._sweep()
            if pages_dir is not None:
                return self.follow(pages_dir, progress)
            if not self.store.active():
                self.publish([], progress)
        return []

    def follow(self, pages_dir: Path, progress: Progress | None) -> list[str]:
        """Publish the pages if they changed; returns the complaints about them."""
        from rag.publish import next_revs, pages_fingerprint, read_pages

        mark = pages_fingerprint(pages_dir)
        active = self.store.active()
        if active and self.store.get_state("pages") == mark:
            return []
        records, problems, broken = read_pages(pages_dir)
        self.store.add_records(records)
        self.publish(next_revs(self.store.members(active), pages=records, keep=broken), progress)
        if not problems:  # a broken page is complained about at every start until it is mended
            self.store.set_state("pages", mark)
        return problems

    def add(self, records: Sequence[Record], progress: Progress | None) -> tuple[str, int]:
        """Publish these records too; returns the version and how many of them are new."""
        from rag.publish import next_revs

        with self.building():
            members = self.store.members(self.store.active())
            fresh = {r.rev for r in records} - {m.rev for m in members}
            self.store.add_records(records)
            return self.publish(next_revs(members, added=records), progress), len(fresh)

    def publish(self, revs: Sequence[str], progress: Progress | None) -> str:
        """Make these revisions the active version, unless they are; returns its id."""
        from rag.embed import give_back_memory
        from rag.publish import publish

        version = version_of(list(revs))
        if version != self.store.active() or not (self.folder / version).is_dir():
            publish(self.store, self.embedder, self.backend, self.folder, revs, progress)
            self.store.prune(KEEP_RETIRED)
            self._sweep()
            give_back_memory()
        return version

    def load(self, version: str) -> LoadedIndex:
        """Check and open the index of a version; raises IndexCorruptError."""
        from rag import index

        self._opened += 1
        scratch = self.folder / f".open-{os.getpid()}-{self._opened}-{version}"
        return index.load(self.folder / version, version, self.embedder.name, self.backend, scratch)

    def mend(self, version: str) -> LoadedIndex:
        """Open the index of a version, rebuilding it from SQL if it is damaged."""
        from rag import index
        from rag.publish import embed_missing

        with self.building():
            try:
                return self.load(version)  # only our copy was bad, or another process mended it
            except IndexCorruptError:
                revs = [m.rev for m in self.store.members(version)]
            embed_missing(self.store, self.embedder, revs, None)
            model = (self.embedder.name, self.embedder.dimensions)
            index.build(self.store, version, model, self.backend, self.folder / version)
            return self.load(version)

    def check(self, version: str) -> list[str]:
        """What is wrong with the index files of a version; empty when nothing is."""
        from rag import index

        try:
            index.check(self.folder / version, version, self.embedder.name)
        except IndexCorruptError as error:
            return [str(error)]
        return []

    def _sweep(self) -> None:
        """Remove indexes of versions that are gone and private copies of dead processes."""
        keep = {g.version for g in self.store.generations()[:2]} | {self.store.active()}
        for path in self.folder.glob("*"):
            if path.name.startswith(".open-"):
                dead = not _alive(path.name.split("-")[1])
            else:
                dead = path.name not in keep
            if dead:
                shutil.rmtree(path, ignore_errors=True)


def writable(data_dir: Path) -> Path:
    """The index folder of a data directory, made if missing; KnowledgeStoreError if it cannot."""
    folder = data_dir / "knowledge-index"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise KnowledgeStoreError(
            f"{data_dir}: the data directory cannot be written: {error}"
        ) from error
    return folder


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True
