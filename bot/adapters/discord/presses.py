"""What each button, form and reaction does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.adapters.discord import buttons
from bot.adapters.discord.events import Event
from bot.adapters.discord.letters import Paper
from bot.dialogue.logbook import without_pending
from bot.dialogue.manager import DialogueManager
from bot.errors import NotFoundError
from bot.i18n import t
from bot.model import Lang, ObservationId, TurnId, UserId, Vote
from bot.ports import Store
from bot.store.letters import Letter, Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What to send, and a word that only the person who pressed sees."""

    letters: Sequence[Letter] = ()
    toast: str = ""


class Presses:
    """Runs buttons by the code in front of their data."""

    def __init__(self, dialogue: DialogueManager, store: Store, mailbox: Mailbox) -> None:
        """``store`` holds its writes back like the dialogue's."""
        self._dialogue = dialogue
        self._store = store
        self._mailbox = mailbox

    async def run(self, event: Event, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        """Do what was pressed; what is somebody else's changes nothing and is said so."""
        try:
            return await self._run(event, paper, user, lang)
        except NotFoundError:
            return Pressed(toast=t("discord.not_yours", lang))

    async def _run(self, event: Event, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        if event.kind == "reacted":
            return await self._reacted(event, user)
        code, _, rest = event.data.partition(":")
        match code:
            case "v" | "r":
                return await self._vote(code, rest, event, paper, user)
            case "u" | "k":
                return await self._undo(event, code, rest, paper, user, lang)
            case "l" if event.private:
                return await self._language(rest, paper, user)
            case "f" if event.private:
                return await self._forget(rest, paper, user, lang)
            case "t" if event.guild:
                return Pressed(letters=self._thread(rest, paper, lang))
            case "p":
                hello = paper.to_person(t("discord.here_i_am", lang))
                return Pressed(letters=[hello], toast=t("discord.written_to_you", lang))
            case _:
                return Pressed()

    async def _reacted(self, event: Event, user: UserId) -> Pressed:
        """A thumb on an answer counts like the button; other people's do not."""
        shown = await self._mailbox.letter_shown(event.chat, str(event.message_id))
        turn = str(shown.memo.get("turn") or "") if shown else ""
        if shown is None or not turn or event.vote is None:
            return Pressed()
        if shown.memo.get("user") == str(event.user):
            await self._dialogue.rate(user, TurnId(turn), event.vote)
        return Pressed()

    async def _vote(
        self, code: str, rest: str, event: Event, paper: Paper, user: UserId
    ) -> Pressed:
        """👍; 👎 at the press, so that it counts even if the form is closed; then why."""
        vote: Vote = "up" if code == "v" and rest.startswith("up:") else "down"
        turn = rest.removeprefix(f"{vote}:") if code == "v" else rest
        turn, _, asker = turn.partition(":")
        reason = event.reason if event.reason in buttons.REASONS else ""
        reply = await self._dialogue.rate(user, TurnId(turn), vote, reason)
        key = "discord.reason_thanks" if reason else "vote.thanks_up"
        rows = buttons.thumbs(TurnId(turn), int(asker or event.user), vote)
        if event.begins:
            more = buttons.thread(TurnId(turn), int(asker or event.user), reply.lang)
            rows = buttons.side_by_side(rows, more)
        toast = "" if code == "v" and vote == "down" else t(key, reply.lang)
        return Pressed(letters=[paper.keyboard(rows)], toast=toast)

    async def _undo(  # parts are given, not found
        self, event: Event, code: str, id_: str, paper: Paper, user: UserId, lang: Lang
    ) -> Pressed:
        """Take back exactly what the message above logged, or leave it as it is."""
        if code == "k":
            return Pressed(letters=[paper.keyboard([])])
        letter = await self._mailbox.letter(id_)
        if letter is None or letter.memo.get("user") != str(event.user):
            raise NotFoundError("somebody else's")
        ids = [ObservationId(i) for i in letter.memo.get("undo", [])]
        gone = await self._store.remove_observations(user, ids)
        key = "log.undone" if gone else "log.nothing_to_undo"
        text = t(key, lang, count=gone)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])

    async def _language(self, code: str, paper: Paper, user: UserId) -> Pressed:
        """The choice under the greeting: also the agreement that stands above it."""
        lang: Lang = "zh" if code == "zh" else "en"
        profile = await self._store.profile(user)
        agreed = replace(profile, lang=lang, consents=profile.consents | {"store"})
        await self._store.save_profile(agreed)
        text = t("discord.started", lang)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])

    async def _forget(self, answer: str, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        if answer != "yes":
            profile = await self._store.profile(user)
            await self._store.save_profile(without_pending(profile))
            text = t("discord.kept", lang)
        else:
            await self._store.forget(user)
            text = t("command.forgotten", lang)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])

    @staticmethod
    def _thread(rest: str, paper: Paper, lang: Lang) -> Sequence[Letter]:
        """A thread at the answer, whose button for it goes; its context is its own."""
        turn, _, asker = rest.partition(":")
        begun = paper.thread(t("discord.thread_name", lang), t("discord.thread_hello", lang), [])
        if not asker.isdigit():
            return [begun]
        return [begun, paper.keyboard(buttons.thumbs(TurnId(turn), int(asker)), part=2)]
