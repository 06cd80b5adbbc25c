"""The draft: what it changes, word by word; its check; reviews; publishing."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.jobs import Job, Progress
from bot.adapters.web.visit import Signed
from rag.library import Knowledge
from rag.versions_model import DocumentChange, Draft, Verdict
from rag.versions_words import DocumentDiff

router = APIRouter()
PER_PAGE = 50


@router.get("/draft")
async def draft(visit: Signed, page: int = 1) -> Response:
    """What is staged, what it waits for, and what can be done about it."""
    page = max(1, min(page, 1_000_000))

    def work(knowledge: Knowledge) -> tuple[Draft, tuple[DocumentChange, ...], bool, bool]:
        desk = knowledge.desk()
        found = desk.draft()
        changes = () if found.empty else desk.changes((page - 1) * PER_PAGE, PER_PAGE)
        return found, changes, desk.reviewed(), bool(desk.people())

    found, changes, reviewed, roles = await visit.look(work)
    total = len(found.added) + len(found.changed) + len(found.removed)
    checked = visit.site.checked
    fresh = checked is not None and checked.version == found.version and checked.base == found.base
    return visit.page(
        "draft.html", draft=found, changes=changes, total=total, number=page,
        pages=max(1, -(-total // PER_PAGE)), checked=checked if fresh else None,
        reviewed=reviewed, roles=roles,
    )  # fmt: skip


@router.get("/draft/document")
async def document(visit: Signed, doc: str) -> Response:
    """One document of the draft against the published version."""

    def work(knowledge: Knowledge) -> DocumentDiff:
        return knowledge.desk().document(doc)

    return visit.page("draft_document.html", diff=await visit.look(work))


@router.post("/draft/check")
async def check(visit: Signed) -> Response:
    """Build the draft aside and ask it the canary questions, in a job."""
    knowledge, site = await visit.knowledge(), visit.site

    def work(progress: Progress) -> None:
        site.checked = knowledge.desk().diff(progress)

    return visit.start(Job(kind="check", who=visit.who, after="/draft?done=checked"), work)


@router.post("/draft/review")
async def review(visit: Signed) -> Response:
    """Approve or reject what was looked at: nothing else than the version that was shown."""
    verdict: Verdict = "approve" if visit.field("verdict") == "approve" else "reject"
    note, shown = visit.field("note", 2000), visit.field("version", 12)

    def work(knowledge: Knowledge) -> None:
        knowledge.desk().review(verdict, who=visit.who, note=note, expect=shown)

    await visit.change(work)
    return visit.go("/draft", done="approved" if verdict == "approve" else "rejected")


@router.post("/draft/publish")
async def publish(visit: Signed) -> Response:
    """Publish what was shown, in a job."""
    knowledge, who = await visit.knowledge(), visit.who
    force, shown = visit.field("force") == "yes", visit.field("version", 12)

    def work(progress: Progress) -> object:
        return knowledge.desk().publish(who=who, force=force, expect=shown, progress=progress)

    return visit.start(Job(kind="publish", who=who, after="/versions?done=published"), work)


@router.post("/draft/drop")
async def drop(visit: Signed) -> Response:
    """Take one document, or everything, out of the draft."""
    doc = visit.field("doc")
    docs = [doc] if doc else None
    shown = visit.field("version", 12)
    await visit.change(lambda k: k.desk().discard(docs, who=visit.who, expect=shown))
    return visit.go("/draft", done="dropped")
