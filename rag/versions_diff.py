"""What two versions differ in: documents and chunks, by comparing revisions and passage ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rag.versions_model import DocumentChange

if TYPE_CHECKING:
    from rag.rows import Member
    from rag.versions_store import VersionStore

Kind = Literal["added", "changed", "removed"]


def kinds(before: Sequence[Member], after: Sequence[Member]) -> dict[str, Kind]:
    """By document id, what happened to it; untouched documents are left out."""
    moved = {(m.doc, m.rev) for m in before} ^ {(m.doc, m.rev) for m in after}
    docs = {doc for doc, _ in moved}
    was = _revs([m for m in before if m.doc in docs])
    now = _revs([m for m in after if m.doc in docs])
    found: dict[str, Kind] = {}
    for doc in sorted(was.keys() | now.keys()):
        if doc not in was:
            found[doc] = "added"
        elif doc not in now:
            found[doc] = "removed"
        elif was[doc] != now[doc]:
            found[doc] = "changed"
    return found


def documents(
    versions: VersionStore,
    before: Sequence[Member],
    after: Sequence[Member],
    *,
    start: int = 0,
    limit: int | None = None,
) -> tuple[DocumentChange, ...]:
    """One entry per document that differs, with its chunks counted by passage id; by document
    id, ``limit`` of them (None: all) from the ``start``-th on."""
    every = list(kinds(before, after).items())
    changed = dict(every[start:] if limit is None else every[start : start + limit])
    was = {doc: revs for doc, revs in _revs(before).items() if doc in changed}
    now = {doc: revs for doc, revs in _revs(after).items() if doc in changed}
    revs = sorted(set().union(*was.values(), *now.values()))
    about = {p.rev: p for p in versions.provenance(revs)}
    chunks = versions.chunk_ids(revs)
    found = []
    for doc, kind in changed.items():
        old = set().union(*(chunks.get(rev, set()) for rev in was.get(doc, ())))
        new = set().union(*(chunks.get(rev, set()) for rev in now.get(doc, ())))
        said = [about[rev] for rev in sorted(now.get(doc) or was[doc])]
        missing = {name for p in said for name in p.missing} if kind != "removed" else set()
        found.append(
            DocumentChange(
                doc=doc, kind=kind, title=said[0].title, lang=said[0].lang,
                chunks_added=len(new - old), chunks_removed=len(old - new), chunks=len(new),
                missing=tuple(sorted(missing)),
            )
        )  # fmt: skip
    return tuple(found)


def _revs(members: Sequence[Member]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for member in members:
        found.setdefault(member.doc, set()).add(member.rev)
    return found
