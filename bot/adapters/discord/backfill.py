"""Fetches what was said while we were away, channel by channel, in order.

A session that is lost (after a restart always) takes its events with it; the messages are still
there. While a channel is being caught up, what is said in it now waits its turn, so that nobody
is answered in the wrong order. What was stored before is known by its id and dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta

from bot.adapters.discord import address
from bot.adapters.discord.api import Json, Me, pause
from bot.adapters.discord.events import read
from bot.adapters.discord.intake import Intake, Item
from bot.adapters.discord.notebook import Notebook
from bot.adapters.discord.rest import PAGE, Rest
from bot.delivery.errors import DeliveryError, FloodedError, RefusedError, UnreachableError
from bot.delivery.sorting import backoff
from bot.logs import logger

_SLACK = timedelta(minutes=2)  # clocks differ, and an event takes a while to reach us
_REMEMBERED = timedelta(hours=40)  # what was stored before then may not be known by its id
_WORKERS = 4
_TRIES = 6
_MOST = 1000  # messages of one channel


class Backfill:
    """Of one bot."""

    def __init__(self, rest: Rest, intake: Intake, notebook: Notebook, me: Me) -> None:
        """``begin`` says since when."""
        self._rest = rest
        self._intake = intake
        self._notebook = notebook
        self._me = me
        self._open: dict[str, datetime] = {}  # channels still to be read, since when
        self._queue: deque[str] = deque()
        self._behind: dict[str, list[Item]] = {}  # what is said in them meanwhile
        self._awake = asyncio.Event()
        self.fetched = 0

    def begin(self, since: datetime) -> None:
        """Events since then may have been missed, in every channel we were spoken to in."""
        known = datetime.now(UTC) - since < _REMEMBERED
        start = since - _SLACK if known else since
        for chat in self._notebook.chats():
            if chat not in self._open:
                self._queue.append(chat)
            self._open[chat] = min(start, self._open.get(chat, start))
        self._awake.set()

    def later(self, item: Item) -> bool:
        """Keep what is said in a channel that is being caught up; emergencies do not wait."""
        chat = item.event.chat
        if chat not in self._open or item.arrival.lane.endswith("!"):
            return False
        self._behind.setdefault(chat, []).append(item)
        if chat in self._queue:  # somebody is waiting there: it goes first
            self._queue.remove(chat)
            self._queue.appendleft(chat)
        return True

    @property
    def busy(self) -> bool:
        """Whether anything is still to be read."""
        return bool(self._open)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_WORKERS):
                tasks.create_task(self._worker(stop))

    async def _worker(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._queue:
                self._awake.clear()
                await self._awake.wait()
                continue
            chat = self._queue.popleft()
            items: list[Item] = []
            try:
                items = await self._channel(chat, stop)
            finally:
                self._open.pop(chat, None)
                self._intake.put(items + self._behind.pop(chat, []))

    async def _channel(self, chat: str, stop: asyncio.Event) -> list[Item]:
        """What was said in one channel; what cannot be read any more is forgotten."""
        for tries in range(_TRIES):
            try:
                return await self._read(chat)
            except FloodedError as error:
                await pause(stop, error.retry_after)
            except (UnreachableError, RefusedError):
                self._notebook.drop(chat)
                return []
            except DeliveryError as error:
                logger().warning("channel not read", error=type(error).__name__, count=tries)
                await pause(stop, backoff(tries + 1, most=20.0))
        return []

    async def _read(self, chat: str) -> list[Item]:
        found: list[Item] = []
        since: int | datetime = self._open[chat]
        while len(found) < _MOST:
            page = await self._rest.after(address.number(chat), since)
            found += [item for message in page if (item := self._item(chat, message)) is not None]
            if len(page) < PAGE:
                break
            since = int(page[-1]["id"])
        self.fetched += len(found)
        return found

    def _item(self, chat: str, message: Json) -> Item | None:
        """A message as the gateway would have told of it."""
        data = dict(message)
        if chat[:1] == "C":
            data.setdefault("guild_id", "0")  # the list leaves out where we know it is from
        frame = {"t": "MESSAGE_CREATE", "d": data}
        event = read(frame, self._me)
        return self._intake.item(frame, event) if event is not None else None
