"""The end of a message: told what Salus is, recorded, and turned into the reply that stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.dialogue.turns import Heard, Said, to_reply, to_turn
from bot.errors import NotFoundError, StoreError
from bot.i18n import t
from bot.ids import new_id
from bot.model import Reply, TurnId
from bot.ports import Store

RECORD_WAIT_S: Final = 6.0  # a little more than the database's own patience


class Recorder:
    """Keeps what was said and answered; an answer that could not be kept is shown all the same."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        """``clock`` in seconds, for durations only."""
        self._store = store
        self._clock = clock

    def ms(self, started: float) -> float:
        """Milliseconds since ``started`` of the clock."""
        return round((self._clock() - started) * 1000, 1)

    async def finish(self, heard: Heard, said: Said, started: float) -> Reply:
        """Record the turn; an answer that could not be recorded is not votable."""
        said = _introduced(heard, said)
        if said.person is not None:
            heard = heard.by(said.person)
        total = self.ms(started)
        turn: TurnId | None = None
        if said.record and not said.failure.startswith("error.store"):
            turn = await self._record(heard, said, total)
        return to_reply(heard, said, turn=turn, total_ms=total)

    async def _record(self, heard: Heard, said: Said, total: float) -> TurnId | None:
        turn = new_turn_id()
        try:
            async with asyncio.timeout(RECORD_WAIT_S):
                if not heard.profile.greeted:
                    profile = await self._store.profile(heard.message.user)
                    await self._store.save_profile(replace(profile, greeted=True))
                await self._store.add_turn(to_turn(heard, said, turn=turn, total_ms=total))
        except (StoreError, NotFoundError, TimeoutError):  # not found: they just became another
            return None
        return turn


def new_turn_id() -> TurnId:
    """The id of a turn that is about to be."""
    return TurnId(new_id())


def _introduced(heard: Heard, said: Said) -> Said:
    """At first contact the person is told what Salus is."""
    if heard.profile.greeted or not said.record:
        return said
    intro = t("intro", heard.lang)
    kept = None if said.kept is None else f"{said.kept}\n\n{intro}"
    return replace(said, text=f"{said.text}\n\n{intro}", kept=kept)
