"""Group challenges inside a message's unit: read as stored, changed with the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from bot.delivery.unit import held_back
from bot.model import Board, Challenge, Part, Place, UserId

if TYPE_CHECKING:
    from bot.deferred import DeferredStore
    from bot.store.challenges import SqlChallenges


class HeldChallenges:
    """ports.Challenges over the store that is opened on first use.

    What a unit changes is not seen by its own reads: whoever changes something knows it.
    """

    def __init__(self, store: DeferredStore) -> None:
        """Nothing is opened yet."""
        self._store = store

    async def _opened(self) -> SqlChallenges:
        from bot.store.challenges import SqlChallenges

        return SqlChallenges(await self._store.opened())

    async def challenge(self, id: str) -> Challenge | None:  # noqa: A002
        return await (await self._opened()).challenge(id)

    async def newest(self, place: Place, office: str) -> Challenge | None:
        return await (await self._opened()).newest(place, office)

    async def due(self, platform: str, office: str, *, now: datetime) -> list[Challenge]:
        return await (await self._opened()).due(platform, office, now=now)

    async def board(self, id: str, *, day: int, days: int) -> Board:  # noqa: A002
        return await (await self._opened()).board(id, day=day, days=days)

    async def part(self, id: str, user: UserId) -> Part | None:  # noqa: A002
        return await (await self._opened()).part(id, user)

    async def parts(self, user: UserId) -> list[tuple[Challenge, Part]]:
        return await (await self._opened()).parts(user)

    async def keep(self, challenge: Challenge) -> None:
        await self._later(lambda to: to.keep(challenge))

    async def join(self, id: str, user: UserId, *, now: datetime) -> None:  # noqa: A002
        await self._later(lambda to: to.join(id, user, now=now))

    async def leave(self, id: str, user: UserId) -> None:  # noqa: A002
        await self._later(lambda to: to.leave(id, user))

    async def show(self, id: str, user: UserId, name: str) -> None:  # noqa: A002
        await self._later(lambda to: to.show(id, user, name))

    async def tick(self, id: str, user: UserId, day: int, *, done: bool) -> None:  # noqa: A002
        await self._later(lambda to: to.tick(id, user, day, done=done))

    async def _later(self, write: Callable[[SqlChallenges], Awaitable[None]]) -> None:
        """With the unit; without one, now."""
        from bot.store.challenges import SqlChallenges

        if not held_back(lambda store: write(SqlChallenges(store))):
            await write(await self._opened())
