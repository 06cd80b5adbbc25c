"""The versions that are kept, going back to one, and the log of the knowledge."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.jobs import Job, Progress
from bot.adapters.web.visit import Signed
from rag.library import Knowledge
from rag.rows import GenerationInfo
from rag.versions_model import LogEntry

router = APIRouter()


@router.get("/versions")
async def versions(visit: Signed) -> Response:
    """What is published, what can be gone back to, and who did what."""

    def work(knowledge: Knowledge) -> tuple[list[GenerationInfo], list[LogEntry]]:
        kept = [g for g in knowledge.generations() if g.status != "draft"]
        return kept, knowledge.desk().log(50)

    kept, log = await visit.look(work)
    return visit.page("versions.html", kept=kept, log=log)


@router.post("/versions/rollback")
async def rollback(visit: Signed) -> Response:
    """Publish a kept version again, in a job: its index may have to be built anew."""
    knowledge, who, to = await visit.knowledge(), visit.who, visit.field("version", 12)

    def work(_: Progress) -> object:
        return knowledge.desk().rollback(to, who=who)

    return visit.start(Job(kind="rollback", who=who, after="/versions?done=rolled_back"), work)
