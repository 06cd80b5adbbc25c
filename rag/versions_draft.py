"""The draft: people, staged changes, what they would change, and what reviewers say of it.

The lower half of the Desk. A draft is a list of changes laid over whatever is published; the
version it would become is a hash of its revisions, so an approval is of exactly this content.
Everything that writes holds the build lock.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag import canary, versions_rules
from rag.versions_model import (
    CanaryReport,
    Change,
    Diff,
    DocumentChange,
    Draft,
    Person,
    Provenance,
    RefusedError,
    Role,
    UnknownError,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.library import Knowledge
    from rag.retriever import Searcher
    from rag.rows import Member
    from rag.versions_diff import Kind
    from rag.versions_intake import Intake
    from rag.versions_words import DocumentDiff

Progress = Callable[[int, int], None]


class Drafting:
    """The admin flow up to publishing; see Desk.

    Every method may raise KnowledgeStoreError; those that act raise RefusedError when the
    rules forbid it and UnknownError for a version, document or person that is not there.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        """Nothing is read yet."""
        self._knowledge = knowledge
        self._upkeep = knowledge.upkeep
        self._store = knowledge.upkeep.store
        self._versions = knowledge.upkeep.versions

    # --- people --------------------------------------------------------------

    def people(self) -> list[Person]:
        """Everybody with a role; nobody in an install of one person."""
        return self._versions.people()

    def set_person(self, name: str, role: Role | None, *, who: str) -> None:
        """Give a role, or take it away (None). The first must be an admin, and one remains."""
        name = versions_rules.name_of(name)
        with self._upkeep.building():
            people = self.people()
            versions_rules.require(people, who, "people")
            versions_rules.may_change(people, name, role)
            self._versions.set_person(name, role, who)

    def may_link(self, name: str, *, who: str, known: bool = True) -> None:
        """RefusedError unless ``who`` may let (or stop) a chat account act as ``name``.

        One may for oneself, an admin for everybody; ``known``: the name must have a role.
        """
        people = self.people()
        if known and versions_rules.role_of(people, name) is None:
            raise UnknownError("kb.unknown.person", name=name)
        if who != name:
            versions_rules.require(people, who, "people")

    def reviewed(self) -> bool:
        """Whether a draft needs a second person here."""
        return versions_rules.reviewed(self.people())

    # --- the draft -----------------------------------------------------------

    def stage(self, intake: Intake, *, who: str) -> Draft:
        """Put what was read into the draft."""
        with self._upkeep.building():
            versions_rules.require(self.people(), who, "edit")
            self._store.add_records(intake.records)
            changes = [
                Change(action="add", doc=r.doc, path=r.path, rev=r.rev) for r in intake.records
            ]
            staged = {(c.action, c.doc, c.path, c.rev) for c in self._versions.changes()}
            if {(c.action, c.doc, c.path, c.rev) for c in changes} - staged:
                self._versions.stage(changes, who)  # once more the same is no new change
            return self._draft()

    def remove(self, docs: Collection[str], *, who: str) -> Draft:
        """Stage the removal of documents; UnknownError names one that is not there."""
        with self._upkeep.building():
            versions_rules.require(self.people(), who, "edit")
            staged = {c.doc for c in self._versions.changes() if c.action == "add"}
            known = {m.doc for m in self._store.members(self._store.active())} | staged
            for doc in docs:
                if doc not in known:
                    near = difflib.get_close_matches(doc, known, n=1, cutoff=0.4)
                    raise UnknownError("kb.unknown.document", doc=doc, near=(near or [""])[0])
            self._versions.stage([Change(action="remove", doc=d) for d in sorted(set(docs))], who)
            return self._draft()

    def discard(self, docs: Collection[str] | None = None, *, who: str, expect: str = "") -> Draft:
        """Take documents, or everything (None), out of the draft again; see ``expected``."""
        with self._upkeep.building():
            versions_rules.require(self.people(), who, "edit")
            if expect and not self._draft().empty:
                versions_rules.expected(self._draft(), expect)
            if not self._versions.unstage(docs, who) and docs:
                raise UnknownError("kb.unknown.staged", doc=", ".join(sorted(docs)))
            return self._draft()

    def submit(self, *, who: str, expect: str = "") -> Draft:
        """Say that the draft is ready for review; saying it again of the same draft is nothing.

        RefusedError while it is empty or a document does not say where it comes from.
        """
        with self._upkeep.building():
            people, draft = self.people(), self._draft()
            versions_rules.require(people, who, "edit")
            versions_rules.expected(draft, expect)
            if draft.empty:
                raise RefusedError("kb.refused.nothing_to_submit")
            versions_rules.proven(draft.unproven)
            if not self._versions.happened("submit", draft.version):
                self._versions.note(who, "submit", draft.version)
            return draft

    def draft(self) -> Draft:
        """The open draft and what it waits for."""
        return self._draft()

    def changes(self, start: int = 0, limit: int | None = None) -> tuple[DocumentChange, ...]:
        """The documents that the draft changes, as in ``diff`` but without building anything."""
        from rag import versions_diff

        before = self._store.members(self._store.active())
        after = self._becoming(before, self._next(before)[0])
        return versions_diff.documents(self._versions, before, after, start=start, limit=limit)

    def diff(self, progress: Progress | None = None) -> Diff:
        """What the draft changes: documents, chunks, canary answers. Builds its index."""
        from rag import versions_diff

        questions = self._questions()
        with self._upkeep.building():
            base = self._store.active()
            before = self._store.members(base)
            revs, _ = self._next(before)
            if self._upkeep.version_of(revs) == base:
                report = canary.compare(canary.Outcome(), canary.Outcome())
                return Diff(base=base, version="", documents=(), answers=(), canary=report)
            version = self._upkeep.prepare_version(revs, progress)
            after = self._store.members(version)
            with self._searching(base) as old, self._searching(version) as new:
                was, now = canary.ask(old, questions), canary.ask(new, questions)
            answers = canary.changed_answers(questions, was, now)
            report = canary.compare(was, now)
            documents = versions_diff.documents(self._versions, before, after)
            self._store.prune(self._upkeep.keep, version)
        return Diff(base=base, version=version, documents=documents, answers=answers, canary=report)

    def document(self, doc: str) -> DocumentDiff:
        """One document of the draft against the published version, word by word.

        A document that the draft leaves alone is "same"; UnknownError for one nobody knows.
        """
        from rag.reading import Reading
        from rag.versions_words import compare

        reading, base = Reading(self._store), self._store.active()
        published = self._store.members(base)
        members = self._becoming(published, self._next(published)[0])
        after = [m.rev for m in members if m.doc == doc]
        before = reading.revisions(base, doc)
        if not before and not after:
            raise UnknownError("kb.unknown.document", doc=doc, near="")
        return compare(doc, reading.texts(before), reading.texts(after))

    def review(self, verdict: Verdict, *, who: str, note: str = "", expect: str = "") -> Draft:
        """Approve or reject the draft as it is now; any later change asks for a new review.

        ``expect`` is the draft version that was looked at: RefusedError if it is another by
        now. The same verdict once more changes nothing.
        """
        with self._upkeep.building():
            people, draft = self.people(), self._draft()
            if not people:
                raise RefusedError("kb.refused.no_roles")
            versions_rules.require(people, who, "review")
            if draft.empty:
                raise RefusedError("kb.refused.empty")
            versions_rules.expected(draft, expect)
            if who == draft.editor:
                raise RefusedError("kb.refused.own_work", who=who)
            last = versions_rules.latest(draft.reviews).get(who)
            if last is None or (last.verdict, last.note) != (verdict, note.strip()):
                self._versions.add_review(draft.version, who, verdict, note.strip())
            return self._draft()

    # --- the inside; the build lock is held ----------------------------------

    def _draft(self) -> Draft:
        from rag import versions_diff

        base, changes = self._store.active(), self._versions.changes()
        if not changes:
            return Draft(base=base, version="", earlier=self._earlier(base))
        before = self._store.members(base)
        revs, _ = self._next(before, changes)
        version = self._upkeep.version_of(revs)
        if version == base:
            return Draft(base=base, version="", earlier=self._earlier(base))
        after = self._becoming(before, revs)
        kinds = versions_diff.kinds(before, after)
        editor, reviews = self._versions.editor(), self._versions.reviews(version)
        unproven = self._unproven([c.rev for c in changes if c.action == "add"])
        return Draft(
            base=base, version=version, added=those(kinds, "added"),
            changed=those(kinds, "changed"), removed=those(kinds, "removed"), editor=editor,
            reviews=tuple(reviews), unproven=unproven,
            waiting=versions_rules.waiting(self.people(), editor, reviews, unproven),
            earlier=self._earlier(base),
        )  # fmt: skip

    def _earlier(self, active: str) -> str:
        """The version before this one, if it is still kept."""
        before = self._versions.before(active)
        kept = {g.version for g in self._store.generations() if g.status != "draft"}
        return before if before in kept else ""

    def _next(
        self, members: Sequence[Member], changes: Sequence[Change] | None = None
    ) -> tuple[list[str], set[str]]:
        """The revisions of the draft and the pages hidden in it."""
        from rag.publish import next_revs

        changes = self._versions.changes() if changes is None else changes
        removed = {c.doc for c in changes if c.action == "remove"}
        added = self._store.members_of([c.rev for c in changes if c.action == "add"])
        hidden = (self._versions.hidden(self._store.active()) | removed) - {m.doc for m in added}
        return next_revs(members, added=added, removed=removed), hidden

    def _becoming(self, before: Sequence[Member], revs: Sequence[str]) -> list[Member]:
        """The members of those revisions: most are members of the version before."""
        known, wanted = {m.rev: m for m in before}, set(revs)
        new = self._store.members_of(sorted(wanted - known.keys()))
        stayed = [member for rev, member in known.items() if rev in wanted]
        return sorted([*stayed, *new], key=lambda m: (m.doc, m.rev))

    def _unproven(self, revs: Sequence[str]) -> tuple[Provenance, ...]:
        return tuple(p for p in self._versions.provenance(revs) if p.missing)

    def _questions(self) -> list[canary.Question]:
        """Our canary and the admin's own; read before anything is built."""
        return canary.read(*self._knowledge.canary_files)

    def _canary(
        self, base: str, version: str, questions: Sequence[canary.Question]
    ) -> CanaryReport:
        was = canary.Outcome()
        docs = {m.doc for m in self._store.members(version)}
        if not any(docs.intersection(q.docs) for q in questions):
            return canary.compare(was, was)
        if base:
            with self._searching(base) as old:
                was = canary.ask(old, questions)
        with self._searching(version) as new:
            return canary.compare(was, canary.ask(new, questions))

    @contextmanager
    def _searching(self, version: str) -> Iterator[Searcher]:
        searcher = self._knowledge.searcher_on(self._upkeep.opened(version))
        try:
            yield searcher
        finally:
            searcher.retire()


def those(kinds: dict[str, Kind], kind: Kind) -> tuple[str, ...]:
    return tuple(doc for doc, found in kinds.items() if found == kind)
