"""The first page: what is published, what waits, what people say; and the page of a job."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from bot.adapters.web.visit import GoneError, Signed
from bot.errors import StoreError
from rag.library import Knowledge
from rag.versions_model import Draft, LogEntry, Stats

router = APIRouter()


@router.get("/")
async def overview(visit: Signed) -> Response:
    """Figures and what waits for somebody."""

    def work(knowledge: Knowledge) -> tuple[Stats, Draft, list[LogEntry], bool]:
        desk = knowledge.desk()
        return knowledge.stats(), desk.draft(), desk.log(5), desk.reviewed()

    stats, draft, log, reviewed = await visit.look(work)
    try:
        votes = (await visit.site.reports.feedback_stats())["votes"]
    except StoreError as error:  # the knowledge can be kept while people's database is away
        votes = visit.told(error)
    return visit.page(
        "overview.html", stats=stats, draft=draft, log=log, votes=votes, reviewed=reviewed
    )


@router.get("/jobs/{name}")
async def job(visit: Signed, name: str, busy: str = "") -> Response:
    """A job's progress; when it is done, what it leads to."""
    found = visit.site.jobs.get(name)
    if found is None:
        raise GoneError
    if found.ended and not found.error_key:
        return visit.go(found.after)
    text = visit.sentence(found.error_key, found.error_details) if found.error_key else ""
    status = 409 if text else 200
    return visit.page("job.html", status, job=found, fault=text, busy=bool(busy))


@router.get("/jobs/{name}/state")
async def job_state(visit: Signed, name: str) -> Response:
    """The same for the script, which waits a moment here rather than ask all the time."""
    found = visit.site.jobs.get(name)
    if found is None:
        raise GoneError
    for _ in range(10):
        if found.ended:
            break
        await asyncio.sleep(0.1)
    return JSONResponse({"done": found.done, "total": found.total, "ended": found.ended})
