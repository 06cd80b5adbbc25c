"""What each button and reaction does, whatever the platform.

``v:`` votes, ``r:`` gives a reason, ``u:`` takes logged values back, ``k:`` says they are right,
``l:`` chooses a language, ``f:`` forgets, ``b:`` is a button of the dialogue's own. A platform
adds how a vote looks, and what only it has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.dialogue.logbook import undone, without_pending
from bot.dialogue.manager import DialogueManager
from bot.errors import NotFoundError
from bot.i18n import t
from bot.model import Errand, Lang, ObservationId, Place, Press, Reply, TurnId, UserId, Vote
from bot.ports import Store
from bot.store.letters import Letter, Mailbox

REASONS = ("wrong", "unclear", "off_topic", "unsafe")
THROUGH = -1  # the part of an answer that takes a used card's buttons away


class Event(Protocol):
    """What is read of an event; each adapter's own has it."""

    @property
    def kind(self) -> str: ...
    @property
    def chat(self) -> object: ...
    @property
    def private(self) -> bool: ...
    @property
    def user(self) -> int: ...
    @property
    def message_id(self) -> int: ...
    @property
    def sent_at(self) -> datetime: ...
    @property
    def data(self) -> str: ...
    @property
    def vote(self) -> Vote | None: ...
    @property
    def place(self) -> Place: ...
    @property
    def name(self) -> str: ...


class Paper(Protocol):
    """What is written on; each adapter's own."""

    def reply(self, reply: Reply, /) -> list[Letter]: ...
    def words(self, text: str, *, part: int = 1) -> Letter: ...
    def keyboard(self, rows: list[list[list[str]]], *, part: int = 1) -> Letter: ...


E = TypeVar("E", bound=Event)
P = TypeVar("P", bound=Paper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What to send, and a word that only the person who pressed sees."""

    letters: Sequence[Letter] = ()
    toast: str = ""
    errands: Sequence[Errand] = ()


class Presses(ABC, Generic[E, P]):
    """Runs buttons by the code in front of their data."""

    platform = ""  # whose sentences these are

    def __init__(
        self, dialogue: DialogueManager, store: Store, mailbox: Mailbox, office: str
    ) -> None:
        """``store`` holds its writes back like the dialogue's; ``office`` is the bot's id."""
        self._dialogue = dialogue
        self._store = store
        self._mailbox = mailbox
        self._office = office

    async def run(self, event: E, paper: P, user: UserId, lang: Lang) -> Pressed:
        """Do what was pressed; what is somebody else's changes nothing and is said so."""
        try:
            return await self._run(event, paper, user, lang)
        except NotFoundError:
            return Pressed(toast=self._t("not_yours", lang))

    async def _run(self, event: E, paper: P, user: UserId, lang: Lang) -> Pressed:
        if event.kind == "reacted":
            return await self._reacted(event, user)
        code, _, rest = event.data.partition(":")
        match code:
            case "v" | "r":
                return await self._vote(event, paper, user, lang)
            case "u":
                return await self._undo(event, rest, paper, user, lang)
            case "k":
                return Pressed(letters=[paper.keyboard([])])
            case "b":
                return await self._own(event, rest, paper, user, lang)
            case "l" if event.private:
                return await self._language(rest, paper, user)
            case "f" if event.private:
                return await self._forget(rest, paper, user, lang)
            case _:
                return self._other(event, paper, lang)

    @abstractmethod
    async def _vote(self, event: E, paper: P, user: UserId, lang: Lang) -> Pressed:
        """A thumb or its reason."""

    def _other(self, event: E, paper: P, lang: Lang) -> Pressed:  # noqa: ARG002
        """What only this platform has."""
        return Pressed()

    def _t(self, key: str, lang: Lang) -> str:
        return t(f"{self.platform}.{key}", lang)

    async def _own(self, event: E, action: str, paper: P, user: UserId, lang: Lang) -> Pressed:
        """A button of the dialogue's: a used card loses its buttons, what it says follows."""
        reply = await self._dialogue.press(
            Press(
                user=user, place=event.place, account=str(event.user), action=action,
                at=event.sent_at, lang=lang, office=self._office, name=event.name,
            )
        )  # fmt: skip
        through = [paper.keyboard([], part=THROUGH)] if reply.stale else []
        said = paper.reply(reply) if reply.text else []
        return Pressed(letters=[*through, *said], toast=reply.aside, errands=reply.errands)

    async def _reacted(self, event: E, user: UserId) -> Pressed:
        """A thumb on an answer counts like the button; other people's do not."""
        shown = await self._mailbox.letter_shown(str(event.chat), str(event.message_id))
        turn = str(shown.memo.get("turn") or "") if shown else ""
        if shown is None or not turn or event.vote is None:
            return Pressed()
        if shown.memo.get("user") == str(event.user):
            await self._dialogue.rate(user, TurnId(turn), event.vote)
        return Pressed()

    async def _undo(self, event: E, id_: str, paper: P, user: UserId, lang: Lang) -> Pressed:
        """Take back exactly what the message above logged."""
        letter = await self._mailbox.letter(id_)
        if letter is None or not letter.memo:  # erased since
            return Pressed(letters=[paper.keyboard([])], toast=t("log.nothing_to_undo", lang))
        if letter.memo.get("user") != str(event.user):
            raise NotFoundError("somebody else's")
        ids = [ObservationId(i) for i in letter.memo.get("undo", [])]
        gone = await self._store.remove_observations(user, ids)
        words = paper.words(undone(gone, lang), part=2)
        return Pressed(letters=[paper.keyboard([]), words])

    async def _language(self, code: str, paper: P, user: UserId) -> Pressed:
        """The choice under the greeting: also the agreement that stands above it."""
        lang: Lang = "zh" if code == "zh" else "en"
        profile = await self._store.profile(user)
        agreed = replace(profile, lang=lang, consents=profile.consents | {"store"})
        await self._store.save_profile(agreed)
        text = self._t("started", lang)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])

    async def _forget(self, answer: str, paper: P, user: UserId, lang: Lang) -> Pressed:
        if answer != "yes":
            profile = await self._store.profile(user)
            await self._store.save_profile(without_pending(profile))
            text = self._t("kept", lang)
        else:
            await self._store.forget(user)
            text = t("command.forgotten", lang)
        return Pressed(letters=[paper.keyboard([]), paper.words(text, part=2)])
