"""Keeps a knowledge base in order: builds it, follows the pages, sweeps, mends its index.

Everything that writes happens under the build lock, so one process builds while others wait
or go on reading the version they have.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import version_of
from rag.types import IndexCorruptError, KnowledgeStoreError
from rag.versions_model import SALUS, LogEntry

if TYPE_CHECKING:
    from rag.embed import BatchEmbedder
    from rag.index import LoadedIndex
    from rag.store import KnowledgeStore
    from rag.vectors import VectorBackend
    from rag.versions_model import Change
    from rag.versions_store import VersionStore

Progress = Callable[[int, int], None]
KEEP_RETIRED = 10  # generations kept for going back


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
        self.keep = KEEP_RETIRED
        self._opened = 0
        self._versions: VersionStore | None = None

    @property
    def versions(self) -> VersionStore:
        """The tables of the admin flow."""
        if self._versions is None:
            from rag.versions_store import VersionStore

            self._versions = VersionStore(self.store)
        return self._versions

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
        """Publish the pages if they changed; returns the complaints about them.

        Pages that were published once are not published again, so a rollback holds until the
        pages change; a broken page is complained about at every start until it is mended.
        """
        from rag.publish import next_revs, pages_fingerprint, read_pages

        mark = pages_fingerprint(pages_dir)
        active = self.store.active()
        known = bool(active) and self.store.get_state("pages") == mark
        if known and not self.store.get_state("pages_broken"):
            return []
        records, problems, broken = read_pages(pages_dir)
        if not known:
            self.store.add_records(records)
            hidden = self.versions.hidden(active)
            members = self.store.members(active)
            revs = next_revs(members, pages=records, keep=broken, hidden=hidden)
            self.publish(revs, progress, hidden=hidden)
            self.store.set_state("pages", mark)
        self.store.set_state("pages_broken", "1" if problems else "")
        return problems

    def publish(
        self, revs: Sequence[str], progress: Progress | None, hidden: Collection[str] = ()
    ) -> str:
        """Make these revisions the active version, unless they are; returns its id."""
        version, before = version_of(list(revs)), self.store.active()
        if version != before or not (self.folder / version).is_dir():
            self.prepare_version(revs, progress)
        if version != before:
            documents, chunks = self.versions.counts(version)
            entry = LogEntry(
                at=datetime.now(UTC), who=SALUS, action="pages", version=version, before=before,
                detail={"documents": documents, "chunks": chunks},
            )  # fmt: skip
            self.switch(entry, hidden=hidden)
        return version

    def prepare_version(self, revs: Sequence[str], progress: Progress | None) -> str:
        """Embed and build the version of these revisions without publishing it."""
        from rag.embed import give_back_memory
        from rag.publish import prepare

        version = prepare(self.store, self.embedder, self.backend, self.folder, revs, progress)
        give_back_memory()
        return version

    def switch(
        self,
        entry: LogEntry,
        *,
        hidden: Collection[str] | None = None,
        published: Sequence[Change] = (),
    ) -> None:
        """Publish the prepared version of the entry; then forget what is too old to keep."""
        also = self.versions.switching(entry, hidden=hidden, published=published)
        self.store.publish(entry.version, also)
        self.store.prune(self.keep)
        self._sweep()

    def load(self, version: str) -> LoadedIndex:
        """Check and open the index of a version; raises IndexCorruptError."""
        from rag import index

        self._opened += 1
        scratch = self.folder / f".open-{os.getpid()}-{self._opened}-{version}"
        return index.load(self.folder / version, version, self.embedder.name, self.backend, scratch)

    def mend(self, version: str) -> LoadedIndex:
        """Open the index of a version, rebuilding it from SQL if it is damaged."""
        with self.building():
            return self.opened(version)

    def opened(self, version: str) -> LoadedIndex:
        """As ``mend``, for who holds the build lock already."""
        from rag import index
        from rag.publish import embed_missing

        try:
            return self.load(version)  # only our copy was bad, or another process mended it
        except IndexCorruptError:
            revs = [m.rev for m in self.store.members(version)]
        embed_missing(self.store, self.embedder, revs, None)
        model = (self.embedder.name, self.embedder.dimensions)
        index.build(self.store, version, model, self.backend, self.folder / version)
        return self.load(version)

    def check(self, version: str) -> list[str]:
        """What is wrong with the index of a version: its files, or other passages than SQL's."""
        from rag import index

        try:
            index.check(self.folder / version, version, self.embedder.name)
            held = index.passage_ids(self.folder / version)
        except IndexCorruptError as error:
            return [str(error)]
        wanted = self.versions.passage_ids(version)
        if held != wanted:
            return [f"{version}: {len(held ^ wanted)} passages differ between index and database"]
        return []

    def _sweep(self) -> None:
        """Remove indexes of versions that are gone and private copies of dead processes."""
        found = self.store.generations()
        keep = {g.version for g in found[:2]} | {g.version for g in found if g.status != "retired"}
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
