"""What people make of the answers: votes by passage, and questions that were not helped.

Nobody's words or votes are shown alone: both pages leave out whatever fewer than ``PEOPLE``
different people did. Only in an install of one person, whose database knows nobody else, is
everything shown, and the store itself refuses it anywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.visit import Signed, Visit
from bot.errors import InputError
from bot.model import PassageVotes
from rag.gaps import Asked, Gaps, find

if TYPE_CHECKING:
    from rag.library import Knowledge
    from rag.types import Passage

router = APIRouter()
PEOPLE = 2
SHOWN = 100
DAYS = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Votes by passage; ``hidden`` passages were rated by too few people to be shown."""

    shown: tuple[tuple[PassageVotes, Passage | None], ...]
    hidden: int
    more: int


@router.get("/feedback")
async def feedback(visit: Signed, days: int = 90) -> Response:
    """Passages by the votes on answers that cited them."""
    days = days if days in DAYS else 90

    async def gather() -> object:
        since = datetime.now(UTC) - timedelta(days=days)
        found = await visit.site.reports.passage_votes(since=since)
        return await visit.look(lambda knowledge: shown_votes(knowledge, found))

    got = await visit.site.votes.get(days, gather)
    votes, at = (cast("Votes", got[0]), got[1]) if got else (None, None)
    return visit.page("feedback.html", votes=votes, at=at, days=days, choices=DAYS, people=PEOPLE)


def shown_votes(knowledge: Knowledge, found: Sequence[PassageVotes]) -> Votes:
    """Those that enough people stand behind, with what the passages say today."""
    open_ones = [v for v in found if v.people >= PEOPLE]
    some = open_ones[:SHOWN]
    names = [v.passage for v in some]
    known = knowledge.upkeep.store.passages(knowledge.version, names) if names else {}
    return Votes(
        shown=tuple((v, known.get(v.passage)) for v in some),
        hidden=len(found) - len(open_ones), more=len(open_ones) - len(some),
    )  # fmt: skip


@router.get("/gaps")
async def gaps(visit: Signed, days: int = 90, own: str = "") -> Response:
    """Groups of questions that found nothing or earned a thumbs down."""
    days = days if days in DAYS else 90
    alone = visit.session is not None and visit.session.role is None
    everything = alone and own == "1"

    async def gather() -> object:
        since = datetime.now(UTC) - timedelta(days=days)
        found = await visit.site.reports.unhelped(since=since, own=everything)
        asked = [Asked(text=u.text, lang=u.lang, who=u.who, why=u.why) for u in found]
        least = 1 if everything else PEOPLE
        return await visit.look(lambda knowledge: find(knowledge, asked, people=least))

    try:
        got = await visit.site.gaps.get((days, everything), gather)
    except InputError:
        return _refused(visit, days)
    found, at = (cast("Gaps", got[0]), got[1]) if got else (None, None)
    return visit.page(
        "gaps.html", found=found, at=at, days=days, choices=DAYS, people=PEOPLE, alone=alone,
        everything=everything, fault="",
    )  # fmt: skip


def _refused(visit: Visit, days: int) -> Response:
    """Somebody else's questions are in the database: not even an install of one shows them."""
    return visit.page(
        "gaps.html", 403, found=None, at=None, days=days, choices=DAYS, people=PEOPLE, alone=True,
        everything=False, fault=visit.sentence("kb.refused.others", {}),
    )  # fmt: skip
