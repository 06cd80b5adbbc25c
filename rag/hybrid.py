"""The knowledge base as the dialogue asks it: off the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rag.types import Lang, SearchResult

if TYPE_CHECKING:
    from rag.library import Knowledge


class HybridRetriever:
    """The dialogue's Retriever: ``Knowledge.search`` off the event loop."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Search in this knowledge base; the caller closes it."""
        self._knowledge = knowledge

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult:
        """See ``Knowledge.search``; raises RetrievalError or KnowledgeStoreError."""
        return await asyncio.to_thread(self._knowledge.search, query, lang, limit)
