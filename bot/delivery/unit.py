"""The effects of one message, held back until its reply is committed with them.

The dialogue works on a UnitStore. Inside ``unit()`` its writes are noted and seen by its own
reads, and nothing reaches the database; ``Unit.apply`` then makes them, in one transaction with
the letters owed and the end of the arrival. A crash before that leaves no trace, so the
message is simply handled anew; outside ``unit()`` a UnitStore is the store itself.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.dialogue.lanes import Lanes
from bot.errors import NotFoundError, StoreError
from bot.ids import new_id
from bot.model import (
    Address,
    Admission,
    Curator,
    Feedback,
    Joining,
    Lesson,
    MetricKind,
    Observation,
    ObservationId,
    Profile,
    Turn,
    TurnId,
    UserId,
)
from bot.ports import Store

_FRESH_S = 0.25
Write = Callable[[Store], Awaitable[None]]


@dataclass
class Unit:
    """What one message changed so far. ``forgot`` holds people who were erased."""

    writes: list[Write] = field(default_factory=list)
    profiles: dict[UserId, Profile] = field(default_factory=dict)
    own: set[UserId] = field(default_factory=set)  # whose turn it is: held by this unit
    seen: dict[UserId, tuple[Profile, float]] = field(default_factory=dict)  # when, monotonic
    added: dict[UserId, list[list[Observation]]] = field(default_factory=dict)
    removed: set[ObservationId] = field(default_factory=set)
    turns: list[Turn] = field(default_factory=list)
    forgot: set[UserId] = field(default_factory=set)
    real: dict[ObservationId, ObservationId] = field(default_factory=dict)
    held: AsyncExitStack = field(default_factory=AsyncExitStack)  # given back after the commit

    async def apply(self, store: Store) -> None:
        """Make every write, in order. May be called again after a failed transaction."""
        self.real.clear()
        for write in self.writes:
            await write(store)

    def ids(self, given: Sequence[str]) -> list[str]:
        """Stored ids for those we handed out before storing; others as they are."""
        return [self.real.get(ObservationId(i), ObservationId(i)) for i in given]


_current: ContextVar[Unit | None] = ContextVar("salus_unit", default=None)


@contextmanager
def unit() -> Iterator[Unit]:
    """Hold writes of this task back from here on."""
    made = Unit()
    token = _current.set(made)
    try:
        yield made
    finally:
        _current.reset(token)


def held_back(write: Write) -> bool:
    """Make a write wait for this task's unit; False when there is none."""
    unit = _current.get()
    if unit is not None:
        unit.writes.append(write)
    return unit is not None


class People:
    """One message of a person at a time, also when they write in two chats at once."""

    def __init__(self) -> None:
        """Nobody is being answered."""
        self._lanes = Lanes()

    @asynccontextmanager
    async def one(self, user: UserId, *, wait: bool = True) -> AsyncIterator[None]:
        """Hold the person; an emergency does not ``wait``."""
        if not wait:
            yield
            return
        async with self._lanes.hold(user):
            unit = _current.get()
            if unit is not None:
                unit.own.add(user)
            yield


