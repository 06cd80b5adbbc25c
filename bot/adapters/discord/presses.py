"""Votes as Discord shows them, threads, and the way to direct messages."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.chat import presses
from bot.adapters.chat.presses import REASONS, Pressed
from bot.adapters.discord import buttons
from bot.adapters.discord.events import Event
from bot.adapters.discord.letters import Paper
from bot.i18n import t
from bot.model import Lang, TurnId, UserId, Vote
from bot.store.letters import Letter


class Presses(presses.Presses[Event, Paper]):
    """See adapters.chat.presses."""

    platform = "discord"

    async def _vote(
        self,
        event: Event,
        paper: Paper,
        user: UserId,
        lang: Lang,  # noqa: ARG002
    ) -> Pressed:
        """👍; 👎 at the press, so that it counts even if the form is closed; then why."""
        code, _, rest = event.data.partition(":")
        vote: Vote = "up" if code == "v" and rest.startswith("up:") else "down"
        turn = rest.removeprefix(f"{vote}:") if code == "v" else rest
        turn, _, asker = turn.partition(":")
        reason = event.reason if event.reason in REASONS else ""
        reply = await self._dialogue.rate(user, TurnId(turn), vote, reason)
        key = "discord.reason_thanks" if reason else "vote.thanks_up"
        rows = buttons.thumbs(TurnId(turn), int(asker or event.user), vote)
        if event.begins:
            more = buttons.thread(TurnId(turn), int(asker or event.user), reply.lang)
            rows = buttons.side_by_side(rows, more)
        toast = "" if code == "v" and vote == "down" else t(key, reply.lang)
        return Pressed(letters=[paper.keyboard(rows)], toast=toast)

    def _other(self, event: Event, paper: Paper, lang: Lang) -> Pressed:
        code, _, rest = event.data.partition(":")
        match code:
            case "t" if event.guild:
                return Pressed(letters=self._thread(rest, paper, lang))
            case "p":
                hello = paper.to_person(t("discord.here_i_am", lang))
                return Pressed(letters=[hello], toast=t("discord.written_to_you", lang))
            case _:
                return Pressed()

    @staticmethod
    def _thread(rest: str, paper: Paper, lang: Lang) -> Sequence[Letter]:
        """A thread at the answer, whose button for it goes; its context is its own."""
        turn, _, asker = rest.partition(":")
        begun = paper.thread(t("discord.thread_name", lang), t("discord.thread_hello", lang), [])
        if not asker.isdigit():
            return [begun]
        return [begun, paper.keyboard(buttons.thumbs(TurnId(turn), int(asker)), part=2)]
