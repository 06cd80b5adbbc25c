"""Discord, put together: the client, its post office, the gateway and what it may have missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import discord

from bot.adapters.discord.acks import Acks
from bot.adapters.discord.address import direct
from bot.adapters.discord.api import Breaker, Me, pause
from bot.adapters.discord.attempts import Attempts
from bot.adapters.discord.backfill import Backfill
from bot.adapters.discord.client import Listening, SalusClient, connected, listen
from bot.adapters.discord.config import DiscordSettings
from bot.adapters.discord.courier import DiscordCourier, Ways
from bot.adapters.discord.doors import Doors
from bot.adapters.discord.handler import DiscordHandler, Room
from bot.adapters.discord.intake import Intake
from bot.adapters.discord.menus import Tree, sync
from bot.adapters.discord.notebook import Notebook
from bot.adapters.discord.preview import Previews
from bot.adapters.discord.rest import Rest
from bot.adapters.discord.sessions import Sessions
from bot.adapters.discord.urgent import Unstored
from bot.adapters.discord.wire import Hooks, Http, Send
from bot.app import App
from bot.delivery.office import PostOffice, Times, utc_now
from bot.delivery.pace import Limits, Pace
from bot.errors import StoreError
from bot.i18n import t
from bot.logs import logger
from bot.model import Lang
from bot.store.letters import Office
from bot.store.mailbox import open_mailbox

Say = Callable[[str], None]
# Five messages in five seconds to a channel, fifty requests a second over all (rate-limits page);
# typing and acknowledgements need some of those too.
LIMITS = Limits(chat_s=1.0, burst=5, bot=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything one run is made of."""

    client: SalusClient
    office: PostOffice
    intake: Intake
    backfill: Backfill
    notebook: Notebook
    doors: Doors


class DiscordAdapter:
    """One bot. ``run`` until ``stop``; raises a LockedOutError for what no retry can mend."""

    def __init__(
        self,
        app: App,
        settings: DiscordSettings,
        *,
        say: Say = lambda _: None,
        times: Times | None = None,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """``say`` shows one line to the operator."""
        self._app = app
        self._settings = settings
        self._say = say
        self._times = times
        self._pace = pace or Pace(LIMITS)
        self._clock = clock
        self._lang: Lang = "zh" if app.settings.lang == "zh" else "en"
        self.breaker = Breaker()
        self.office: PostOffice | None = None
        self.parts: Parts | None = None
        self.ready = asyncio.Event()  # the gateway has said that we are there

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, then receive, answer and send."""
        unreachable = lambda: self._tell("discord.unreachable")  # noqa: E731
        async with connected(self._settings, self.breaker, stop, unreachable) as found:
            if found is None:
                return
            client, me = found
            http = Http(self._settings.api_url, self.breaker)
            try:
                self.parts = await self.put_together(client, me, http)
                self.office = self.parts.office
                await self.office.run(self._receive, stop)
            finally:
                client.listening = Listening()  # what comes now stays with Discord
                await http.close()

    async def put_together(self, client: SalusClient, me: Me, send: Send) -> Parts:
        """All parts for a client that has logged in; ``send`` makes an interaction's calls."""
        app, breaker = self._app, self.breaker
        store = await app.store.opened()
        mailbox = open_mailbox(store, Office(platform="discord", bot=str(me.id)))
        rest, hooks, acks = Rest(client, breaker), Hooks(send, me.application), Acks()
        notebook = Notebook(store, me.id)
        ways = Ways(
            rest=rest,
            hooks=hooks,
            acks=acks,
            attempts=Attempts(mailbox, self._clock),
            breaker=breaker,
            clock=self._clock,
            on_direct=lambda channel: notebook.note(direct(channel)),
        )
        previews = Previews(
            rest=rest,
            hooks=hooks,
            acks=acks,
            breaker=breaker,
            mailbox=mailbox,
            pace=self._pace,
            clock=self._clock,
        )
        room = Room(
            app=app,
            mailbox=mailbox,
            rest=rest,
            hooks=hooks,
            me=me,
            previews=previews,
            clock=self._clock,
            metrics=self._settings.metrics,
            is_thread=lambda c: isinstance(client.get_channel(c), discord.Thread),
            on_forget=notebook.forget,
        )
        handler, courier = DiscordHandler(room), DiscordCourier(ways)
        office = PostOffice(
            mailbox,
            handler,
            courier,
            store,
            times=self._times,
            resend=True,
            clock=self._clock,
            pace=self._pace,
            due=lambda now: app.dialogue.due("discord", str(me.id), now),
        )
        doors = Doors(rest, notebook)
        intake = Intake(
            office=office,
            handler=handler,
            hooks=hooks,
            acks=acks,
            unstored=Unstored(app, courier, hooks, handler.urgent, handler.lang),
            notebook=notebook,
            me=me,
            clock=self._clock,
            heard=client.heard,
            accepted_from=doors.pass_by,
        )
        backfill = Backfill(rest, intake, notebook, me)
        intake.later = backfill.later
        intake.catching_up = lambda: backfill.busy
        intake.overflow = lambda: backfill.begin(notebook.seen or self._clock())
        return Parts(
            client=client,
            office=office,
            intake=intake,
            backfill=backfill,
            notebook=notebook,
            doors=doors,
        )

    # --- receiving

    async def _receive(self, stop: asyncio.Event) -> None:
        """Hold the gateway; called once the bot is ours alone."""
        parts = self.parts
        assert parts is not None  # noqa: S101  # set by run
        if not await self._remember(parts.notebook, stop):
            return
        await self._tell_commands(parts)
        sessions = Sessions(parts.backfill, parts.notebook, self._clock, parts.client.heard)
        parts.client.listening = sessions.listening(
            parts.intake.take, lambda: self._is_ready(parts.client)
        )
        async with asyncio.TaskGroup() as tasks:
            storing = tasks.create_task(parts.intake.run(stop))
            reading = tasks.create_task(parts.backfill.run(stop))
            opening = tasks.create_task(parts.doors.run(stop))
            await listen(parts.client, self._settings, stop, self._tell)
            for task in (storing, reading, opening):
                task.cancel()

    def _is_ready(self, client: SalusClient) -> None:
        if not self.ready.is_set():
            self.ready.set()
            self._tell("discord.running", name=client.user.name if client.user else "")

    async def _remember(self, notebook: Notebook, stop: asyncio.Event) -> bool:
        """Where we left off: without that nothing is listened to, or it would be lost track of."""
        while not stop.is_set():
            try:
                await notebook.load()
            except StoreError as error:
                logger().warning("notebook cannot be read", error=type(error).__name__)
                await pause(stop, 0.3)
            else:
                notebook.seen = notebook.seen or self._clock()  # the first run has missed nothing
                return True
        return False

    async def _tell_commands(self, parts: Parts) -> None:
        """The commands, if Discord does not know them yet."""
        notebook = parts.notebook
        tree = Tree(parts.client, metrics=self._settings.metrics)
        mark = await sync(tree, notebook.commands)
        if mark != notebook.commands:
            notebook.commands = mark
            try:
                await notebook.keep(self._clock(), all_=True)
            except StoreError as error:
                logger().warning("notebook not kept", error=type(error).__name__)

    def _tell(self, key: str, **values: object) -> None:
        self._say(t(key, self._lang, **values))
