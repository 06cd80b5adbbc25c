"""Parts that open on first use and say so in their own errors, so that start-up never fails.

A part that could not be opened is tried again at the next use: a database that was locked or a
disk that was full may be back.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.dialogue.privacy import WORDING
from bot.logs import failed
from bot.memory import give_back
from bot.model import (
    Address,
    Admission,
    Curator,
    Feedback,
    Joining,
    Lang,
    Lesson,
    MetricKind,
    Observation,
    ObservationId,
    PassageVotes,
    Profile,
    SearchResult,
    Turn,
    TurnId,
    Unhelped,
    UserId,
)
from rag.types import KnowledgeError, RetrievalError

if TYPE_CHECKING:
    from bot.store.registry import SqlRegistry
    from bot.store.sql import SqlStore
    from bot.tuning.registry import Adapter, BaseModel, Step
    from rag.library import Knowledge

SEARCH_DEADLINE_S = 10.0
_SEARCHERS = max(1, min(4, (os.cpu_count() or 2) - 1))


class DeferredRetriever:
    """A Retriever over a knowledge library that is opened by the first search."""

    def __init__(self, opener: Callable[[], Knowledge]) -> None:
        """``opener`` blocks (it may build the index) and runs in a thread."""
        self._opener = opener
        self._knowledge: Knowledge | None = None
        self._opening = asyncio.Lock()
        # More at once would only keep the event loop from its turn.
        self._threads = ThreadPoolExecutor(_SEARCHERS, thread_name_prefix="salus-search")
        self._version: str | None = None

    async def knowledge(self) -> Knowledge:
        """The open library. Raises a KnowledgeError when it cannot be opened."""
        async with self._opening:
            if self._knowledge is None:
                self._knowledge = await asyncio.to_thread(self._open)
        return self._knowledge

    @property
    def problems(self) -> tuple[str, ...]:
        """Complaints about pages that the index lacks for them; none before it is opened."""
        return self._knowledge.problems if self._knowledge is not None else ()

    def _open(self) -> Knowledge:
        """Open and load everything a search needs: none of it counts as searching."""
        try:
            knowledge = self._opener()
            knowledge.load()
            give_back()
        except KnowledgeError as error:
            failed("knowledge cannot be opened", error)
            raise
        return knowledge

    async def warm(self) -> None:
        """Open the library now, so that the first question does not wait for it."""
        knowledge = await self.knowledge()
        await asyncio.to_thread(knowledge.warm)

    async def pin(self, version: str) -> None:
        """Answer from a kept version from now on; UnknownError when it is not kept."""
        knowledge = await self.knowledge()
        await asyncio.to_thread(knowledge.search, "health", limit=1, version=version)
        self._version = version

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult:
        """See ports.Retriever; opening may take long, searching may not."""
        knowledge = await self.knowledge()
        try:
            async with asyncio.timeout(SEARCH_DEADLINE_S):
                search = partial(
                    knowledge.search, query, lang=lang, limit=limit, version=self._version
                )
                return await asyncio.get_running_loop().run_in_executor(self._threads, search)
        except TimeoutError as error:
            raise RetrievalError("search took too long") from error

    def similarity(self, query: str, texts: list[str]) -> list[float]:
        """Cosine similarity of ``query`` to each text, in [-1, 1]; runs in the caller's thread."""
        if self._knowledge is None or not texts:
            return [0.0] * len(texts)
        return self._knowledge.similarity(query, texts)

    def close(self) -> None:
        """Close the library if it was opened."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._knowledge is not None:
            self._knowledge.close()
            self._knowledge = None


class DeferredRegistry:
    """A Registry on the database of a DeferredStore; every method may raise its StoreErrors."""

    def __init__(self, store: DeferredStore) -> None:
        """Nothing is opened yet."""
        self._store = store

    async def _opened(self) -> SqlRegistry:
        from bot.store.registry import SqlRegistry

        return SqlRegistry(await self._store.opened())

    async def bases(self) -> list[BaseModel]:
        """See tuning.registry.Registry, as all that follow."""
        return await (await self._opened()).bases()

    async def adapters(self) -> list[Adapter]:
        return await (await self._opened()).adapters()

    async def steps(self) -> list[Step]:
        return await (await self._opened()).steps()

    async def add_base(self, base: BaseModel) -> None:
        await (await self._opened()).add_base(base)

    async def add(self, adapter: Adapter, step: Step) -> None:
        await (await self._opened()).add(adapter, step)

    async def take(self, step: Step, changed: Sequence[Adapter]) -> None:
        await (await self._opened()).take(step, changed)


class DeferredStore:
    """A Store that opens its database on first use; every method may raise its StoreErrors."""

    def __init__(self, url: str, key_file: Path) -> None:
        """Nothing is touched yet."""
        self._url = url
        self._key_file = key_file
        self._store: SqlStore | None = None
        self._opening = asyncio.Lock()

    async def opened(self) -> SqlStore:
        """The open store. Raises a StoreError when it cannot be opened."""
        async with self._opening:
            if self._store is None:
                from bot.store import KeyRing, load_libraries, open_store

                await asyncio.to_thread(load_libraries)
                keys = await asyncio.to_thread(KeyRing.load_or_create, self._key_file)
                self._store = await open_store(self._url, keys=keys, consent_wording=WORDING)
        return self._store

    async def warm(self) -> None:
        """Open the database now, so that the first person does not wait for it."""
        await self.opened()

    async def user_for(self, platform: str, external_id: str) -> UserId:
        """The person behind a platform's id, made on first sight."""
        return await (await self.opened()).user_for(platform, external_id)

    async def profile(self, user: UserId) -> Profile:
        """See ports.Store, as all that follow."""
        return await (await self.opened()).profile(user)

    async def save_profile(self, profile: Profile) -> None:
        await (await self.opened()).save_profile(profile)

    async def add_observations(
        self, user: UserId, observations: Sequence[Observation]
    ) -> list[ObservationId]:
        return await (await self.opened()).add_observations(user, observations)

    async def observations(
        self, user: UserId, *, kind: MetricKind | None = None, since: datetime | None = None
    ) -> list[Observation]:
        return await (await self.opened()).observations(user, kind=kind, since=since)

    async def last_logged(self, user: UserId) -> list[ObservationId]:
        return await (await self.opened()).last_logged(user)

    async def remove_observations(self, user: UserId, ids: Sequence[ObservationId]) -> int:
        return await (await self.opened()).remove_observations(user, ids)

    async def add_turn(self, turn: Turn) -> None:
        await (await self.opened()).add_turn(turn)

    async def turn(self, user: UserId, turn: TurnId) -> Turn:
        return await (await self.opened()).turn(user, turn)

    async def history(self, user: UserId, *, platform: str, chat: str, limit: int) -> list[Turn]:
        store = await self.opened()
        return await store.history(user, platform=platform, chat=chat, limit=limit)

    async def vote(self, feedback: Feedback) -> None:
        await (await self.opened()).vote(feedback)

    async def votes(self, user: UserId | None = None) -> list[Feedback]:
        return await (await self.opened()).votes(user)

    async def lessons(self, *, since: datetime | None = None) -> list[Lesson]:
        return await (await self.opened()).lessons(since=since)

    async def platforms(self, user: UserId) -> list[str]:
        return await (await self.opened()).platforms(user)

    async def offer_link(self, user: UserId, code: str, *, now: datetime) -> None:
        await (await self.opened()).offer_link(user, code, now=now)

    async def weigh_link(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        store = await self.opened()
        return await store.weigh_link(code, platform=platform, account=account, now=now)

    async def join(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        store = await self.opened()
        return await store.join(code, platform=platform, account=account, now=now)

    async def part(self, user: UserId, *, platform: str, account: str) -> bool:
        return await (await self.opened()).part(user, platform=platform, account=account)

    async def keep_address(self, user: UserId, address: Address) -> None:
        await (await self.opened()).keep_address(user, address)

    async def addresses(self, user: UserId) -> list[Address]:
        return await (await self.opened()).addresses(user)

    async def offer_desk(self, name: str, code: str, *, now: datetime) -> None:
        await (await self.opened()).offer_desk(name, code, now=now)

    async def weigh_desk(
        self, code: str, *, platform: str, account: str, now: datetime
    ) -> Admission:
        store = await self.opened()
        return await store.weigh_desk(code, platform=platform, account=account, now=now)

    async def enter_desk(
        self, code: str, curator: Curator, *, user: UserId, now: datetime
    ) -> Admission:
        return await (await self.opened()).enter_desk(code, curator, user=user, now=now)

    async def curator(self, platform: str, account: str) -> Curator | None:
        return await (await self.opened()).curator(platform, account)

    async def curators(self) -> list[Curator]:
        return await (await self.opened()).curators()

    async def leave_desk(self, *, name: str = "", platform: str = "", account: str = "") -> int:
        store = await self.opened()
        return await store.leave_desk(name=name, platform=platform, account=account)

    async def feedback_stats(self, reasons: Collection[str] = ()) -> dict[str, object]:
        return await (await self.opened()).feedback_stats(reasons)

    async def unhelped(self, *, since: datetime | None = None, own: bool = False) -> list[Unhelped]:
        return await (await self.opened()).unhelped(since=since, own=own)

    async def passage_votes(self, *, since: datetime | None = None) -> list[PassageVotes]:
        return await (await self.opened()).passage_votes(since=since)

    async def export(self, user: UserId) -> dict[str, object]:
        return await (await self.opened()).export(user)

    async def forget(self, user: UserId) -> None:
        await (await self.opened()).forget(user)

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()
            self._store = None
