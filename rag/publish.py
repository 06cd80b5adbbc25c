"""Turns pages and added files into the next knowledge version, step by step resumable.

Everything before ``publish`` leaves the active version untouched: revisions and vectors are
only added, the index is built aside, and the switch is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag import index
from rag.documents import SPLITTER, Record, digest, version_of
from rag.pages import page_files, read_page, record_of
from rag.rows import Member
from rag.store import KnowledgeStore
from rag.types import IndexCorruptError, PageError
from rag.vectors import VectorBackend

if TYPE_CHECKING:
    from rag.embed import Embedders

Progress = Callable[[int, int], None]
_SLICE = 1024  # texts embedded between two commits


def pages_fingerprint(folder: Path) -> str:
    """Hash of all page files and of how they are cut; changes whenever a rebuild may matter."""
    marks = [f"{p.relative_to(folder)}:{_content(p)}" for p in page_files(folder)]
    return digest(str(SPLITTER), str(index.FORMAT), *marks)


def _content(path: Path) -> str:
    import hashlib

    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable {error.errno}"


def read_pages(folder: Path) -> tuple[list[Record], list[str], set[str]]:
    """The records of all good pages, the complaints, and the document ids of the bad ones."""
    records: list[Record] = []
    problems: list[str] = []
    broken: set[str] = set()
    for path in page_files(folder):
        try:
            records.append(record_of(read_page(path), path=f"{path.parent.name}/{path.name}"))
        except PageError as error:
            problems += str(error).splitlines()
            broken.add(f"{path.parent.name}/{path.stem}")
    return records, problems, broken


def next_revs(
    current: Sequence[Member],
    *,
    pages: Iterable[Record] | None = None,
    keep: Iterable[str] = (),
    added: Sequence[Record | Member] = (),
    removed: Collection[str] = (),
    hidden: Collection[str] = (),
) -> list[str]:
    """The revisions of the next version.

    ``pages`` replaces all pages (None leaves them), except that documents in ``keep`` stay as
    they are and ``hidden`` ones stay away; ``removed`` documents go, whoever added them; then
    ``added`` replaces what the same file had added under the same document id. A document
    somebody added hides the page of the same id.
    """
    kept = list(current)
    fresh: list[Member] = []
    if pages is not None:
        stay = set(keep)
        kept = [m for m in kept if m.origin != "pages" or m.doc in stay]
        fresh += [_member(r) for r in pages if r.doc not in hidden]
    kept = [m for m in kept if m.doc not in removed]
    replaced = {(r.path, r.doc) for r in added}
    kept = [m for m in kept if m.origin != "added" or (m.path, m.doc) not in replaced]
    fresh += [_member(r) for r in added]
    both = [*kept, *fresh]
    own = {m.doc for m in both if m.origin == "added"}
    return sorted({m.rev for m in both if m.origin == "added" or m.doc not in own})


def _member(record: Record | Member) -> Member:
    return Member(rev=record.rev, doc=record.doc, origin=record.origin, path=record.path)


def embed_missing(
    store: KnowledgeStore, embedders: Embedders, revs: Sequence[str], progress: Progress | None
) -> int:
    """Embed what is not stored yet, committing as it goes; returns how many were embedded."""
    spaces = [
        (space.embedder, store.missing_vectors(revs, space.embedder.name, space.langs))
        for space in embedders.spaces
    ]
    wanted = sum(len(missing) for _, missing in spaces)
    done = 0
    for embedder, missing in spaces:
        # Neighbours of like length share a batch, so padding costs nearly nothing.
        hashes = sorted(missing, key=lambda h: len(missing[h]))
        for start in range(0, len(hashes), _SLICE):
            some = hashes[start : start + _SLICE]
            for places, vectors in embedder.batches([missing[h] for h in some]):
                store.add_vectors(embedder.name, [some[p] for p in places], vectors)
                done += len(places)
                if progress is not None:
                    progress(done, wanted)
    return done


def prepare(
    store: KnowledgeStore,
    embedders: Embedders,
    backend: VectorBackend,
    folder: Path,
    revs: Sequence[str],
    progress: Progress | None,
) -> str:
    """Embed, draft and build the index below ``folder``; returns the version.

    Nothing a search sees has changed yet; ``KnowledgeStore.publish`` is the switch. An index
    that is there already and sound is kept.
    """
    version = version_of(revs, embedders.name)
    embed_missing(store, embedders, revs, progress)
    store.draft(version, revs, embedders.name)
    try:
        index.check(folder / version, version, embedders.name)
    except IndexCorruptError:
        index.build(store, version, embedders, backend, folder / version)
    return version