class UnitStore:
    """ports.Store that keeps its writes back inside ``unit()``."""

    def __init__(self, store: Store) -> None:
        """``store`` is the real one."""
        self._store = store

    async def profile(self, user: UserId) -> Profile:
        """As saved in this unit, else as stored.

        A message asks for it several times at its beginning: while the unit holds the person it
        is read once then, and anew after a moment, for another platform may have changed it.
        """
        unit = _current.get()
        if unit is None or user not in unit.own:
            kept = unit.profiles.get(user) if unit is not None else None
            return kept or await self._store.profile(user)
        if user in unit.profiles:
            return unit.profiles[user]
        found, at = unit.seen.get(user, (None, 0.0))
        if found is None or time.monotonic() - at > _FRESH_S:
            found = await self._store.profile(user)
            unit.seen[user] = found, time.monotonic()
        return found

    async def save_profile(self, profile: Profile) -> None:
        """Replace the profile."""
        unit = _current.get()
        if unit is None:
            await self._store.save_profile(profile)
            return
        unit.profiles[profile.user] = profile
        unit.writes.append(lambda store: store.save_profile(profile))

    async def add_observations(
        self, user: UserId, observations: Sequence[Observation]
    ) -> list[ObservationId]:
        """Keep observations; in a unit their ids are stand-ins until it is applied."""
        unit = _current.get()
        if unit is None:
            return await self._store.add_observations(user, observations)
        ids = [ObservationId(new_id()) for _ in observations]
        batch = [replace(o, id=i) for o, i in zip(observations, ids, strict=True)]
        unit.added.setdefault(user, []).append(batch)

        async def write(store: Store) -> None:
            real = await store.add_observations(user, observations)
            unit.real.update(zip(ids, real, strict=True))

        unit.writes.append(write)
        return ids

    async def observations(
        self, user: UserId, *, kind: MetricKind | None = None, since: datetime | None = None
    ) -> list[Observation]:
        """Stored ones and this unit's, without those it removed, oldest first."""
        found = await self._store.observations(user, kind=kind, since=since)
        unit = _current.get()
        if unit is None:
            return found
        new = [o for batch in unit.added.get(user, []) for o in batch]
        found += [o for o in new if kind in (None, o.kind) and (since is None or o.at >= since)]
        return sorted((o for o in found if o.id not in unit.removed), key=lambda o: o.at)

    async def last_logged(self, user: UserId) -> list[ObservationId]:
        """The newest batch, this unit's first."""
        unit = _current.get()
        if unit is not None:
            for batch in reversed(unit.added.get(user, [])):
                left = [o.id for o in batch if o.id and o.id not in unit.removed]
                if left:
                    return left
        return await self._store.last_logged(user)

    async def remove_observations(self, user: UserId, ids: Sequence[ObservationId]) -> int:
        """Remove the person's own of ``ids``; how many there are."""
        unit = _current.get()
        if unit is None:
            return await self._store.remove_observations(user, ids)
        own = {o.id for o in await self.observations(user)}
        gone = [i for i in ids if i in own]
        unit.removed.update(gone)

        async def write(store: Store) -> None:
            real = [unit.real.get(i, i) for i in gone]
            await store.remove_observations(user, real)

        unit.writes.append(write)
        return len(gone)

    async def add_turn(self, turn: Turn) -> None:
        """Keep a turn."""
        unit = _current.get()
        if unit is None:
            await self._store.add_turn(turn)
            return
        unit.turns.append(turn)
        unit.writes.append(lambda store: store.add_turn(turn))

    async def turn(self, user: UserId, turn: TurnId) -> Turn:
        """A turn of this unit, else a stored one."""
        unit = _current.get()
        for kept in unit.turns if unit is not None else ():
            if (kept.user, kept.id) == (user, turn):
                return kept
        return await self._store.turn(user, turn)

    async def history(self, user: UserId, *, platform: str, chat: str, limit: int) -> list[Turn]:
        """Stored turns of the place, then this unit's."""
        found = await self._store.history(user, platform=platform, chat=chat, limit=limit)
        unit = _current.get()
        if unit is None:
            return found
        here = (user, platform, chat)
        new = [t for t in unit.turns if (t.user, t.place.platform, t.place.chat) == here]
        return [*found, *new][-limit:] if limit > 0 else []

    async def vote(self, feedback: Feedback) -> None:
        """Keep a vote; NotFoundError at once if the turn is not theirs.

        A thumb waits for nobody, so its turn may be erased before the unit is applied: then
        there is nothing left to vote on, and what is committed with it must not be spoilt.
        """
        unit = _current.get()
        if unit is None:
            await self._store.vote(feedback)
            return
        await self.turn(feedback.user, feedback.turn)

        async def write(store: Store) -> None:
            with suppress(NotFoundError):
                await store.vote(feedback)

        unit.writes.append(write)

    async def votes(self, user: UserId | None = None) -> list[Feedback]:
        """Stored votes."""
        return await self._store.votes(user)

    async def lessons(self, *, since: datetime | None = None) -> list[Lesson]:
        """Stored lessons."""
        return await self._store.lessons(since=since)

    async def platforms(self, user: UserId) -> list[str]:
        """Of the stored accounts."""
        return await self._store.platforms(user)

    async def offer_link(self, user: UserId, code: str, *, now: datetime) -> None:
        """Let a code be entered."""
        await self._later(lambda store: store.offer_link(user, code, now=now))

    async def weigh_link(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        """What a stored code would do."""
        return await self._store.weigh_link(code, platform=platform, account=account, now=now)

    async def join(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        """Use a code. In a unit: what it will do; a StoreError on applying if it then does not."""
        if _current.get() is None:
            return await self._store.join(code, platform=platform, account=account, now=now)
        said = await self.weigh_link(code, platform=platform, account=account, now=now)

        async def write(store: Store) -> None:
            if await store.join(code, platform=platform, account=account, now=now) != said:
                raise StoreError("the code was used in between")  # the message is handled anew

        await self._later(write)
        return said

    async def part(self, user: UserId, *, platform: str, account: str) -> bool:
        """Make an account a new person, unless it is the only one."""
        if _current.get() is None:
            return await self._store.part(user, platform=platform, account=account)
        if len(await self._store.platforms(user)) < 2:
            return False

        async def write(store: Store) -> None:
            if not await store.part(user, platform=platform, account=account):
                raise StoreError("the other account went in between")

        await self._later(write)
        return True

    async def keep_address(self, user: UserId, address: Address) -> None:
        """Note where an account is written to."""
        await self._later(lambda store: store.keep_address(user, address))

    async def addresses(self, user: UserId) -> list[Address]:
        """The stored ones."""
        return await self._store.addresses(user)

    async def offer_desk(self, name: str, code: str, *, now: datetime) -> None:
        """Let a curator's code be entered."""
        await self._later(lambda store: store.offer_desk(name, code, now=now))

    async def weigh_desk(
        self, code: str, *, platform: str, account: str, now: datetime
    ) -> Admission:
        """What a stored code would do."""
        return await self._store.weigh_desk(code, platform=platform, account=account, now=now)

    async def enter_desk(
        self, code: str, curator: Curator, *, user: UserId, now: datetime
    ) -> Admission:
        """Use a code. In a unit: what it will do; a StoreError on applying if it then does not."""
        if _current.get() is None:
            return await self._store.enter_desk(code, curator, user=user, now=now)
        platform, account = curator.platform, curator.account
        said = await self.weigh_desk(code, platform=platform, account=account, now=now)

        async def write(store: Store) -> None:
            if await store.enter_desk(code, curator, user=user, now=now) != said:
                raise StoreError("the code was used in between")

        await self._later(write)
        return said

    async def curator(self, platform: str, account: str) -> Curator | None:
        """Of the stored ones."""
        return await self._store.curator(platform, account)

    async def curators(self) -> list[Curator]:
        """The stored ones."""
        return await self._store.curators()

    async def leave_desk(self, *, name: str = "", platform: str = "", account: str = "") -> int:
        """End bindings. In a unit: of one account, and whether it has one."""
        if _current.get() is None:
            return await self._store.leave_desk(name=name, platform=platform, account=account)
        known = await self._store.curator(platform, account)

        async def write(store: Store) -> None:
            await store.leave_desk(name=name, platform=platform, account=account)

        await self._later(write)
        return int(known is not None)

    async def _later(self, write: Write) -> None:
        """Now, or with the unit."""
        unit = _current.get()
        if unit is None:
            await write(self._store)
            return
        unit.writes.append(write)

    async def export(self, user: UserId) -> dict[str, object]:
        """Everything stored about a person."""
        return await self._store.export(user)

    async def forget(self, user: UserId) -> None:
        """Erase a person; what this unit was about to keep of them is dropped with it."""
        unit = _current.get()
        if unit is None:
            await self._store.forget(user)
            return
        unit.forgot.add(user)
        unit.profiles.pop(user, None)
        unit.seen.pop(user, None)
        unit.added.pop(user, None)
        unit.turns = [t for t in unit.turns if t.user != user]
        unit.writes[:] = [lambda store: store.forget(user)]

    async def close(self) -> None:
        """Close the real store."""
        await self._store.close()
