"""Telegram, put together: the bot, its post office, polling or a webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.adapters.telegram.absence import Absence
from bot.adapters.telegram.api import (
    ALLOWED_UPDATES,
    Json,
    Latch,
    Me,
    SalusBot,
    confirmed,
    make_bot,
)
from bot.adapters.telegram.config import TelegramSettings
from bot.adapters.telegram.courier import TelegramCourier
from bot.adapters.telegram.events import arrival, captions_first, read
from bot.adapters.telegram.handler import TelegramHandler
from bot.adapters.telegram.menus import set_menus
from bot.adapters.telegram.preview import Previews
from bot.adapters.telegram.urgent import Unstored
from bot.app import App
from bot.delivery.errors import LockedOutError
from bot.delivery.office import PostOffice, Times, utc_now
from bot.delivery.pace import Limits, Pace
from bot.delivery.sorting import backoff
from bot.errors import StoreError
from bot.i18n import t
from bot.logs import logger
from bot.model import Lang
from bot.store.letters import Office
from bot.store.mailbox import open_mailbox
from bot.store.notices import Notices

Say = Callable[[str], None]


class TelegramAdapter:
    """One bot. ``run`` until ``stop``; raises LockedOutError for a token Telegram refuses."""

    def __init__(
        self,
        app: App,
        settings: TelegramSettings,
        *,
        say: Say = lambda _: None,
        times: Times | None = None,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """``say`` shows one line to the operator."""
        self._app = app
        self._clock = clock
        self._settings = settings
        self._say = say
        self._times = times
        self._pace = pace or Pace(Limits(bot=settings.per_second))
        self._lang: Lang = "zh" if app.settings.lang == "zh" else "en"
        self._bot: SalusBot | None = None
        self.office: PostOffice | None = None
        self.polls = 0  # the heartbeat of the receiving loop

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, then receive, answer and send."""
        bot = make_bot(self._settings)
        try:
            me = await self._connect(bot, stop)
            if me is not None:
                await self._open(bot, me, stop)
        finally:
            await bot.shutdown()

    async def _open(self, bot: SalusBot, me: Me, stop: asyncio.Event) -> None:
        store = await self._app.store.opened()
        office = Office(platform="telegram", bot=str(me.id))
        mailbox = open_mailbox(store, office)
        rich = Latch(on=self._settings.rich)
        previews = Previews(
            bot=bot,
            mailbox=mailbox,
            pace=self._pace,
            clock=self._clock,
            drafts=self._settings.drafts,
            rich=rich,
            pressed=lambda: self.office is not None and self.office.sorter.full,
        )
        handler = TelegramHandler(self._app, mailbox, bot, me, previews, self._clock)
        courier = TelegramCourier(bot, rich=rich)
        self.office = PostOffice(
            mailbox,
            handler,
            courier,
            store,
            times=self._times,
            clock=self._clock,
            pace=self._pace,
            express=handler.express,
            due=lambda now: self._app.dialogue.due("telegram", office.bot, now),
        )
        self._absence = Absence(Notices(store, office), mailbox)
        self._unstored = Unstored(self._app, courier, me, handler.urgent)
        self._bot, self._me, self._handler = bot, me, handler
        await set_menus(bot)
        self._say(t("telegram.running", self._lang, name=me.username))
        await self.office.run(self._webhook if self._settings.webhook_url else self._poll, stop)

    async def _connect(self, bot: SalusBot, stop: asyncio.Event) -> Me | None:
        """Wait for Telegram to be there; None when stopped meanwhile."""
        tries = 0
        while not stop.is_set():
            try:
                await bot.initialize()
                found = await bot.get_me()
            except InvalidToken as error:
                raise LockedOutError("token") from error
            except TelegramError as error:
                tries += 1
                if tries == 1:
                    self._say(t("telegram.unreachable", self._lang))
                logger().warning("no connection", error=type(error).__name__, count=tries)
                await _wait(stop, backoff(tries, most=30.0))
            else:
                return Me(
                    id=found.id,
                    username=found.username or "",
                    reads_all=bool(found.can_read_all_group_messages),
                )
        return None

    # --- receiving

    async def _poll(self, stop: asyncio.Event) -> None:
        """Fetch, commit, and only then move the offset."""
        assert self._bot is not None  # noqa: S101  # set by _open
        offset: int | None = None
        faults = 0
        await self._tidily(self._bot.delete_webhook)
        await self._back()  # Telegram has just told us who we are
        while not stop.is_set():
            try:
                updates = await self._bot.raw_updates(offset, self._settings.poll_s)
            except InvalidToken as error:
                raise LockedOutError("token") from error
            except TelegramError as error:
                faults += 1
                await self._fault(error, faults, stop)
                continue
            faults = 0
            self.polls += 1
            if not await self.take(updates, stop):
                return  # stopped before the commit: Telegram keeps them
            await self._back()
            # After a silence ids may begin anywhere, so an old offset is not kept.
            offset = confirmed(updates)

    async def _back(self) -> None:
        """Receiving works: note it, and after a long silence have the notices sent."""
        if await self._absence.received(self._clock()) and self.office is not None:
            self.office.sender.wake()

    async def take(self, updates: Sequence[Json], stop: asyncio.Event) -> bool:
        """Commit what concerns us; while the database is down, wait: nothing is acknowledged.

        False when stopped before the commit.
        """
        found = (arrival(update, self._me) for update in captions_first(updates))
        arrivals = [one for one in found if one is not None]
        assert self.office is not None  # noqa: S101  # set by _open
        while arrivals and not stop.is_set():
            try:
                await self.office.accept(arrivals)
            except StoreError as error:
                logger().warning("nothing can be accepted", error=type(error).__name__)
                await self._unstored.answer([read(u, self._me) for u in updates])
                await _wait(stop, 1.0)
            else:
                return True
        return not arrivals

    async def _fault(self, error: TelegramError, faults: int, stop: asyncio.Event) -> None:
        """One line for two pollers, then patience; never a storm."""
        if isinstance(error, Conflict) and faults == 1:
            self._say(t("telegram.conflict", self._lang))
        logger().warning("no updates", error=type(error).__name__, count=faults)
        wait = backoff(faults, most=30.0)
        if isinstance(error, RetryAfter):
            wait = error._retry_after.total_seconds()
        await _wait(stop, wait)

    async def _webhook(self, stop: asyncio.Event) -> None:
        """Let Telegram call us; each call is answered when its update is committed."""
        from bot.adapters.telegram.webhook import serve

        assert self._bot is not None  # noqa: S101  # set by _open
        settings = self._settings

        async def accept(update: Json) -> None:
            found = arrival(update, self._me)
            assert self.office is not None  # noqa: S101
            await self.office.accept([found] if found is not None else [])
            self.polls += 1

        async with serve(settings.webhook_port, settings.webhook_secret, accept):
            await self._bot.set_webhook(
                settings.webhook_url,
                secret_token=settings.webhook_secret,
                allowed_updates=list(ALLOWED_UPDATES),
            )
            while not stop.is_set():  # nobody calls us while nobody writes, so time alone tells
                await self._back()
                await _wait(stop, 60.0)

    @staticmethod
    async def _tidily(work: Callable[[], Awaitable[object]]) -> None:
        with suppress(TelegramError):
            await work()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
