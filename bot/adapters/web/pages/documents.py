"""The documents of the published version: the list, and one document with its passages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.visit import GoneError, Signed
from rag.documents import Origin
from rag.library import Knowledge
from rag.reading import DocumentPage, DocumentText
from rag.types import Lang

router = APIRouter()
PER_PAGE = 50
_ORIGINS: tuple[Origin, ...] = ("pages", "added")
_LANGS: tuple[Lang, ...] = ("en", "zh")


@router.get("/documents")
async def documents(
    visit: Signed, q: str = "", lang: str = "", origin: str = "", page: int = 1
) -> Response:
    """A page of the list; every narrowing is in the address."""
    page = max(1, min(page, 1_000_000))
    spoken = next((known for known in _LANGS if known == lang), None)
    came = next((known for known in _ORIGINS if known == origin), None)

    def work(knowledge: Knowledge) -> DocumentPage:
        return knowledge.reading().listed(
            knowledge.version, text=q[:200], lang=spoken, origin=came,
            start=(page - 1) * PER_PAGE, limit=PER_PAGE,
        )  # fmt: skip

    found = await visit.look(work)
    query = {"q": q, "lang": spoken or "", "origin": came or ""}
    return visit.page(
        "documents.html", found=found, query=query, number=page,
        pages=max(1, -(-found.total // PER_PAGE)),
    )  # fmt: skip


@router.get("/document")
async def document(visit: Signed, doc: str, passage: str = "") -> Response:
    """One document whole, with where it comes from; ``passage`` is pointed at."""

    def work(knowledge: Knowledge) -> tuple[DocumentText, ...]:
        reading = knowledge.reading()
        return reading.texts(reading.revisions(knowledge.version, doc))

    texts = await visit.look(work)
    if not texts:
        raise GoneError
    return visit.page("document.html", doc=doc, texts=texts, pointed=passage)


@router.post("/documents/remove")
async def remove(visit: Signed) -> Response:
    """Stage the removal of a document."""
    doc = visit.field("doc")
    await visit.change(lambda knowledge: knowledge.desk().remove([doc], who=visit.who))
    return visit.go("/draft", done="removal")
