"""The canary: questions whose page must go on being found, asked before a version is published.

``knowledge/canary.jsonl`` holds ours; a file of the same form in the data directory adds an
admin's own. One JSON object per line: ``{"id", "lang", "text", "docs": ["en/salt", …]}``,
``docs`` being the document ids of which one must be among the first five.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag.types import Lang, PageError
from rag.versions_model import AnswerChange, CanaryReport

if TYPE_CHECKING:
    from rag.retriever import Searcher

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge" / "canary.jsonl"
OWN = "canary.jsonl"  # in the data directory
TOP = 5
FLOOR = 0.9  # recall@5 below which a version is not published
MAY_FALL = 1  # questions
SHOWN = 3  # hits compared by a diff


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One canary question; ``docs`` are full document ids."""

    id: str
    lang: Lang
    text: str
    docs: tuple[str, ...]


def read(*paths: Path) -> list[Question]:
    """The questions of all files that exist; a later id replaces an earlier one.

    Raises PageError naming file, line and fault.
    """
    found: dict[str, Question] = {}
    for path in paths:
        if not path.exists():
            continue
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise PageError(f"{path}: cannot be read as UTF-8 text ({error})") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                question = _question(line, f"{path}:{number}")
                found[question.id] = question
    return list(found.values())


def _question(line: str, where: str) -> Question:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PageError(f"{where}: is not JSON ({error})") from error
    fault = _fault(row)
    if fault:
        raise PageError(f"{where}: {fault}")
    return Question(id=row["id"], lang=row["lang"], text=row["text"], docs=tuple(row["docs"]))


def _fault(row: object) -> str:
    if not isinstance(row, dict):
        return "must be an object {...}"
    for name in ("id", "text"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            return f"{name}: is missing or no text"
    if row.get("lang") not in ("en", "zh"):
        return "lang: must be en or zh"
    docs = row.get("docs")
    if not isinstance(docs, list) or not docs or not all(isinstance(d, str) for d in docs):
        return "docs: must be a list of document ids"
    return ""


def lint(paths: Iterable[Path], known: Iterable[str]) -> list[str]:
    """What is wrong with canary files when these documents exist; empty when nothing is."""
    there, problems = set(known), []
    for path in paths:
        try:
            questions = read(path)
        except PageError as error:
            problems.append(str(error))
            continue
        problems += [
            f"{path}: {q.id}: there is no document {doc}"
            for q in questions
            for doc in q.docs
            if doc not in there
        ]
    return problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a version says to the canary.

    ``found``: by question id, whether an expected document is among the first five; questions
    of which the version holds no expected document are left out. ``first``: by question id,
    the passage ids of the first three hits.
    """

    found: Mapping[str, bool] = field(default_factory=dict)
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def ask(searcher: Searcher, questions: Sequence[Question]) -> Outcome:
    """Ask a version all questions, as the dialogue would."""
    ids = searcher.index.rows.ids
    held = {doc_of(name.decode()) for name in ids.tolist()}
    found: dict[str, bool] = {}
    first: dict[str, tuple[str, ...]] = {}
    for question in questions:
        _, ranked = searcher.rank(question.text, question.lang)
        first[question.id] = searcher.shown(ranked, SHOWN)
        wanted = held & set(question.docs)
        if wanted:
            order = (doc_of(ids[row].decode()) for row in ranked.rows.tolist())
            found[question.id] = not wanted.isdisjoint(_distinct(order, TOP))
    return Outcome(found=found, first=first)


def _distinct(docs: Iterable[str], limit: int) -> list[str]:
    """The first ``limit`` different documents."""
    seen: dict[str, None] = {}
    for doc in docs:
        seen[doc] = None
        if len(seen) == limit:
            break
    return list(seen)


def doc_of(passage_id: str) -> str:
    """The document id in a passage id."""
    return passage_id.rsplit("#", 1)[0]


def compare(was: Outcome, now: Outcome) -> CanaryReport:
    """The report on a version against the published one; says why it is blocked, if it is.

    Both are compared on the questions that the new version can answer. A version that was
    already below the floor blocks nothing that is at least as good.
    """
    after = now.found
    common = {name: there for name, there in was.found.items() if name in after}
    found, had = sum(after.values()), sum(common.values())
    kept = sum(after[name] for name in common)
    blocked = ""
    if had - kept > MAY_FALL:
        blocked = f"{had} of {len(common)} questions found before, {kept} now"
    elif after and found < FLOOR * len(after) and (not common or kept < had):
        blocked = f"only {found} of {len(after)} questions found"
    return CanaryReport(
        questions=len(after),
        found=found,
        before=len(common),
        before_found=had,
        missed=tuple(sorted(name for name, there in after.items() if not there)),
        blocked=blocked,
    )


def changed_answers(
    questions: Sequence[Question], was: Outcome, now: Outcome
) -> tuple[AnswerChange, ...]:
    """The questions whose first three passages differ, those with another first one first."""
    changed = [
        AnswerChange(
            id=q.id, lang=q.lang, text=q.text,
            before=tuple(doc_of(name) for name in was.first[q.id]),
            after=tuple(doc_of(name) for name in now.first[q.id]),
            top=was.first[q.id][:1] != now.first[q.id][:1],
        )
        for q in questions
        if was.first[q.id] != now.first[q.id]
    ]  # fmt: skip
    return tuple(sorted(changed, key=lambda c: not c.top))
