"""Decides what happens to each message, in this order and no other:

clean → language → triage (code, before anything that can be down) → command or an open
question of ours → refusals (code) → readings to log → question → record.

An emergency is answered before the person's lane is taken, so that it never waits for an
earlier answer, a model, the index or the database.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from bot.dialogue import commands, numbers, smalltalk, wording
from bot.dialogue.answering import Answerer, Question
from bot.dialogue.commands import PENDING_COUNTRY, Commands
from bot.dialogue.followup import search_text, with_readings
from bot.dialogue.hearing import Defaults, hear, unreadable
from bot.dialogue.lanes import Lanes
from bot.dialogue.logbook import Logbook
from bot.dialogue.turns import Heard, Said, to_reply, to_turn
from bot.errors import StoreError
from bot.i18n import t
from bot.ids import new_id
from bot.metrics.parse import Utterance, understand
from bot.model import Message, Observation, Profile, Reply, TriageResult, TurnId, UserId, Vote
from bot.ports import Store
from bot.safety import Triage, replies

__all__ = ["Defaults", "DialogueManager"]

_RECORD_WAIT_S = 6.0  # a little more than the database's own patience
_HISTORY_TURNS = 6


class DialogueManager:
    """One way in for every adapter: ``respond`` to a message, ``rate`` a turn."""

    def __init__(
        self,
        *,
        store: Store,
        answerer: Answerer,
        triage: Triage,
        defaults: Defaults | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """All parts are given; nothing is made here that could fail."""
        self._store = store
        self._answerer = answerer
        self._triage = triage
        self._defaults = defaults or Defaults()
        self._clock = clock
        self._lanes = Lanes()
        self._logbook = Logbook(store)
        self._commands = Commands(store, self._logbook)

    async def respond(self, message: Message) -> AsyncGenerator[Reply, None]:
        """Yield snapshots; the last one is final. Raises nothing but cancellation."""
        started = self._clock()
        heard = await hear(message, store=self._store, triage=self._triage, defaults=self._defaults)
        if heard.triage.level == "emergency":
            said = self._emergency(heard, heard.triage)
            turn = _turn_id()
            yield to_reply(heard, said, turn=turn, total_ms=self._ms(started))
            await self._after_emergency(heard, said, turn, started)
            return
        async with (
            self._lanes.hold(message.user),
            aclosing(self._in_lane(heard, started)) as snapshots,
        ):
            async for reply in snapshots:
                yield reply

    async def rate(self, user: UserId, turn: TurnId, vote: Vote, reason: str = "") -> Reply:
        """Record a vote given by button. Raises NotFoundError for a turn that is not theirs."""
        kept = await self._store.turn(user, turn)
        heard = Heard(
            message=Message(user=user, place=kept.place, text="", sent_at=datetime.now(UTC)),
            text="",
            lang=kept.lang,
            profile=Profile(user=user),
            triage=TriageResult(level="none"),
            now=datetime.now(UTC),
        )
        said = await self._commands.rate(kept, vote, reason, heard)
        return to_reply(heard, said, turn=None, total_ms=0.0)

    # --- emergencies ---------------------------------------------------------

    def _emergency(self, heard: Heard, verdict: TriageResult) -> Said:
        country = self._country(heard)
        if verdict.crisis:
            text = replies.crisis_text(verdict, heard.lang, country)
            return Said(text=text, kind="crisis")
        text = replies.emergency_text(verdict, heard.lang, country)
        return Said(text=text, kind="emergency")

    def _country(self, heard: Heard) -> str:
        return heard.profile.country or self._defaults.country

    async def _after_emergency(
        self, heard: Heard, said: Said, turn: TurnId, started: float
    ) -> None:
        """Record it, what was measured, and that we asked for the country.

        The fixed text has gone out by now; a dead store is no reason to fail.
        """
        try:
            async with asyncio.timeout(_RECORD_WAIT_S):
                profile = await self._store.profile(heard.message.user)
                if not (profile.country or self._defaults.country):
                    pending = {PENDING_COUNTRY: heard.now.isoformat()}
                    await self._store.save_profile(replace(profile, pending=pending))
                found = understand(heard.text, lang=heard.lang, now=heard.now, tz=heard.message.tz)
                if found.metrics.observations and self._may_log(heard):
                    await self._store.add_observations(
                        heard.message.user, found.metrics.observations
                    )
                total = self._ms(started)
                await self._store.add_turn(to_turn(heard, said, turn=turn, total_ms=total))
        except (StoreError, TimeoutError):
            return

    # --- everything else, in the person's lane -------------------------------

    async def _in_lane(self, heard: Heard, started: float) -> AsyncGenerator[Reply, None]:
        try:
            # What was known before the lane was ours may be old by now.
            heard = replace(heard, profile=await self._store.profile(heard.message.user))
        except StoreError as error:
            # Nothing may be stored or shown of the person, but a question is still answered.
            heard = replace(heard, profile=Profile(user=heard.message.user, greeted=True))
            async with aclosing(self._without_store(heard, error)) as snapshots:
                async for said in snapshots:
                    yield to_reply(heard, said, turn=None, total_ms=self._ms(started))
            return
        async with aclosing(self._decide(heard)) as decided:
            async for said in decided:
                if said.final:
                    yield await self._finish(heard, self._introduced(heard, said), started)
                else:
                    yield to_reply(heard, said, turn=None, total_ms=self._ms(started))

    async def _decide(self, heard: Heard) -> AsyncGenerator[Said, None]:
        """Command, open question, refusal, log or question; store errors end in plain words."""
        try:
            fixed = await self._fixed(heard)
            if fixed is not None:
                yield fixed
                return
            async with aclosing(self._log_and_answer(heard)) as snapshots:
                async for said in snapshots:
                    yield said
        except StoreError as error:
            yield wording.stored_nothing(heard, error)

    async def _without_store(self, heard: Heard, error: StoreError) -> AsyncGenerator[Said, None]:
        """With the database down: refusals and questions yes, anything to keep no."""
        text = heard.text.removeprefix("/log").strip()
        utterance = understand(text, lang=heard.lang, now=heard.now, tz=heard.message.tz)
        holds_values = bool(utterance.metrics.observations or utterance.metrics.asks)
        if commands.read(heard.text) or (holds_values and not utterance.is_question):
            yield wording.stored_nothing(heard, error)
            return
        fixed = unreadable(heard) or wording.refusal(heard) or smalltalk.reply(heard)
        if fixed is not None:
            yield fixed
            return
        question = Question(
            text=heard.text, search_text=heard.text, lang=heard.lang, tenant=heard.message.user
        )
        note = t("answer.not_stored", heard.lang)
        async with aclosing(self._answerer.answer(question)) as snapshots:
            async for said in snapshots:
                yield replace(
                    said,
                    text=f"{said.text}\n\n{note}" if said.final else said.text,
                    votable=False,
                    failure=said.failure or error.key,
                )

    async def _fixed(self, heard: Heard) -> Said | None:
        """Everything that code alone decides, before logging and questions."""
        command = commands.read(heard.text)
        if command is not None and not (command[0] == "log" and command[1]):
            return await self._commands.run(*command, heard)
        refused = unreadable(heard)
        if refused is not None:
            return refused
        settled = await self._commands.confirm_pending(heard) or await self._logbook.settle(heard)
        return settled or wording.refusal(heard) or smalltalk.reply(heard)

    async def _log_and_answer(self, heard: Heard) -> AsyncGenerator[Said, None]:
        text = heard.text.removeprefix("/log").strip()
        utterance = understand(text, lang=heard.lang, now=heard.now, tz=heard.message.tz)
        logged: Said | None = None
        if utterance.metrics.observations or utterance.metrics.asks:
            if not self._may_log(heard):
                yield Said(text=t("place.in_private", heard.lang), kind="clarify")
                return
            logged = await self._log(heard, utterance)
            if logged.kind in {"emergency", "crisis", "clarify"} or not utterance.is_question:
                yield logged
                return
        readings = utterance.metrics.observations
        async with aclosing(self._answer(heard, logged, readings)) as snapshots:
            async for said in snapshots:
                yield said

    async def _log(self, heard: Heard, utterance: Utterance) -> Said:
        """Store the readings; a dangerous one is answered with what to do about it."""
        logged = await self._logbook.log(heard, utterance.metrics)
        verdict = self._triage.assess(
            heard.text,
            lang=heard.lang,
            profile=heard.profile.facts,
            observations=utterance.metrics.observations,
        )
        if verdict.level == "emergency":
            said = self._emergency(heard, verdict)
            return replace(
                said, text=f"{said.text}\n\n{logged.text}", personal=True, undo=logged.undo
            )
        if verdict.level == "urgent":
            notice = replies.urgent_text(verdict, heard.lang, self._country(heard))
            return replace(logged, text=f"{logged.text}\n\n{notice}")
        return logged

    def _may_log(self, heard: Heard) -> bool:
        return heard.private and heard.message.place.platform in self._defaults.metrics_allowed

    async def _answer(
        self, heard: Heard, logged: Said | None, readings: Sequence[Observation]
    ) -> AsyncGenerator[Said, None]:
        question = await self._question(heard, readings)
        opening = wording.opening(heard, question, logged, self._country(heard))
        personal = bool(logged or question.own.shown or question.own.context)
        async with aclosing(self._answerer.answer(question)) as snapshots:
            async for said in snapshots:
                yield replace(
                    said,
                    text=f"{opening}\n\n{said.text}" if opening else said.text,
                    personal=personal,
                    undo=logged.undo if logged else (),
                )

    async def _question(self, heard: Heard, readings: Sequence[Observation]) -> Question:
        """The question with what this place may know about the person; nothing in a group."""
        user, place = heard.message.user, heard.message.place
        history = await self._store.history(
            user, platform=place.platform, chat=place.chat, limit=_HISTORY_TURNS
        )
        kept: list[Observation] = []
        if self._may_log(heard):
            kept = await self._store.observations(user, since=numbers.since(heard.now))
        query = search_text(heard.text, history)
        facts = tuple(f"{k}: {v}" for k, v in heard.profile.facts.items()) if heard.private else ()
        return Question(
            text=heard.text,
            search_text=with_readings(query, readings, heard.lang),
            lang=heard.lang,
            tenant=user,
            own=numbers.for_question(
                kept, query, now=heard.now, tz=heard.message.tz, lang=heard.lang
            ),
            profile=facts,
            history=tuple(history),
        )

    # --- ending --------------------------------------------------------------

    def _introduced(self, heard: Heard, said: Said) -> Said:
        """At first contact the person is told what Salus is."""
        if heard.profile.greeted or not said.record:
            return said
        return replace(said, text=f"{said.text}\n\n{t('intro', heard.lang)}")

    async def _finish(self, heard: Heard, said: Said, started: float) -> Reply:
        """Record the turn; an answer that could not be recorded is shown but not votable."""
        total = self._ms(started)
        turn: TurnId | None = None
        if said.record and not said.failure.startswith("error.store"):
            turn = await self._record(heard, said, total)
        return to_reply(heard, said, turn=turn, total_ms=total)

    async def _record(self, heard: Heard, said: Said, total: float) -> TurnId | None:
        turn = _turn_id()
        try:
            async with asyncio.timeout(_RECORD_WAIT_S):
                if not heard.profile.greeted:
                    profile = await self._store.profile(heard.message.user)
                    await self._store.save_profile(replace(profile, greeted=True))
                await self._store.add_turn(to_turn(heard, said, turn=turn, total_ms=total))
        except (StoreError, TimeoutError):
            return None
        return turn

    def _ms(self, started: float) -> float:
        return round((self._clock() - started) * 1000, 1)


def _turn_id() -> TurnId:
    return TurnId(new_id())
