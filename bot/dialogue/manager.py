"""Decides what happens to each message, in this order and no other:

clean → language → triage (code, before anything that can be down) → command or an open
question of ours → refusals (code) → look-up of own values → readings to log → question → record.

An emergency is answered before the person's lane is taken, so that it never waits for an
earlier answer, a model, the index or the database.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from bot.dialogue import commands, numbers, smalltalk, wording
from bot.dialogue.alarm import Alarm
from bot.dialogue.answering import Answerer
from bot.dialogue.challenges.cards import PREFIX
from bot.dialogue.challenges.room import TASK as CHALLENGE
from bot.dialogue.challenges.room import Room
from bot.dialogue.commands import Commands
from bot.dialogue.curating.front import Curating, Ways
from bot.dialogue.followup import search_text, with_readings
from bot.dialogue.hearing import Defaults, hear, unreadable
from bot.dialogue.lanes import Lanes
from bot.dialogue.linking import told
from bot.dialogue.logbook import Logbook
from bot.dialogue.lookups import Lookups, asked_for
from bot.dialogue.question import Question
from bot.dialogue.recording import Recorder, new_turn_id
from bot.dialogue.relating import Relating
from bot.dialogue.turns import Heard, Said, to_reply, without_values
from bot.errors import NotFoundError, StoreError
from bot.i18n import t
from bot.metrics.parse import Utterance, understand
from bot.model import (
    Errand,
    Message,
    Observation,
    Place,
    Platform,
    Press,
    Profile,
    Reply,
    TriageLevel,
    TriageResult,
    TurnId,
    UserId,
    Vote,
)
from bot.ports import Store
from bot.safety import Triage, replies

__all__ = ["Defaults", "DialogueManager"]

_HISTORY_TURNS = 6
_WORDS = re.compile(r"[^\W\d_]{2}")  # more than a unit's letter was left beside the values
_COMPLAINTS: frozenset[TriageLevel] = frozenset({"selfcare", "soon", "urgent"})


class DialogueManager:
    """One way in for every adapter: ``respond`` to a message, ``rate`` a turn."""

    def __init__(  # noqa: PLR0913 - each is a part of the composition
        self,
        *,
        store: Store,
        answerer: Answerer,
        triage: Triage,
        defaults: Defaults | None = None,
        education_only: frozenset[Platform] = frozenset(),
        curating: Curating | None = None,
        relating: Relating | None = None,
        challenges: Room | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """All parts are given; nothing is made here that could fail.

        ``education_only``: platforms where nothing about a person's body is kept or shown.
        ``curating``: how the knowledge is looked after by chat; ``challenges``: what groups do
        together; None where it is not offered. ``relating``: explains answers by the medical graph.
        """
        self._curating = curating
        self._challenges = challenges
        self._store = store
        self._answerer = answerer
        self._triage = triage
        self._defaults = defaults or Defaults()
        self._clock = clock
        self._education_only = education_only
        self._lanes = Lanes()
        self._alarm = Alarm(store, self._defaults.country)
        self._recorder = Recorder(store, clock)
        self._logbook = Logbook(store)
        self._lookups = Lookups(store)
        self._commands = Commands(store, self._logbook, curating, relating, challenges)

    async def respond(self, message: Message) -> AsyncGenerator[Reply, None]:
        """Yield snapshots; the last one is final. Raises nothing but cancellation."""
        started = self._clock()
        heard = await hear(
            message,
            store=self._store,
            triage=self._triage,
            defaults=self._defaults,
            education_only=self._education_only,
        )
        if heard.triage.level == "emergency":
            said, turn = self._alarm.said(heard, heard.triage), new_turn_id()
            total_ms = self._recorder.ms(started)
            yield to_reply(heard, said, turn=turn, total_ms=total_ms)
            await self._alarm.record(heard, said, turn, total_ms)
            return
        async with (
            self._lanes.hold(message.user),
            aclosing(self._in_lane(heard, started)) as snapshots,
        ):
            async for reply in snapshots:
                yield reply

    def urgent(self, text: str) -> bool:
        """Whether words are an emergency by themselves and must not wait for an earlier answer."""
        return self._triage.assess(text).level == "emergency"

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

    # --- looking after the knowledge

    async def curates(self, place: Place, account: str) -> bool:
        """Whether a file from this account is for the knowledge. Raises a StoreError."""
        return self._curating is not None and await self._curating.curates(place, account)

    async def press(self, press: Press) -> Reply:
        """A button of Reply.buttons was pressed. NotFoundError for what is not theirs to press."""
        if self._challenges is not None and press.action.startswith(PREFIX):
            async with self._lanes.hold(press.user):
                return await self._challenges.press(press)
        if self._curating is None or not press.place.private:
            raise NotFoundError("nothing of ours has such buttons")
        async with self._lanes.hold(press.user):
            return await self._curating.press(press, await self._store.profile(press.user))

    async def run(self, errand: Errand, ways: Ways) -> AsyncGenerator[Reply, None]:
        """Do what a reply owed: snapshots, then the reply that stays. Holds no lane."""
        if errand.task == CHALLENGE:
            said = await self._challenges.told(errand) if self._challenges else None
            if said is not None:
                yield said
            return
        if errand.task == "account":
            profile = await self._store.profile(errand.user)
            yield told(errand, profile.lang or errand.lang)
            return
        if self._curating is None:
            return
        async with aclosing(self._curating.run(errand, ways)) as replies:
            async for reply in replies:
                yield reply

    async def due(self, platform: Platform, office: str, now: datetime) -> Sequence[Errand]:
        """What the clock brings to the groups of one bot. Raises a StoreError."""
        if self._challenges is None:
            return ()
        return await self._challenges.due(platform, office, now)

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
                    yield to_reply(heard, said, turn=None, total_ms=self._recorder.ms(started))
            return
        async with aclosing(self._decide(heard)) as decided:
            async for said in decided:
                if said.final:
                    yield await self._recorder.finish(heard, said, started)
                else:
                    yield to_reply(heard, said, turn=None, total_ms=self._recorder.ms(started))

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
        utterance = _understood(heard)
        holds_values = bool(utterance.metrics.observations or utterance.metrics.asks)
        needs_store = commands.read(heard.text) or asked_for(heard)
        if needs_store or (holds_values and not utterance.is_question):
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
        if self._curating is not None:
            curated = await self._curating.spoken(heard)
            if curated is not None:
                return curated
        refused = unreadable(heard)
        if refused is not None:
            return refused
        settled = await self._commands.confirm_pending(heard)
        if settled is None and heard.values_here:
            settled = await self._logbook.settle(heard)
        said = settled or wording.refusal(heard) or smalltalk.reply(heard)
        return said or await self._lookups.answer(heard)

    async def _log_and_answer(self, heard: Heard) -> AsyncGenerator[Said, None]:
        utterance = _understood(heard)
        found = utterance.metrics
        logged: Said | None = None
        asked: str | None = None
        if found.observations or found.asks:
            if heard.values_here:
                logged = await self._log(heard, utterance)
                ends = logged.kind in {"emergency", "crisis", "clarify"}
                asks = utterance.is_question or self._complains(utterance.rest)
                instead = logged if ends or not asks else None
            else:
                asked = without_values(heard.text, found) if heard.education else None
                instead = self._not_logged(heard, utterance)
            if instead is not None:
                yield replace(instead, asked=asked)
                return
        async with aclosing(self._answer(heard, logged, found.observations)) as snapshots:
            async for said in snapshots:
                # When nothing was asked, it is no news that nothing was found.
                vain = said.final and not (said.relevant or utterance.is_question)
                yield replace(logged if logged and vain else said, asked=asked)

    def _complains(self, rest: str) -> bool:
        """Whether what was said beside the values tells of a symptom, which deserves an answer."""
        return bool(_WORDS.search(rest)) and self._triage.assess(rest).level in _COMPLAINTS

    def _not_logged(self, heard: Heard, utterance: Utterance) -> Said | None:
        """Values where they are not kept: danger comes first, then why not; None: just answer."""
        verdict = self._verdict(heard, utterance)
        if verdict.level == "emergency":
            return self._alarm.said(heard, verdict)
        if heard.education and utterance.is_question:
            return None
        key = "place.education_only" if heard.education else "place.in_private"
        why = wording.say(key, heard, kind="clarify")
        if verdict.level != "urgent":
            return why
        notice = replies.urgent_text(verdict, heard.lang, self._alarm.country(heard))
        return replace(why, text=f"{notice}\n\n{why.text}")

    async def _log(self, heard: Heard, utterance: Utterance) -> Said:
        """Store the readings; a dangerous one is answered with what to do about it."""
        logged = await self._logbook.log(heard, utterance.metrics)
        verdict = self._verdict(heard, utterance)
        if verdict.level == "emergency":
            said = self._alarm.said(heard, verdict)
            return replace(
                said, text=f"{said.text}\n\n{logged.text}", personal=True, undo=logged.undo
            )
        if verdict.level == "urgent":
            notice = replies.urgent_text(verdict, heard.lang, self._alarm.country(heard))
            return replace(logged, text=f"{logged.text}\n\n{notice}")
        return logged

    def _verdict(self, heard: Heard, utterance: Utterance) -> TriageResult:
        """The verdict on the message with the readings in it."""
        return self._triage.assess(
            heard.text,
            lang=heard.lang,
            profile=heard.profile.facts,
            observations=utterance.metrics.observations,
        )

    async def _answer(
        self, heard: Heard, logged: Said | None, readings: Sequence[Observation]
    ) -> AsyncGenerator[Said, None]:
        question = await self._question(heard, readings)
        opening = wording.opening(heard, question, logged, self._alarm.country(heard))
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
        if heard.values_here:
            kept = await self._store.observations(user, since=numbers.since(heard.now))
        query = search_text(heard.text, history)
        facts = heard.profile.facts.items() if heard.values_here else ()
        return Question(
            text=heard.text,
            search_text=with_readings(query, readings, heard.lang),
            lang=heard.lang,
            tenant=user,
            own=numbers.for_question(
                kept, query, now=heard.now, tz=heard.message.tz, lang=heard.lang
            ),
            profile=tuple(f"{name}: {value}" for name, value in facts),
            history=tuple(history),
        )


def _understood(heard: Heard) -> Utterance:
    text = heard.text.removeprefix("/log").strip()
    return understand(text, lang=heard.lang, now=heard.now, tz=heard.message.tz)
