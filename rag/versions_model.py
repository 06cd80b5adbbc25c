"""The values of the admin flow: people and their rights, drafts, diffs, reviews, the log.

Plain data without I/O, so that the command line, a chat and a web page show the same things.
Everything refused is a DeskError, whose ``key`` and ``details`` name a sentence in
``bot/locales``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from rag.types import KnowledgeError, Lang

Role = Literal["editor", "reviewer", "admin"]
Right = Literal["edit", "review", "publish", "force", "people"]
Verdict = Literal["approve", "reject"]
Action = Literal["add", "remove"]
Event = Literal[
    "pages", "model", "add", "stage", "unstage", "submit", "approve", "reject", "publish",
    "rollback", "people", "invite", "password", "sign_in", "sign_out", "sign_out_all", "locked",
    "account_gone",
]  # fmt: skip

ROLES: tuple[Role, ...] = get_args(Role)
RIGHTS: Mapping[Role, frozenset[Right]] = {
    "editor": frozenset({"edit"}),
    "reviewer": frozenset({"edit", "review", "publish"}),
    "admin": frozenset({"edit", "review", "publish", "force", "people"}),
}
# What happened to the knowledge; the other events are about signing in to the admin page.
KNOWLEDGE_EVENTS: tuple[Event, ...] = get_args(Event)[:11]
SALUS = "salus"  # who the log names for what Salus does by itself


class DeskError(KnowledgeError):
    """An admin's wish that is refused. ``details`` fill the sentence behind ``key``."""

    def __init__(self, key: str, **details: str) -> None:
        """Keep the key and what fills its placeholders."""
        shown = ", ".join(f"{name} {value}" for name, value in details.items())
        super().__init__(f"{key}: {shown}" if shown else key)
        self.key = key
        self.details = details


class RefusedError(DeskError):
    """The rules forbid it: a right, an approval, provenance or the canary is missing."""


class UnknownError(DeskError):
    """There is no such version, document or person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a role. ``added_at`` is aware."""

    name: str
    role: Role
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One staged change; ``rev`` and ``path`` are empty for a removal."""

    action: Action
    doc: str
    path: str = ""
    rev: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one person said about one draft version."""

    version: str
    name: str
    verdict: Verdict
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the log. ``before`` is the version that was active until then, or empty."""

    at: datetime
    who: str
    action: Event
    version: str
    before: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a document says about where it comes from; ``missing`` lacks to be publishable."""

    doc: str
    rev: str
    title: str
    lang: Lang
    path: str
    missing: tuple[str, ...]  # of organisation, url, licence, date


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChange:
    """One document that differs; chunks are counted by their ids, so by what can be found."""

    doc: str
    kind: Literal["added", "changed", "removed"]
    title: str
    lang: Lang
    chunks_added: int
    chunks_removed: int
    chunks: int  # afterwards
    missing: tuple[str, ...] = ()  # provenance that the new revision lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChange:
    """One canary question that finds something else; the documents of the first three hits."""

    id: str
    lang: Lang
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    top: bool  # the first passage differs, not only the second or third


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """Canary questions whose expected page exists in the version, and how many were found.

    ``found`` counts an expected page among the first five documents. ``before`` and
    ``before_found`` are the same questions asked of the published version, as far as it holds
    their pages. ``blocked`` says why a reviewed publish is refused, empty when it is not.
    """

    questions: int
    found: int
    before: int
    before_found: int
    missed: tuple[str, ...] = ()
    blocked: str = ""

    @property
    def recall(self) -> float:
        """Recall@5 of the version; 1 when nothing could be asked."""
        return self.found / self.questions if self.questions else 1.0

    def counts(self) -> dict[str, object]:
        """The figures as the log keeps them."""
        return {
            "questions": self.questions, "found": self.found, "recall": round(self.recall, 4),
            "before": self.before, "before_found": self.before_found,
            "missed": list(self.missed), "blocked": self.blocked,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The open draft. ``version`` is what it would be published as; empty when it is empty.

    ``base`` is what is published. ``waiting`` names what still stands before a publish:
    approval, rejected, provenance.
    """

    base: str
    version: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    editor: str = ""  # who changed it last
    reviews: tuple[Review, ...] = ()
    unproven: tuple[Provenance, ...] = ()
    waiting: tuple[str, ...] = ()
    earlier: str = ""  # the kept version that a rollback would publish again

    @property
    def docs(self) -> tuple[str, ...]:
        """Every document it is about."""
        return (*self.added, *self.changed, *self.removed)

    @property
    def empty(self) -> bool:
        """Whether publishing it would change nothing."""
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What a draft changes against the published version."""

    base: str
    version: str
    documents: tuple[DocumentChange, ...]
    answers: tuple[AnswerChange, ...]
    canary: CanaryReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publish or rollback did; ``version`` equals ``before`` when there was nothing to."""

    version: str
    before: str
    documents: int = 0
    chunks: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    canary: CanaryReport | None = None
    forced: bool = False
    unproven: tuple[Provenance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What ``Knowledge.add`` did. ``added`` counts new revisions, ``unchanged`` known ones."""

    version: str
    added: int
    unchanged: int
    chunks: int
    unsourced: int  # documents without any source: usable, but nothing to cite
    problems: tuple[str, ...]
    flagged: tuple[str, ...] = ()  # taken, but worth a look
    repeated: int = 0  # records that say what another one says
    unproven: int = 0  # documents that lack organisation, address, licence or date
    canary: CanaryReport | None = None  # None when nothing changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Size and state of the knowledge base. ``problems``: pages that could not be read."""

    version: str
    documents: int
    chunks: int
    vectors: int
    by_lang: dict[str, int]  # chunks
    generations: int
    model: str
    problems: tuple[str, ...]
