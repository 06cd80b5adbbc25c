"""Votes as Telegram shows them: thumbs, and the reasons under a thumb down."""

from __future__ import annotations

from bot.adapters.chat import presses
from bot.adapters.chat.presses import REASONS, Pressed
from bot.adapters.telegram import buttons
from bot.adapters.telegram.events import Event
from bot.adapters.telegram.letters import Paper
from bot.i18n import t
from bot.model import Lang, TurnId, UserId, Vote


class Presses(presses.Presses[Event, Paper]):
    """See adapters.chat.presses."""

    platform = "telegram"

    async def _vote(self, event: Event, paper: Paper, user: UserId, lang: Lang) -> Pressed:
        code, _, rest = event.data.partition(":")
        what, _, turn_id = rest.partition(":")
        turn = TurnId(turn_id)
        if code == "r":
            reason = what if what in REASONS else ""
            await self._dialogue.rate(user, turn, "down", reason)
            rows = buttons.thumbs(turn, "down")
            return Pressed(letters=[paper.keyboard(rows)], toast=self._t("reason_thanks", lang))
        vote: Vote = "up" if what == "up" else "down"
        reply = await self._dialogue.rate(user, turn, vote)
        rows = buttons.thumbs(turn, "up") if vote == "up" else buttons.reasons(turn, reply.lang)
        return Pressed(letters=[paper.keyboard(rows)], toast=t("vote.thanks_up", reply.lang))
