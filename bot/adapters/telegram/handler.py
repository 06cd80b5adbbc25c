"""Handles one event: words through the dialogue, buttons and reactions by what they stand for.

Everything that changes something goes through the UnitStore, so it is committed with the
letters that tell of it. What is only shown (typing, drafts, the answer to a button press) is
best effort and may happen again after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from telegram.error import TelegramError

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
from bot.adapters.telegram import buttons
from bot.adapters.telegram.api import Me, SalusBot
from bot.adapters.telegram.events import Event, read
from bot.adapters.telegram.files import Files
from bot.adapters.telegram.letters import Paper, greeting
from bot.adapters.telegram.menus import IN_GROUPS
from bot.adapters.telegram.presence import typing
from bot.adapters.telegram.presses import Presses
from bot.adapters.telegram.preview import PREVIEW, Preview, Previews
from bot.app import App
from bot.delivery.errands import owe, shown_message
from bot.delivery.sorting import Owed
from bot.delivery.unit import People, Unit, UnitStore
from bot.dialogue import commands
from bot.i18n import t
from bot.logs import logger
from bot.model import Lang, Message, Reply, UserId
from bot.store.letters import Body, Letter, Mailbox, Office, Parcel

_TOO_OLD = timedelta(hours=24)


class TelegramHandler:
    """delivery.sorting.Handler for Telegram."""

    def __init__(  # parts are given, not found
        self,
        app: App,
        mailbox: Mailbox,
        bot: SalusBot,
        me: Me,
        previews: Previews,
        clock: Callable[[], datetime],
    ) -> None:
        """All parts are given."""
        self._app = app
        self._mailbox = mailbox
        self._bot = bot
        self._me = me
        self._previews = previews
        self._clock = clock
        self._store = UnitStore(app.store)
        self._people = People()
        self._files = Files(bot)
        self._errands = Errands(
            app=app,
            platform="telegram",
            mailbox=mailbox,
            people=self._people,
            fetch=self._files.fetch,
        )
        self._ears = Ears(self._files.fetch, app.transcriber)
        self._presses = Presses(app.dialogue, self._store, mailbox, str(me.id))
        self._office = Office(platform="telegram", bot=str(me.id))

    # --- delivery's questions

    async def handle(self, parcel: Parcel, unit: Unit) -> Owed:
        """See delivery.sorting.Handler."""
        event = read(parcel.body, self._me)
        if event is None:
            return list
        paper = Paper(event=event, origin=str(parcel.seq), username=self._me.username)
        match event.kind:
            case "pressed":  # a press carries no time of its own
                event = replace(event, sent_at=self._clock())
                letters = await self._pressed(event, paper, unit)
            case "reacted":
                letters = await self._pressed(event, paper, unit)
            case "errand":
                letters = await self._done(event, paper, parcel, unit)
            case "left" | "joined":
                letters = await self._membership(event, paper)
            case _:
                letters = await self._said(event, paper, parcel, unit)
        return lambda: [with_real_ids(letter, unit) for letter in letters]

    def give_up(self, parcel: Parcel) -> Sequence[Letter]:
        """See delivery.sorting.Handler."""
        event = read(parcel.body, self._me)
        if event is None or event.kind not in {"said", "errand"} or not event.user:
            return []
        paper = Paper(event=event, origin=str(parcel.seq), username=self._me.username)
        key = "telegram.given_up" if event.kind == "said" else "curate.given_up"
        return [paper.say(key, event.lang or "en")]

    def urgent(self, event: Event | None) -> bool:
        """Whether the words of an event must not wait for an earlier answer."""
        if event is None or event.kind != "said" or not event.text:
            return False
        return self._app.dialogue.urgent(event.text)

    def express(self, body: Body) -> str:
        """See delivery.hurry: the chat's express lane, for words that cannot wait."""
        event = read(body, self._me)
        return f"{event.chat}!" if event is not None and self.urgent(event) else ""

    # --- words

    async def _said(self, event: Event, paper: Paper, parcel: Parcel, unit: Unit) -> list[Letter]:
        lang = self._lang(event)
        if self._clock() - event.sent_at > _TOO_OLD:
            return [paper.say("telegram.too_late", lang)]
        if event.media == "voice":
            return await self._spoken(event, paper, parcel, unit)
        if event.album:
            name = _album(event, parcel)
            answered = await self._mailbox.letter_of(name, 1) is not None
            if answered and not event.text:
                return []
            paper = paper if answered else replace(paper, origin=name)
        if event.media and not event.text and not await self._for_the_knowledge(event):
            return [paper.say(f"telegram.media.{event.media}", lang)]
        taken = event.upload is not None and commands.read(event.text or "/kb") is not None
        above = note("telegram.media.caption_only") if event.media and not taken else no_note
        return await self._answered(event, paper, parcel, unit, above=above)

    async def _for_the_knowledge(self, event: Event) -> bool:
        """Whether a document without words comes from somebody who looks after the knowledge."""
        if event.upload is None or not event.private:
            return False
        return await self._app.dialogue.curates(event.place, str(event.user))

    async def _done(self, event: Event, paper: Paper, parcel: Parcel, unit: Unit) -> list[Letter]:
        """An errand: its progress grows in the message that announced it, then gives way."""
        assert event.errand is not None  # noqa: S101  # only errands come here
        ours = await shown_message(self._mailbox, parcel.body)
        preview = self._previews.of(event, str(parcel.seq), ours=ours)
        last = await self._errands.result(event.errand, str(event.chat), unit, preview)
        if last is None:
            return []
        letters = replace(paper, replace=preview.message).reply(last)
        owe(unit, last.errands, self._office, letters, self._clock())
        return letters

    async def _spoken(self, event: Event, paper: Paper, parcel: Parcel, unit: Unit) -> list[Letter]:
        """A recording as if it had been typed, with what was understood above the answer."""
        try:
            async with typing(self._bot, event):
                words = await self._ears.hear(event.recording)
        except UnheardError as error:
            if not event.text:
                return [paper.words(t(error.key, self._lang(event), **error.details))]
            above = note(error.key, **error.details)
            return await self._answered(event, paper, parcel, unit, above=above)
        heard = replace(event, text=f"{event.text}\n{words}".strip())
        paper = replace(paper, event=heard)
        # Others hear the recording too, but what was said is not written out before them.
        above = note("voice.heard", text=words) if event.private else no_note
        return await self._answered(heard, paper, parcel, unit, above=above)

    async def _answered(
        self, event: Event, paper: Paper, parcel: Parcel, unit: Unit, *, above: Note
    ) -> list[Letter]:
        """The dialogue's answer to the words of an event."""
        command = commands.read(event.text)
        urgent = self.urgent(event)
        if self._belongs_in_private(event, command) and not urgent:
            rows = buttons.to_private(self._me.username, self._lang(event))
            return [paper.say("place.in_private", self._lang(event), keyboard=rows)]
        user = await self._app.store.user_for("telegram", str(event.user))
        await unit.held.enter_async_context(self._people.one(user, wait=not urgent))
        corrected = await self._corrections(event, user)
        preview = await self._preview(event, parcel)
        message = self._message(event, user)
        if command and command[0] == "challenge" and not event.private:
            message = replace(message, admin=await self._bot.is_admin(event.chat, event.user))
        reply = await self._answer(message, preview)
        if unit.forgot:
            unit.writes.append(lambda _: self._mailbox.forget_chat(str(event.chat)))
        paper = replace(paper, replace=preview.message)
        notes = "\n\n".join(filter(None, (corrected, above(reply.lang))))
        letters = self._letters(paper, reply, command, notes)
        owe(unit, reply.errands, self._office, letters, self._clock())
        return letters

    def _belongs_in_private(self, event: Event, command: tuple[str, str] | None) -> bool:
        """In a group only what is about nobody: the rest, settings too, is offered in private."""
        if event.private or command is None:
            return False
        return command[0] not in {*IN_GROUPS, "start", "good", "bad"}

    def _letters(
        self, paper: Paper, reply: Reply, command: tuple[str, str] | None, note: str
    ) -> list[Letter]:
        name = command[0] if command else ""
        if name == "export" and reply.personal:
            return paper.copy(reply, t("telegram.export_ready", reply.lang))
        if name == "start" and paper.event.private:
            text = f"{reply.text}\n\n{t('telegram.start_choose', reply.lang)}"
            start = replace(reply, text=text)
            return paper.reply(start, keyboard=buttons.languages(reply.lang))
        if reply.text == t("command.forget", reply.lang):
            return paper.reply(reply, keyboard=buttons.forget(reply.lang))
        return paper.reply(reply, note=note)

    async def _corrections(self, event: Event, user: UserId) -> str:
        """An edited message takes back what its earlier wording logged; says so if it did."""
        if not event.edited:
            return ""
        gone = await taken_back(self._store, self._mailbox, event, user)
        return t("telegram.corrected", self._lang(event)) if gone else ""

    async def _preview(self, event: Event, parcel: Parcel) -> Preview:
        """A new preview, or the one that an interrupted try left in the chat."""
        ours = 0
        if parcel.tries > 1:
            left = await self._mailbox.letter_of(str(parcel.seq), PREVIEW)
            shown = left.platform_message_id if left and left.state == "sent" else ""
            ours = int(shown or 0)
        preview = self._previews.of(event, str(parcel.seq), ours=ours)
        preview.over = parcel.tries > 1 and not ours  # what became of the first is not known
        return preview

    async def _answer(self, message: Message, preview: Preview) -> Reply:
        """Run the dialogue; show snapshots; return what it ends with."""
        async with typing(self._bot, preview.event, pressed=self._previews.pressed()):
            last = await ending(self._app.dialogue.respond(message), preview)
        return last or unforeseen(message.lang or "en")

    def _message(self, event: Event, user: UserId) -> Message:
        upload = event.upload if event.private else None
        tz = self._app.settings.tz
        return message_of(event, user, tz=tz, office=self._office.bot, upload=upload)

    # --- buttons, reactions, membership

    async def _pressed(self, event: Event, paper: Paper, unit: Unit) -> list[Letter]:
        user = await self._app.store.user_for("telegram", str(event.user))
        lang = await self._chosen(user, event)
        if event.data[:2] not in {"v:", "r:", ""}:
            await unit.held.enter_async_context(self._people.one(user))
        pressed = await self._presses.run(event, paper, user, lang)
        if unit.forgot:
            unit.writes.append(lambda _: self._mailbox.forget_chat(str(event.chat)))
        if event.callback:
            await self._acknowledge(event.callback, pressed.toast)
        owe(unit, pressed.errands, self._office, list(pressed.letters), self._clock())
        return list(pressed.letters)

    async def _chosen(self, user: UserId, event: Event) -> Lang:
        return (await self._store.profile(user)).lang or self._lang(event)

    async def _acknowledge(self, callback: str, toast: str) -> None:
        """Stop the button's spinner. "Query is too old" is no reason to do anything else."""
        try:
            await self._bot.answer_callback_query(callback, text=toast[:200] or None)
        except TelegramError as error:
            logger().debug("press not acknowledged", error=type(error).__name__)

    async def _membership(self, event: Event, paper: Paper) -> list[Letter]:
        came = event.kind == "joined"
        await self._mailbox.set_reachable(str(event.chat), came, now=self._clock())
        if not came or event.private:
            return []
        return list(greeting(event, paper.origin, self._me.username, self._lang(event)))

    def _lang(self, event: Event) -> Lang:
        default: Lang = "zh" if self._app.settings.lang == "zh" else "en"
        return event.lang or default


def _album(event: Event, parcel: Parcel) -> str:
    """The one origin that all answers to an album share: the first to be stored is the only one."""
    return f"album:{parcel.lane[:16]}:{event.album}"
