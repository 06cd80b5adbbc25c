"""The admin's desk: draft, diff, review, publish, roll back, with a log. No transport in it.

The command line, a chat and a web page call the same methods with the name of who acts.
Publishing switches one row in one transaction, after the index of the new version is built.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

from rag import versions_rules
from rag.versions_draft import Drafting, Progress, those
from rag.versions_intake import Intake
from rag.versions_model import (
    RIGHTS,
    Change,
    Event,
    LogEntry,
    Published,
    RefusedError,
    UnknownError,
)


class Desk(Drafting):
    """The admin flow of one open knowledge base; made by ``Knowledge.desk``."""

    # --- publishing ----------------------------------------------------------

    def publish(
        self,
        *,
        who: str,
        force: bool = False,
        expect: str = "",
        progress: Progress | None = None,
    ) -> Published:
        """Make the draft the published version, in one switch.

        ``force`` (an admin's right) overrules the canary, nothing else. An empty draft changes
        nothing. ``expect`` is the draft version that was looked at: RefusedError if it is
        another by now, unless that one is what is published already.
        """
        questions = self._questions()
        with self._upkeep.building():
            people, draft = self.people(), self._draft()
            versions_rules.require(people, who, "publish")
            if force:
                versions_rules.require(people, who, "force")
            if expect and expect == draft.base:  # a second press, or a crash after the switch
                return Published(version=draft.base, before=draft.base)
            versions_rules.expected(draft, expect)
            if draft.empty:
                self._versions.unstage(None, who)  # what is published already
                return Published(version=draft.base, before=draft.base)
            versions_rules.may_publish(
                draft.waiting, draft.editor, draft.unproven, draft.version
            )  # before the work of building
            revs, hidden = self._next(self._store.members(draft.base))
            version = self._upkeep.prepare_version(revs, progress)
            report = self._canary(draft.base, version, questions)
            if report.blocked and not force:
                raise RefusedError("kb.refused.canary", why=report.blocked)
            done = Published(
                version=version, before=draft.base, canary=report, unproven=draft.unproven,
                forced=bool(force and report.blocked),
            )  # fmt: skip
            return self._switch("publish", who, done, hidden, self._versions.changes())

    def at_once(self, who: str) -> bool:
        """Whether ``who`` may publish documents past the draft: nobody reviews here."""
        people = self.people()
        role = versions_rules.role_of(people, who)
        able = not people or (role is not None and "publish" in RIGHTS[role])
        return able and not versions_rules.reviewed(people)

    def add_now(
        self, intake: Intake, *, who: str, progress: Progress | None = None
    ) -> tuple[Published, int]:
        """Publish these records at once, past the draft; also how many revisions are new.

        For the install of one person: the canary is measured and logged but blocks nothing.
        Where somebody reviews, RefusedError: there it must be staged.
        """
        from rag.publish import next_revs

        questions = self._questions()
        with self._upkeep.building():
            people = self.people()
            versions_rules.require(people, who, "publish")
            if versions_rules.reviewed(people):
                raise RefusedError("kb.refused.at_once")
            base = self._store.active()
            members = self._store.members(base)
            fresh = {r.rev for r in intake.records} - {m.rev for m in members}
            self._store.add_records(intake.records)
            hidden = self._versions.hidden(base) - {r.doc for r in intake.records}
            revs = next_revs(members, added=intake.records)
            if self._upkeep.version_of(revs) == base:
                return Published(version=base, before=base), len(fresh)
            version = self._upkeep.prepare_version(revs, progress)
            report = self._canary(base, version, questions)
            done = Published(
                version=version, before=base, canary=report,
                unproven=self._unproven([r.rev for r in intake.records]),
            )  # fmt: skip
            return self._switch("add", who, done, hidden), len(fresh)

    def rollback(self, to: str = "", *, who: str, expect: str = "") -> Published:
        """Publish a kept version again: the one before the active one, or the named one.

        ``expect`` is the version to be left: when another is active by now, and this very
        step was taken already, nothing happens; else RefusedError.
        """
        with self._upkeep.building():
            versions_rules.require(self.people(), who, "publish")
            active = self._store.active()
            if expect and active != expect:
                last = self._versions.log(1)
                if last and (last[0].action, last[0].before) == ("rollback", expect):
                    return Published(version=active, before=active)
                raise RefusedError("kb.refused.moved", version=expect)
            kept = {g.version for g in self._store.generations() if g.status != "draft"}
            target = to or self._versions.before(active)
            if target not in kept:
                key = "kb.unknown.version" if to else "kb.unknown.earlier"
                raise UnknownError(key, version=target or active)
            if target == active:
                return Published(version=active, before=active)
            self._upkeep.opened(target).close()  # sound, or rebuilt from SQL
            done = Published(version=target, before=active)
            return self._switch("rollback", who, done)

    def entry(self, action: Event, version: str) -> LogEntry | None:
        """The newest line of the log of this kind about a version."""
        return self._versions.happened(action, version)

    def log(self, limit: int = 50) -> list[LogEntry]:
        """Who did what to the knowledge and when, newest first."""
        return self._versions.log(limit)

    def audit(self, limit: int = 50, *, who: str, start: int = 0) -> list[LogEntry]:
        """The log with everything about signing in; the right to manage people is needed."""
        versions_rules.require(self.people(), who, "people")
        return self._versions.log(limit, events=get_args(Event), start=start)

    def _switch(
        self,
        action: Event,
        who: str,
        done: Published,
        hidden: Collection[str] | None = None,
        published: Sequence[Change] = (),
    ) -> Published:
        """Switch to a prepared version, log it, and count what that changed."""
        from rag import versions_diff

        was, now = self._store.members(done.before), self._store.members(done.version)
        kinds = versions_diff.kinds(was, now)
        documents, chunks = self._versions.counts(done.version)
        done = replace(
            done, documents=documents, chunks=chunks, added=len(those(kinds, "added")),
            changed=len(those(kinds, "changed")), removed=len(those(kinds, "removed")),
        )  # fmt: skip
        entry = LogEntry(
            at=datetime.now(UTC), who=who, action=action, version=done.version,
            before=done.before, detail=_told(done),
        )  # fmt: skip
        self._upkeep.switch(entry, hidden=hidden, published=published)
        self._knowledge.look_again()
        return done


def _told(done: Published) -> dict[str, object]:
    """What the log keeps of a publish."""
    found: dict[str, object] = {
        "documents": done.documents, "chunks": done.chunks, "added": done.added,
        "changed": done.changed, "removed": done.removed,
    }  # fmt: skip
    if done.canary is not None:
        found["canary"] = done.canary.counts()
    if done.forced:
        found["forced"] = True
    if done.unproven:
        found["unproven"] = len(done.unproven)
    return found
