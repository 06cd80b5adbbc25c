"""``salus kb`` draft, diff, review, publish, rollback, log and people: versions of knowledge."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import (
    AsJson,
    AsName,
    canary_json,
    in_knowledge,
    lang,
    listed,
    say,
    say_canary,
    unproven_json,
    who,
)
from bot.errors import InputError
from bot.i18n import t

if TYPE_CHECKING:
    from rag.library import Knowledge
    from rag.versions_model import Diff, Draft, LogEntry, Published, Verdict


def remove(
    docs: Annotated[list[str], typer.Argument(help="Document ids, as kb list shows them.")],
    publish: Annotated[bool, typer.Option("--publish", help="Publish the draft at once.")] = False,
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Stage the removal of documents (with --publish: publish the draft at once)."""

    def work(knowledge: Knowledge) -> None:
        draft = knowledge.desk().remove(docs, who=who(name))
        if publish:
            tell_published(knowledge.desk().publish(who=who(name)), as_json=as_json)
        else:
            tell_draft(draft, as_json=as_json)

    in_knowledge(work)


def draft(
    discard: Annotated[bool, typer.Option("--discard", help="Throw the draft away.")] = False,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", help="Take this document out of the draft.")
    ] = None,
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """What is staged over the published version, and what it still waits for."""

    def work(knowledge: Knowledge) -> None:
        desk = knowledge.desk()
        if discard or drop:
            found = desk.discard(None if discard else drop, who=who(name))
        else:
            found = desk.draft()
        tell_draft(found, as_json=as_json)

    in_knowledge(work)


def tell_draft(found: Draft, *, as_json: bool) -> None:
    """A draft as JSON or text."""
    if as_json:
        jsonl.emit(draft_json(found))
        return
    if found.empty:
        say("kb.draft.empty", version=found.base or "–")
        return
    say("kb.draft.title", version=found.version, base=found.base or "–", editor=found.editor)
    for kind in ("added", "changed", "removed"):
        for doc in listed(getattr(found, kind)):
            print(f"  {t(f'kb.kind.{kind}', lang())}  {doc}")
    for review in found.reviews:
        note = f": {review.note}" if review.note else ""
        say(f"kb.review.{review.verdict}", name=review.name, note=note)
    for wanted in found.waiting:
        say(f"kb.waiting.{wanted}", count=len(found.unproven))


def draft_json(found: Draft) -> dict[str, Any]:
    """A draft as plain values."""
    return asdict(found) | {
        "empty": found.empty,
        "reviews": [asdict(r) | {"at": r.at.isoformat()} for r in found.reviews],
        "unproven": unproven_json(found.unproven),
    }


def diff(as_json: AsJson = False) -> None:
    """What the draft adds, changes and removes, and which canary questions it answers anew."""
    from bot.adapters.cli.progress import bar

    def work(knowledge: Knowledge) -> None:
        with bar() as progress:
            found = knowledge.desk().diff(progress)
        if as_json:
            jsonl.emit(asdict(found) | {"canary": canary_json(found.canary)})
        else:
            _tell_diff(found)

    in_knowledge(work)


def _tell_diff(found: Diff) -> None:
    if not found.version:
        say("kb.draft.empty", version=found.base or "–")
        return
    say("kb.diff.title", version=found.version, base=found.base or "–")
    lines = [
        f"  {t(f'kb.kind.{d.kind}', lang())}  {d.doc}  +{d.chunks_added} −{d.chunks_removed}"
        + (t("kb.diff.lacks", lang(), missing=", ".join(d.missing)) if d.missing else "")
        for d in found.documents
    ]
    print("\n".join(listed(lines)))
    say("kb.diff.answers", count=len(found.answers), first=sum(a.top for a in found.answers))
    for change in found.answers[:20]:
        print(f"  {change.text}\n    {' · '.join(change.before)}\n  → {' · '.join(change.after)}")
    say_canary(found.canary)


def review(
    approve: Annotated[bool, typer.Option("--approve", help="The draft is good.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="The draft must change.")] = False,
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Approve or reject the draft as it is now; any later change needs a new review."""
    if approve == reject:
        raise InputError("verdict", fault="give either --approve or --reject")

    def work(knowledge: Knowledge) -> None:
        verdict: Verdict = "approve" if approve else "reject"
        found = knowledge.desk().review(verdict, who=who(name), note=note)
        tell_draft(found, as_json=as_json)

    in_knowledge(work)


def publish(
    force: Annotated[
        bool, typer.Option("--force", help="Although the canary fell (admins; it is logged).")
    ] = False,
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Publish the draft in one switch, if the canary and the reviewers let it pass."""
    from bot.adapters.cli.progress import bar

    def work(knowledge: Knowledge) -> None:
        with bar() as progress:
            done = knowledge.desk().publish(who=who(name), force=force, progress=progress)
        tell_published(done, as_json=as_json)

    in_knowledge(work)


def rollback(
    version: Annotated[str, typer.Argument(help="A kept version; default: the one before.")] = "",
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Go back to the version before, or to a named one that is kept."""

    def work(knowledge: Knowledge) -> None:
        tell_published(knowledge.desk().rollback(version, who=who(name)), as_json=as_json)

    in_knowledge(work)


def tell_published(done: Published, *, as_json: bool) -> None:
    """What a publish or rollback did, as JSON or text."""
    if as_json:
        extra = {"canary": canary_json(done.canary), "unproven": unproven_json(done.unproven)}
        jsonl.emit(asdict(done) | extra | {"changed_version": done.version != done.before})
        return
    if done.version == done.before:
        say("kb.published.nothing", version=done.version or "–")
        return
    say("kb.published", version=done.version, before=done.before or "–", added=done.added,
        changed=done.changed, removed=done.removed, documents=done.documents)  # fmt: skip
    say_canary(done.canary)
    if done.unproven:
        say("kb.unproven", count=len(done.unproven))


def log(
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1000, help="Entries.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Who did what to the knowledge and when, newest first."""

    def work(knowledge: Knowledge) -> None:
        kept = {g.version for g in knowledge.generations() if g.status != "draft"}
        found = knowledge.desk().log(limit)
        if as_json:
            jsonl.emit([_entry(entry, kept) for entry in found])
            return
        for entry in found:
            _tell_entry(entry, kept)

    in_knowledge(work)


def _entry(entry: LogEntry, kept: set[str]) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat(), "kept": entry.version in kept}


def _tell_entry(entry: LogEntry, kept: set[str]) -> None:
    at = entry.at.astimezone().strftime("%Y-%m-%d %H:%M")
    move = f"{entry.before} → {entry.version}" if entry.before else entry.version
    gone = "" if entry.version in kept else t("kb.log.gone", lang())
    shown = {k: v for k, v in entry.detail.items() if not isinstance(v, dict)}
    canary = entry.detail.get("canary")
    if isinstance(canary, dict):
        shown["canary"] = f"{canary['found']}/{canary['questions']}"
    detail = ", ".join(f"{k} {v}" for k, v in shown.items())
    print(f"{at}  {entry.who}  {t(f'kb.event.{entry.action}', lang())}  {move}{gone}  {detail}")
