"""What waits before it may be learned from: rated answers of people who agreed, without names.

A reviewer accepts, rejects with a reason, or writes the answer as it should have been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.visit import Signed, Visit
from bot.errors import InputError, NotFoundError
from bot.tuning.rated import Review, Verdict

if TYPE_CHECKING:
    from bot.tuning.workshop import Waiting

router = APIRouter()
SHOWN = 20
_VERDICTS: dict[str, Verdict] = {"accept": "accept", "reject": "reject", "edit": "edit"}


@router.get("/lessons")
async def lessons(visit: Signed, every: str = "") -> Response:
    """The queue; ``every`` also shows what nothing speaks against."""
    visit.need("review")
    return await _queue(visit, everything=every == "1")


@router.post("/lessons")
async def decide(visit: Signed) -> Response:
    """One decision; what says too little is asked again, with what was written kept."""
    visit.need("review")
    lesson, everything = visit.field("lesson"), visit.field("every") == "1"
    verdict = _VERDICTS.get(visit.field("verdict"))
    if verdict is None:
        return await _queue(visit, everything=everything, fault=("verdict", lesson))
    reason, text = visit.field("reason", 2000), visit.field("text", 8000)
    workshop = await visit.site.workshop()
    try:
        decided = Review(verdict=verdict, by=visit.who, reason=reason, text=text)
        await workshop.decide(lesson, decided)
    except InputError:
        return await _queue(visit, everything=everything, fault=(verdict, lesson))
    except NotFoundError:  # erased by its person, or decided away meanwhile
        visit.site.decided.add(lesson)
        return await _queue(visit, everything=everything, fault=("gone", ""))
    visit.site.decided.add(lesson)
    query = {"done": "lesson"} | ({"every": "1"} if everything else {})
    return visit.go("/lessons", **query)


async def _queue(visit: Visit, *, everything: bool, fault: tuple[str, str] = ("", "")) -> Response:
    """``fault``: what is wrong with a decision, and about which lesson."""

    async def gather() -> object:
        return await (await visit.site.workshop()).waiting(everything=everything)

    got = await visit.site.lessons.get(everything, gather)
    found, at = (cast("list[Waiting]", got[0]), got[1]) if got else (None, None)
    left = None if found is None else [w for w in found if w.lesson.id not in visit.site.decided]
    return visit.page(
        "lessons.html", 400 if fault[0] else 200, shown=None if left is None else left[:SHOWN],
        count=len(left or ()), at=at, everything=everything, fault=fault[0], about=fault[1],
        given={name: visit.field(name, 8000) for name in ("reason", "text")},
    )  # fmt: skip
