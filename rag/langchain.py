"""The knowledge base as a LangChain retriever, for whoever builds chains on top of Salus.

LangChain is imported when ``as_langchain`` is called, never by importing this module.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rag.types import Hit, Lang

if TYPE_CHECKING:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        CallbackManagerForRetrieverRun,
    )
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    from rag.library import Knowledge


def metadata_of(hit: Hit) -> dict[str, Any]:
    """What a citation needs, as plain JSON-able values."""
    passage = hit.passage
    return {
        "id": passage.id,
        "doc": passage.doc,
        "title": passage.title,
        "section": passage.section,
        "lang": passage.lang,
        "url": passage.url,
        "reviewed": passage.reviewed,
        "score": hit.score,
        "sources": [
            {"organisation": s.organisation, "title": s.title, "url": s.url, "date": s.date}
            for s in passage.sources
        ],
    }


def as_langchain(
    knowledge: Knowledge, *, lang: Lang | None = None, limit: int = 8
) -> BaseRetriever:
    """A retriever that gives no documents when the knowledge has nothing on the question."""
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class SalusRetriever(BaseRetriever):
        """Searches one opened knowledge base."""

        def _find(self, query: str) -> list[Document]:
            result = knowledge.search(query, lang, limit)
            hits = result.hits if result.relevant else ()
            return [
                Document(id=h.passage.id, page_content=h.passage.text, metadata=metadata_of(h))
                for h in hits
            ]

        def _get_relevant_documents(
            self,
            query: str,
            *,
            run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - their signature
        ) -> list[Document]:
            return self._find(query)

        async def _aget_relevant_documents(
            self,
            query: str,
            *,
            run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - their signature
        ) -> list[Document]:
            return await asyncio.to_thread(self._find, query)

    return SalusRetriever()
