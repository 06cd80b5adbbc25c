"""Handles one event: words through the dialogue, buttons and reactions by what they stand for.

Everything that changes something goes through the UnitStore, so it is committed with the
letters that tell of it. What is only shown (typing, previews, the word to whoever pressed) is
best effort and may happen again after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.adapters.chat.errands import Errands
from bot.adapters.chat.handling import (
    Note,
    ending,
    message_of,
    no_note,
    note,
    taken_back,
    unforeseen,
    with_real_ids,
)
from bot.adapters.chat.hearing import Ears, UnheardError
from bot.adapters.discord import address, buttons
from bot.adapters.discord.api import Me
from bot.adapters.discord.events import Event, read
from bot.adapters.discord.files import Files
from bot.adapters.discord.letters import Paper, tap_body
from bot.adapters.discord.pictures import drawn
from bot.adapters.discord.presence import typing
from bot.adapters.discord.presses import Presses
from bot.adapters.discord.preview import Preview, Previews
from bot.adapters.discord.rest import Rest
from bot.adapters.discord.wire import EPHEMERAL, Hooks
from bot.app import App
from bot.delivery.errands import owe, shown_message
from bot.delivery.errors import DeliveryError
from bot.delivery.sorting import Owed
from bot.delivery.unit import People, Unit, UnitStore
from bot.dialogue import commands
from bot.i18n import t, texts
from bot.logs import logger
from bot.model import Errand, Lang, Message, Reply, UserId
from bot.safety import Triage
from bot.store.letters import Letter, Mailbox, Office, Parcel

IN_PUBLIC = frozenset(c.name for c in commands.COMMANDS if c.shared and c.name != "start")
_TOO_OLD = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the handler works with. ``metrics``: values of one's own are allowed here."""

    app: App
    mailbox: Mailbox
    rest: Rest
    hooks: Hooks
    me: Me
    previews: Previews
    clock: Callable[[], datetime]
    metrics: bool
    is_thread: Callable[[int], bool] = lambda _: False
    on_forget: Callable[[int, int], None] = lambda *_: None  # a person, their direct messages


