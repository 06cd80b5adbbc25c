"""Fetches what was said while we were away, channel by channel, in order.

A session that is lost (after a restart always) takes its events with it; the messages are still
there. While a channel is being caught up, what is said in it now waits its turn, so that nobody
is answered in the wrong order. What was stored before is known by its id and dropped.

Nothing is given up while Discord may still tell it: a channel that cannot be read now is read
later, also after a restart, for the notebook says from where. Two kinds of channels are read
though nobody is known to have spoken to us there: direct messages of a stranger who writes now
(an earlier word may have met nobody), and channels of a server where something was said since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.adapters.discord import address
from bot.adapters.discord.api import Json, Me, pause
from bot.adapters.discord.events import read
from bot.adapters.discord.intake import Intake, Item
from bot.adapters.discord.notebook import Notebook
from bot.adapters.discord.raw import items, mapping, number, snowflake_at
from bot.adapters.discord.rest import PAGE, Rest
from bot.delivery.errors import DeliveryError, FloodedError, RefusedError, UnreachableError
from bot.delivery.sorting import backoff
from bot.logs import logger

_SLACK = timedelta(minutes=2)  # clocks differ, and an event takes a while to reach us
_REMEMBERED = timedelta(hours=40)  # what was stored before then may not be known by its id
_STRANGER = timedelta(hours=24)  # how far back a first direct message may have been missed
_WORKERS = 4
_PATIENCE = 6  # failed readings, after which what is said now waits no longer


class Backfill:
    """Of one bot."""

    def __init__(self, rest: Rest, intake: Intake, notebook: Notebook, me: Me) -> None:
        """``begin`` says since when."""
        self._rest = rest
        self._intake = intake
        self._notebook = notebook
        self._me = me
        self._asked: dict[str, int] = {}  # to be read: address, after which message
        self._reading: set[str] = set()
        self._failed: dict[str, int] = {}  # how often
        self._strangers: set[str] = set()  # in these only what follows our own last word counts
        self._behind: dict[str, list[Item]] = {}  # what is said in them meanwhile
        self._awake = asyncio.Event()
        self.fetched = 0

    def begin(self, since: datetime) -> None:
        """Events since then may have been missed, in every channel we were spoken to in."""
        known = datetime.now(UTC) - since < _REMEMBERED
        start = snowflake_at(since - _SLACK if known else since)
        for chat, unread in self._notebook.chats().items():
            self._ask(chat, min(start, unread or start))

    def look(self, guild: Json, since: datetime) -> None:
        """Read the channels of a server that are new to us and where something was said since."""
        start = snowflake_at(max(since - _SLACK, datetime.now(UTC) - _STRANGER))
        for place in [*items(guild, "channels"), *items(guild, "threads")]:
            chat = address.shared(number(place, "id"))
            if number(place, "last_message_id") > start and not self._notebook.knows(chat):
                self._ask(chat, start)

    def later(self, item: Item) -> bool:
        """Keep what is said in a channel that is being caught up; emergencies do not wait."""
        chat = item.event.chat
        if chat[:1] == "D" and not (self._notebook.knows(chat) or self._open(chat)):
            self._meet(chat, item)
        if not self._open(chat) or self._hopeless(chat) or item.arrival.lane.endswith("!"):
            return False
        self._behind.setdefault(chat, []).append(item)
        if chat in self._asked:  # somebody is waiting there: it goes first
            self._asked = {chat: self._asked.pop(chat), **self._asked}
        return True

    @property
    def busy(self) -> bool:
        """Whether anything is still to be read, but for what cannot be read for now."""
        return any(not self._hopeless(chat) for chat in (*self._asked, *self._reading))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_WORKERS):
                tasks.create_task(self._worker(stop))

    # --- what is to be read

    def _ask(self, chat: str, start: int) -> None:
        """Read ``chat`` from ``start`` on; once more if it is being read right now."""
        self._asked[chat] = min(start, self._asked.get(chat, start))
        if self._notebook.knows(chat):
            self._notebook.owe(chat, self._asked[chat])
        if chat[:1] == "D" and start < snowflake_at(datetime.now(UTC) - _REMEMBERED):
            self._strangers.add(chat)
        self._awake.set()

    def _meet(self, chat: str, item: Item) -> None:
        """The first word of somebody's that we hear may not be the first they wrote."""
        start = snowflake_at(item.event.sent_at - _STRANGER)
        self._notebook.note(chat)
        self._strangers.add(chat)
        self._ask(chat, start)

    def _open(self, chat: str) -> bool:
        return chat in self._asked or chat in self._reading

    def _hopeless(self, chat: str) -> bool:
        return self._failed.get(chat, 0) >= _PATIENCE

    # --- reading

    async def _worker(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self._intake.full:
                await pause(stop, 1.0)
                continue
            chat = next((c for c in self._asked if c not in self._reading), None)
            if chat is None:
                self._awake.clear()
                await self._awake.wait()
                continue
            self._reading.add(chat)
            wait = await self._channel(chat, self._asked.pop(chat))
            if wait:
                await pause(stop, wait)
            self._reading.discard(chat)
            self._awake.set()  # it may have been asked for again

    async def _channel(self, chat: str, start: int) -> float:
        """Have what follows ``start`` accepted; the seconds to wait if that did not work yet."""
        try:
            found = await self._read(chat, start)
        except (UnreachableError, RefusedError):  # it cannot be read any more
            self._notebook.drop(chat)
            found = []
        except DeliveryError as error:
            tries = self._failed[chat] = self._failed.get(chat, 0) + 1
            logger().warning("channel not read", error=type(error).__name__, count=tries)
            if self._hopeless(chat):
                self._intake.put(self._behind.pop(chat, []))
            self._ask(chat, start)
            if isinstance(error, FloodedError):
                return error.retry_after
            return backoff(tries, most=20.0)
        self._failed.pop(chat, None)
        self._strangers.discard(chat)
        behind = [] if chat in self._asked else self._behind.pop(chat, [])
        self._intake.put(found + behind, self._done(chat))
        return 0.0

    def _done(self, chat: str) -> Callable[[], None]:
        """What follows when all of a channel is accepted, if it was not asked for once more."""
        return lambda: None if chat in self._asked else self._notebook.caught_up(chat)

    async def _read(self, chat: str, start: int) -> list[Item]:
        found: list[Item] = []
        while True:
            page = await self._rest.after(address.number(chat), start)
            for message in page:
                if chat in self._strangers and self._ours(message):
                    found.clear()  # we have answered what stands before
                found += self._items(chat, message)
            if len(page) < PAGE:
                break
            start = int(page[-1]["id"])
        self.fetched += len(found)
        return found

    def _ours(self, message: Json) -> bool:
        return number(mapping(message, "author"), "id") == self._me.id

    def _items(self, chat: str, message: Json) -> list[Item]:
        """A message as the gateway would have told of it, and of its last change."""
        data = dict(message)
        if chat[:1] == "C":
            data.setdefault("guild_id", "0")  # the list leaves out where we know it is from
        frames: list[Json] = [{"t": "MESSAGE_CREATE", "d": data}]
        if data.get("edited_timestamp"):
            frames.append({"t": "MESSAGE_UPDATE", "d": data})
        read_ = ((frame, read(frame, self._me)) for frame in frames)
        return [self._intake.item(frame, event) for frame, event in read_ if event is not None]
