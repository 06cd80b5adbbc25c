"""What each button and reaction does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.adapters.telegram import buttons
from bot.adapters.telegram.events import Event
from bot.adapters.telegram.letters import Paper
from bot.dialogue.logbook import without_pending
from bot.dialogue.manager import DialogueManager
from bot.i18n import t
from bot.model import Errand, Lang, ObservationId, Press, Reply, TurnId, UserId, Vote
from bot.ports import Store
from bot.store.letters import Letter, Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What to send, and a word to show over the button."""

    letters: Sequence[Letter] = ()
    toast: str = ""
    errands: Sequence[Errand] = ()


class Presses:
    """Runs buttons by the code in front of their data."""

    def __init__(
        self, dialogue: DialogueManager, store: Store, mailbox: Mailbox, office: str = ""
    ) -> None:
        """``store`` holds its writes back like the dialogue's; ``office`` is the bot's id."""
        self._office = office
        self._dialogue = dialogue
        self._store = store
        self._mailbox = mailbox

    async def run(self, event: Event, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        """Do what was pressed. NotFoundError for a turn or letter of somebody else."""
        if event.kind == "reacted":
            return await self._reacted(event, user)
        code, _, rest = event.data.partition(":")
        match code:
            case "v" | "r":
                return await self._vote(code, rest, paper, user, lang)
            case "u":
                return await self._undo(event, rest, paper, user, lang)
            case "k":
                return Pressed(letters=[paper.keyboard([])])
            case "b" if event.private:
                return await self._own(event, rest, paper, user, lang)
            case "l" if event.private:
                return await self._language(rest, paper, user)
            case "f" if event.private:
                return await self._forget(rest, paper, user, lang)
            case _:
                return Pressed()

    async def _own(  # parts are given, not found
        self, event: Event, action: str, paper: Paper, user: UserId, lang: Lang
    ) -> Pressed:
        """A button of the dialogue's: its card is through, what it says follows."""
        reply = await self._dialogue.press(
            Press(
                user=user, place=event.place, account=str(event.user), action=action,
                at=event.sent_at, lang=lang, office=self._office,
            )
        )  # fmt: skip
        through = replace(paper, origin=f"{paper.origin}:through").keyboard([])
        letters = [through] if reply.stale else []
        return Pressed(letters=[*letters, *paper.reply(reply)], errands=reply.errands)

    async def _reacted(self, event: Event, user: UserId) -> Pressed:
        """A thumb on an answer counts like the button; other people's do not."""
        shown = await self._mailbox.letter_shown(str(event.chat), str(event.message_id))
        turn = str(shown.memo.get("turn") or "") if shown else ""
        if shown is None or not turn or event.vote is None:
            return Pressed()
        if shown.memo.get("user") == str(event.user):
            await self._dialogue.rate(user, TurnId(turn), event.vote)
        return Pressed()

    async def _vote(self, code: str, rest: str, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        what, _, turn_id = rest.partition(":")
        turn = TurnId(turn_id)
        if code == "r":
            reason = what if what in buttons.REASONS else ""
            await self._dialogue.rate(user, turn, "down", reason)
            rows = buttons.thumbs(turn, "down")
            toast = t("telegram.reason_thanks", lang)
            return Pressed(letters=[paper.keyboard(rows)], toast=toast)
        vote: Vote = "up" if what == "up" else "down"
        reply: Reply = await self._dialogue.rate(user, turn, vote)
        rows = buttons.thumbs(turn, "up") if vote == "up" else buttons.reasons(turn, reply.lang)
        toast = t("vote.thanks_up", reply.lang)
        return Pressed(letters=[paper.keyboard(rows)], toast=toast)

    async def _undo(
        self, event: Event, letter_id: str, paper: Paper, user: UserId, lang: Lang
    ) -> Pressed:
        """Take back exactly what the message above logged."""
        letter = await self._mailbox.letter(letter_id)
        if letter is None or letter.memo.get("user") != str(event.user):
            return Pressed(letters=[paper.keyboard([])], toast=t("log.nothing_to_undo", lang))
        ids = [ObservationId(i) for i in letter.memo.get("undo", [])]
        gone = await self._store.remove_observations(user, ids)
        key = "log.undone" if gone else "log.nothing_to_undo"
        text = t(key, lang, count=gone)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)], toast="")

    async def _language(self, code: str, paper: Paper, user: UserId) -> Pressed:
        """The choice under the greeting: also the agreement that stands above it."""
        lang: Lang = "zh" if code == "zh" else "en"
        profile = await self._store.profile(user)
        agreed = replace(profile, lang=lang, consents=profile.consents | {"store"})
        await self._store.save_profile(agreed)
        text = t("telegram.started", lang)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])

    async def _forget(self, answer: str, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        if answer != "yes":
            profile = await self._store.profile(user)
            await self._store.save_profile(without_pending(profile))
            text = t("telegram.kept", lang)
        else:
            await self._store.forget(user)
            text = t("command.forgotten", lang)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])