class DiscordHandler:
    """delivery.sorting.Handler for Discord."""

    def __init__(self, room: Room) -> None:
        """All parts are given."""
        self._room = room
        self._app, self._mailbox, self._clock = room.app, room.mailbox, room.clock
        self._store = UnitStore(room.app.store)
        self._people = People()
        self._triage = Triage.load()
        self._files = Files(room.rest)
        self._errands = Errands(
            app=room.app,
            platform="discord",
            mailbox=room.mailbox,
            people=self._people,
            fetch=self._files.fetch,
        )
        self._ears = Ears(self._files.fetch, room.app.transcriber)
        self._office = Office(platform="discord", bot=str(room.me.id))
        self._presses = Presses(room.app.dialogue, self._store, room.mailbox, self._office.bot)

    # --- delivery's questions

    async def handle(self, parcel: Parcel, unit: Unit) -> Owed:
        """See delivery.sorting.Handler."""
        event = read(parcel.body, self._room.me)
        if event is None:
            return list
        if event.guild and not event.thread and self._room.is_thread(event.channel):
            event = replace(event, thread=True)
        paper = Paper(event=event, origin=str(parcel.seq))
        match event.kind:
            case "said":
                letters = await self._said(event, paper, parcel, unit)
            case "errand":
                letters = await self._done(paper, parcel, unit)
            case _:
                letters = await self._pressed(event, paper, unit)
        return lambda: [with_real_ids(letter, unit) for letter in letters]

    def give_up(self, parcel: Parcel) -> Sequence[Letter]:
        """See delivery.sorting.Handler."""
        event = read(parcel.body, self._room.me)
        if event is None or event.kind not in {"said", "errand"} or not event.user:
            return []
        paper = Paper(event=event, origin=str(parcel.seq))
        key = "discord.given_up" if event.kind == "said" else "curate.given_up"
        return [paper.say(key, self.lang(event))]

    def urgent(self, event: Event | None) -> bool:
        """Whether the words of an event must not wait for an earlier answer."""
        if event is None or event.kind != "said" or not event.text:
            return False
        return self._triage.assess(event.text, lang=self.lang(event)).level == "emergency"

    def lang(self, event: Event) -> Lang:
        """What the platform says of the person's language, else the operator's choice."""
        default: Lang = "zh" if self._app.settings.lang == "zh" else "en"
        return event.lang or default

    # --- words

    async def _said(self, event: Event, paper: Paper, parcel: Parcel, unit: Unit) -> list[Letter]:
        lang = self.lang(event)
        if self._clock() - event.sent_at > _TOO_OLD:
            return [paper.say("discord.too_late", lang)]
        if event.tap is not None and not (event.text or event.upload):
            return [paper.say("discord.only_yours" if event.data else "discord.no_words", lang)]
        if not await self._mailbox.reachable(event.chat):  # whoever writes to us lets us in
            await self._mailbox.set_reachable(event.chat, True, now=self._clock())
        try:
            event, note = await self._taken_in(event)
        except UnheardError as error:
            return [paper.words(t(error.key, lang, **error.details))]
        return await self._answered(replace(paper, event=event), parcel, unit, note)

    async def _taken_in(self, event: Event) -> tuple[Event, Note]:
        """With what came besides text. Raises UnheardError where nothing is left to answer."""
        if not event.media or await self._for_the_knowledge(event):
            return event, no_note
        if event.media == "voice":
            try:
                return await self._spoken(event)
            except UnheardError as error:
                if not event.text:
                    raise
                return event, note(error.key, **error.details)
        if not event.text:
            raise UnheardError(f"discord.media.{event.media}")
        return event, note("discord.media.caption_only")

    async def _for_the_knowledge(self, event: Event) -> bool:
        """Whether a document comes from somebody who looks after the knowledge, or is for that."""
        if event.upload is None or not event.private:
            return False
        if event.text:
            return (commands.read(event.text) or ("",))[0] == "kb"
        return await self._app.dialogue.curates(event.place, str(event.user))

    async def _spoken(self, event: Event) -> tuple[Event, Note]:
        """A recording as if it had been typed, with what was understood above the answer."""
        async with typing(self._room.rest, event):
            words = await self._ears.hear(event.attached)
        heard = replace(event, text=f"{event.text}\n{words}".strip())
        # Others hear the recording too, but what was said is not written out before them.
        return heard, note("voice.heard", text=words) if event.private else no_note

    async def _answered(
        self, paper: Paper, parcel: Parcel, unit: Unit, above: Note
    ) -> list[Letter]:
        """The dialogue's answer to the words of an event."""
        event, lang = paper.event, self.lang(paper.event)
        command = commands.read(event.text)
        urgent = self.urgent(event)
        if not event.private and command and command[0] not in IN_PUBLIC and not urgent:
            rows = buttons.to_private(lang)
            return [paper.say("discord.in_private", lang, rows=rows)]
        if command and command[0] == "challenge" and event.tap is not None and event.tap.foreign:
            return [paper.say("discord.not_a_member", lang)]
        user = await self._app.store.user_for("discord", str(event.user))
        await unit.held.enter_async_context(self._people.one(user, wait=not urgent))
        corrected = await self._corrections(event, user)
        preview = await self._preview(event, parcel)
        reply = await self._answer(self._message(event, user), preview)
        if unit.forgot:
            self._forget(event, unit)
        paper = replace(paper, replace=preview.message)
        notes = "\n\n".join(filter(None, (corrected, above(reply.lang))))
        letters = await self._letters(paper, reply, command, notes)
        self._owe(unit, reply.errands, letters, event)
        return letters

    def _owe(
        self, unit: Unit, errands: Sequence[Errand], letters: Sequence[Letter], event: Event
    ) -> None:
        """Errands; what was asked for in a whisper is whispered back while that is possible."""
        way = None
        if event.tap is not None and address.whispered(event.chat):
            way = {"chat": event.chat, "tap": tap_body(event.tap)}
        owe(unit, errands, self._office, letters, self._clock(), way=way)

    async def _done(self, paper: Paper, parcel: Parcel, unit: Unit) -> list[Letter]:
        """An errand: its progress grows in the message that announced it, then gives way."""
        event = paper.event
        assert event.errand is not None  # noqa: S101  # only errands come here
        ours = await shown_message(self._mailbox, parcel.body) if event.chat[:1] == "D" else 0
        preview = self._room.previews.of(event, str(parcel.seq), ours=ours)
        preview.over = not ours  # in a whisper it would take the place of what was pressed
        last = await self._errands.result(event.errand, event.chat, unit, preview)
        if last is None:
            return []
        letters = replace(paper, replace=preview.message).reply(last)
        self._owe(unit, last.errands, letters, event)
        return letters

    def _forget(self, event: Event, unit: Unit) -> None:
        unit.writes.append(lambda _: self._mailbox.forget_chat(event.chat))
        if event.chat[:1] == "D":
            self._room.on_forget(event.user, event.channel)

    async def _letters(
        self, paper: Paper, reply: Reply, command: tuple[str, str] | None, note: str
    ) -> list[Letter]:
        name = command[0] if command else ""
        lang = reply.lang
        if name == "export" and reply.personal:
            return paper.copy(reply, t("discord.export_ready", lang))
        if name == "start" and paper.event.private:
            text = f"{reply.text}\n\n{t('discord.start_choose', lang)}"
            return paper.reply(replace(reply, text=text), rows=buttons.languages(lang))
        if reply.text == t("command.forget", lang):
            return paper.reply(reply, rows=buttons.forget(lang))
        if name == "help":
            by_button = texts(lang).get("help.good", "") + "\n"  # thumbs are under every answer
            shown = reply.text.replace(by_button, "")
            reply = replace(reply, text=f"{shown}\n\n{t('discord.how', lang)}")
        if name == "privacy" and not self._room.metrics:
            reply = replace(reply, text=f"{reply.text}\n\n{t('discord.education', lang)}")
        return paper.reply(reply, note=note, pictures=await drawn(reply))

    async def _corrections(self, event: Event, user: UserId) -> str:
        """An edited message takes back what its earlier wording logged; says so if it did."""
        if not event.edited:
            return ""
        gone = await taken_back(self._store, self._mailbox, event, user)
        return t("discord.corrected", self.lang(event)) if gone else ""

    async def _preview(self, event: Event, parcel: Parcel) -> Preview:
        """A new preview, or the one that an interrupted try left in the chat."""
        origin = str(parcel.seq)
        ours: int | None = 0
        if parcel.tries > 1 and event.tap is None:
            ours = await self._room.previews.left_behind(origin)
        preview = self._room.previews.of(event, origin, ours=ours or 0)
        preview.over = ours is None  # what became of the first is not known
        return preview

    async def _answer(self, message: Message, preview: Preview) -> Reply:
        """Run the dialogue; show snapshots; return what it ends with."""
        async with typing(self._room.rest, preview.event):
            last = await ending(self._app.dialogue.respond(message), preview)
        return last or unforeseen(message.lang or "en")

    def _message(self, event: Event, user: UserId) -> Message:
        more = {"office": self._office.bot, "upload": event.upload, "admin": event.admin}
        return message_of(event, user, tz=self._app.settings.tz, **more)

    # --- buttons and reactions

    async def _pressed(self, event: Event, paper: Paper, unit: Unit) -> list[Letter]:
        user = await self._app.store.user_for("discord", str(event.user))
        lang = (await self._store.profile(user)).lang or self.lang(event)
        if event.data[:2] not in {"v:", "r:", ""}:
            await unit.held.enter_async_context(self._people.one(user))
        pressed = await self._presses.run(event, paper, user, lang)
        if unit.forgot:
            self._forget(event, unit)
        await self._toast(event, pressed.toast)
        self._owe(unit, pressed.errands, list(pressed.letters), event)
        return list(pressed.letters)

    async def _toast(self, event: Event, text: str) -> None:
        """A word to whoever pressed. If it gets lost, the button still shows what was done."""
        if event.tap is None or not text:
            return
        body = {"content": text, "flags": EPHEMERAL, "allowed_mentions": {"parse": []}}
        try:
            if await self._room.previews.acks.done(event.tap.id):
                await self._room.hooks.follow(event.tap.token, body)
        except DeliveryError as error:
            logger().debug("word not shown", error=type(error).__name__)
