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

from rag import documents
from rag.types import IndexCorruptError, KnowledgeStoreError, ModelMissingError
from rag.versions_model import SALUS, LogEntry

if TYPE_CHECKING:
    from rag.embed import Embedders
    from rag.index import LoadedIndex
    from rag.store import KnowledgeStore
    from rag.vectors import VectorBackend
    from rag.versions_model import Change, Event
    from rag.versions_store import VersionStore

Progress = Callable[[int, int], None]
KEEP_RETIRED = 10  # generations kept for going back


class Upkeep:
    """The builder behind a Knowledge; ``folder`` holds one index folder per version."""

    def __init__(
        self,
        folder: Path,
        store: KnowledgeStore,
        embedders: Embedders,
        backend: VectorBackend,
    ) -> None:
        """Nothing is read or written yet."""
        self.folder = folder
        self.store = store
        self.embedders = embedders
        self._others: dict[str, Embedders] = {}  # those of older versions, by name
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

    def upgrade(self) -> None:
        """Bring the schema up to date."""
        from rag.schema import upgrade

        with self.building():
            upgrade(self.store.engine)

    def prepare(self, pages_dir: Path | None, progress: Progress | None) -> list[str]:
        """Bring pages, model and index up to date; returns the complaints about pages."""
        problems: list[str] = []
        with self.building():
            self._sweep()
            if pages_dir is not None:
                problems = self.follow(pages_dir, progress)
            elif not self.store.active():
                self.publish([], progress)
            self._remodel(progress)
        return problems

    def outdated(self) -> bool:
        """Whether the active version was embedded with another model, which is still here."""
        active = self.store.active()
        if not active or self.store.model_of(active) == self.embedders.name:
            return False
        try:
            return bool(self.embedders_of(active))
        except ModelMissingError:
            return False

    def _remodel(self, progress: Progress | None) -> None:
        """Publish the active documents anew when they are in the vectors of another model."""
        active = self.store.active()
        if self.store.model_of(active) != self.embedders.name:
            revs = [m.rev for m in self.store.members(active)]
            self.publish(revs, progress, hidden=self.versions.hidden(active), action="model")

    def version_of(self, revs: Collection[str]) -> str:
        """The version these revisions make with the embedders of today."""
        return documents.version_of(revs, self.embedders.name)

    def embedders_of(self, version: str) -> Embedders:
        """What a version was embedded with; ModelMissingError when that is not set up here."""
        from rag import models

        name = self.store.model_of(version)
        if name in {"", self.embedders.name}:
            return self.embedders
        found = self._others.get(name) or models.known(name)
        if found is None:
            raise ModelMissingError(f"version {version} was embedded with {name}")
        self._others[name] = found
        return found

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
        self,
        revs: Sequence[str],
        progress: Progress | None,
        hidden: Collection[str] = (),
        action: Event = "pages",
    ) -> str:
        """Make these revisions the active version, unless they are; returns its id."""
        version, before = self.version_of(revs), self.store.active()
        if version != before or not (self.folder / version).is_dir():
            self.prepare_version(revs, progress)
        if version != before:
            count, chunks = self.versions.counts(version)
            entry = LogEntry(
                at=datetime.now(UTC), who=SALUS, action=action, version=version, before=before,
                detail={"documents": count, "chunks": chunks},
            )  # fmt: skip
            self.switch(entry, hidden=hidden)
        return version

    def prepare_version(self, revs: Sequence[str], progress: Progress | None) -> str:
        """Embed and build the version of these revisions without publishing it."""
        from rag.embed import give_back_memory
        from rag.publish import prepare

        version = prepare(self.store, self.embedders, self.backend, self.folder, revs, progress)
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
        embedders = self.embedders_of(version)
        return index.load(self.folder / version, version, embedders, self.backend, scratch)

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
        embedders = self.embedders_of(version)
        embed_missing(self.store, embedders, revs, None)
        index.build(self.store, version, embedders, self.backend, self.folder / version)
        return self.load(version)

    def check(self, version: str) -> list[str]:
        """What is wrong with the index of a version: its files, or other passages than SQL's."""
        from rag import index

        try:
            index.check(self.folder / version, version, self.store.model_of(version))
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
                for vectors in path.glob("vectors-*"):
                    self.backend.forget(f"{path.name}-{vectors.name.removeprefix('vectors-')}")
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
