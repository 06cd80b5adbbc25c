"""Thumbs and words on answers: /good, /bad, /feedback."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.dialogue.orders import Order
from bot.dialogue.turns import Heard, Said
from bot.dialogue.wording import say
from bot.i18n import t
from bot.model import Feedback, Turn, Vote

if TYPE_CHECKING:
    from bot.ports import Store


class Rating:
    """What people think of the answers they got."""

    def __init__(self, store: Store) -> None:
        """Votes are kept with the turn they are about."""
        self._store = store

    async def good(self, order: Order) -> Said:
        """A thumb up for the last answer here."""
        return await self._vote(order, "up")

    async def bad(self, order: Order) -> Said:
        """A thumb down for the last answer here, with the reason that follows."""
        return await self._vote(order, "down")

    async def feedback(self, order: Order) -> Said:
        """How one has rated and how to; with words after it, a remark on the last answer."""
        heard = order.heard
        if order.rest:
            return await self._remark(order)
        counts = Counter(vote.vote for vote in await self._store.votes(heard.profile.user))
        key = "feedback.counts" if counts else "feedback.none"
        told = t(key, heard.lang, up=counts["up"], down=counts["down"])
        text = f"{told} {t('feedback.how', heard.lang)}"
        return Said(text=text, kind="command", personal=True)

    async def rate(self, turn: Turn, vote: Vote, reason: str, heard: Heard) -> Said:
        """Record the person's one vote on a turn."""
        await self._keep(turn, vote, reason, heard)
        return say("vote.thanks_up" if vote == "up" else "vote.thanks_down", heard)

    async def last_answer(self, heard: Heard) -> Turn | None:
        """What a thumb without a turn is about: the last answer in this place."""
        place = heard.message.place
        turns = await self._store.history(
            heard.profile.user, platform=place.platform, chat=place.chat, limit=20
        )
        answers = [turn for turn in turns if turn.kind == "answer"]
        return answers[-1] if answers else None

    async def _vote(self, order: Order, vote: Vote) -> Said:
        turn = await self.last_answer(order.heard)
        if turn is None:
            return say("vote.nothing", order.heard)
        return await self.rate(turn, vote, order.rest, order.heard)

    async def _remark(self, order: Order) -> Said:
        turn = await self.last_answer(order.heard)
        if turn is None:
            return say("vote.nothing", order.heard)
        await self._keep(turn, None, order.rest, order.heard)
        return say("feedback.kept", order.heard)

    async def _keep(self, turn: Turn, vote: Vote | None, reason: str, heard: Heard) -> None:
        at = heard.message.sent_at
        feedback = Feedback(turn=turn.id, user=turn.user, vote=vote, at=at, reason=reason)
        await self._store.vote(feedback)
