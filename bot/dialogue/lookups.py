"""Questions about what a person logged, answered from the store by code alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.dialogue.turns import Heard, Said
from bot.dialogue.wording import say
from bot.metrics import found
from bot.metrics.lookup import Lookup, read
from bot.ports import Store

_LONGEST = timedelta(days=400)  # the longest period that can be named, and a month


class Lookups:
    """ "What was my average sleep last week?" needs no passage and no model."""

    def __init__(self, store: Store) -> None:
        """The store holds what was logged."""
        self._store = store

    async def answer(self, heard: Heard) -> Said | None:
        """The figure asked for; None when the message asks for none."""
        asked = asked_for(heard)
        if asked is None:
            return None
        if not heard.values_here:
            return say("place.education_only" if heard.education else "place.in_private", heard)
        kept = await self._store.observations(heard.profile.user, since=_since(asked, heard.now))
        text = found.answer(asked, kept, now=heard.now, tz=heard.message.tz, lang=heard.lang)
        return Said(text=text, kind="answer", personal=True, metric_summary=text)


def asked_for(heard: Heard) -> Lookup | None:
    """The look-up a message asks for, or None."""
    return read(heard.text, now=heard.now, tz=heard.message.tz)


def _since(asked: Lookup, now: datetime) -> datetime | None:
    """Everything for a latest value and for BMI; else no more than a period can reach."""
    return None if asked.measure == "latest" or asked.kind == "bmi" else now - _LONGEST
