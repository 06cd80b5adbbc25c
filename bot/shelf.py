"""The knowledge base for those who look after it by chat: the desk, off the event loop.

Long work has threads of its own, so that whoever asks a question never waits for them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from bot.deferred import DeferredRetriever, DeferredStore

if TYPE_CHECKING:
    from rag.gaps import Gaps
    from rag.library import Knowledge
    from rag.versions import Desk

T = TypeVar("T")
_AT_ONCE = 2  # a file can be read while another is embedded
_GAPS = timedelta(days=90)
_LEAST = 2  # people who asked alike before others see what


class DeferredShelf:
    """ports.Shelf over the library that the retriever opens."""

    def __init__(
        self, retriever: DeferredRetriever, store: DeferredStore, hosts: tuple[str, ...] = ()
    ) -> None:
        """Nothing is opened yet. ``hosts`` may be fetched from."""
        self._retriever = retriever
        self._store = store
        self._hosts = hosts
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="desk")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that documents may be fetched from."""
        return self._hosts

    async def look(self, ask: Callable[[Desk], T]) -> T:
        """See ports.Shelf, as all that follow."""
        knowledge = await self._retriever.knowledge()
        return await asyncio.to_thread(lambda: ask(knowledge.desk()))

    async def begin(self, do: Callable[[Desk], T]) -> asyncio.Future[T]:
        knowledge = await self._retriever.knowledge()
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, lambda: do(knowledge.desk()))

    async def gaps(self) -> Gaps:
        from rag.gaps import Asked, find

        knowledge = await self._retriever.knowledge()
        found = await self._store.unhelped(since=datetime.now(UTC) - _GAPS)
        asked = [Asked(text=u.text, lang=u.lang, who=u.who, why=u.why) for u in found]

        def group(knowledge: Knowledge = knowledge) -> Gaps:
            return find(knowledge, asked, people=_LEAST)

        return await asyncio.get_running_loop().run_in_executor(self._threads, group)

    def close(self) -> None:
        """Start nothing more; what runs stops at its next step."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def hosts_of(setting: str) -> tuple[str, ...]:
    """The hosts of SALUS_KB_HOSTS."""
    return tuple(host for host in re.split(r"[\s,]+", setting) if host)
