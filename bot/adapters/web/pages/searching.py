"""The search playground: what is found for a question, and why."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.visit import Signed
from rag.explain import Explanation
from rag.library import Knowledge
from rag.types import Lang

router = APIRouter()
SHOWN = 8
LONGEST = 1000


@router.get("/search")
async def search(visit: Signed, q: str = "", lang: str = "") -> Response:
    """The form, and below it the explained results."""
    asked = q.strip()[:LONGEST]
    hint: Lang | None = "zh" if lang == "zh" else "en" if lang == "en" else None
    found: Explanation | None = None
    if asked:

        def work(knowledge: Knowledge) -> Explanation:
            return knowledge.explain(asked, hint, SHOWN)

        found = await visit.look(work)
    return visit.page("search.html", asked=asked, hint=hint or "", found=found, longest=LONGEST)
