"""Emergencies: the fixed text, and what is kept once it has gone out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.dialogue.commands import PENDING_COUNTRY
from bot.dialogue.recording import RECORD_WAIT_S
from bot.dialogue.turns import Heard, Said, to_turn, without_values
from bot.errors import NotFoundError, StoreError
from bot.metrics.parse import understand
from bot.model import TriageResult, TurnId
from bot.ports import Store
from bot.safety import replies


class Alarm:
    """Says what to do at once, whatever else is down."""

    def __init__(self, store: Store, country: str) -> None:
        """``country`` holds until a person says theirs."""
        self._store = store
        self._default = country

    def country(self, heard: Heard) -> str:
        """The person's country as far as it is known: two letters, or nothing."""
        return heard.profile.country or self._default

    def said(self, heard: Heard, verdict: TriageResult) -> Said:
        """The fixed text of the verdict."""
        country = self.country(heard)
        if verdict.crisis:
            return Said(text=replies.crisis_text(verdict, heard.lang, country), kind="crisis")
        return Said(text=replies.emergency_text(verdict, heard.lang, country), kind="emergency")

    async def record(self, heard: Heard, said: Said, turn: TurnId, total_ms: float) -> None:
        """Record it, what was measured, and that we asked for the country.

        The fixed text has gone out by now; a dead store is no reason to fail.
        """
        try:
            async with asyncio.timeout(RECORD_WAIT_S):
                profile = await self._store.profile(heard.message.user)
                if not (profile.country or self._default):
                    pending = {**profile.pending, PENDING_COUNTRY: heard.now.isoformat()}
                    await self._store.save_profile(replace(profile, pending=pending))
                found = understand(heard.text, lang=heard.lang, now=heard.now, tz=heard.message.tz)
                if found.metrics.observations and heard.values_here:
                    await self._store.add_observations(
                        heard.message.user, found.metrics.observations
                    )
                if heard.education:
                    said = replace(said, asked=without_values(heard.text, found.metrics))
                await self._store.add_turn(to_turn(heard, said, turn=turn, total_ms=total_ms))
        except (StoreError, NotFoundError, TimeoutError):
            return
