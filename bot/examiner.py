"""Puts the suites to the real dialogue: real knowledge and checks, the model to be judged.

Each case is a new person in a database of its own that is thrown away. Which adapter answers is
fixed for the run, so that two runs differ in nothing else.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.dialogue.answering import Answerer
from bot.dialogue.manager import DialogueManager
from bot.errors import AdapterMissingError
from bot.grounding.check import Checker, CitedPassage
from bot.model import Assignment, ChatMessage, Message, Passage, Place, Reply, Turn, UserId
from bot.ports import Generator, Models
from bot.safety import Triage
from bot.store import KeyRing, open_store
from bot.store.sql import SqlStore
from bot.tuning.cases import Case
from bot.tuning.scoring import Answered, score

PassagesOf = Callable[[str, Sequence[str]], Mapping[str, Passage]]
Tell = Callable[[int, int], None]
Note = Callable[[Case, Answered], None]
_START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A Models that answers everybody with the same adapter; None: what the generator is."""

    adapter: str | None

    async def assigned(self, user: UserId) -> Assignment:  # noqa: ARG002  # the same for all
        """The one."""
        return Assignment(adapter=self.adapter)


class Examiner:
    """Runs cases. One run at a time."""

    def __init__(
        self,
        answerer: Callable[[Models], Answerer],
        generator: Generator | None,
        triage: Triage,
        passages_of: PassagesOf,
    ) -> None:
        """``answerer`` makes the answering path over ``generator`` for a choice of adapter."""
        self._answerer = answerer
        self._generator = generator
        self._triage = triage
        self._passages_of = passages_of
        self._checker = Checker()

    async def run(
        self,
        cases: Sequence[Case],
        adapter: str | None,
        tell: Tell | None = None,
        *,
        note: Note | None = None,
    ) -> dict[str, dict[str, float]]:
        """The scores of every case. AdapterMissingError before the first if it is not there.

        ``note`` hears every answer, for judges of one's own.
        """
        if adapter:
            await self._probe(adapter)
        with tempfile.TemporaryDirectory(prefix="salus-eval-") as folder:
            store = await open_store(f"sqlite:///{Path(folder) / 'eval.db'}", keys=_keys())
            dialogue = DialogueManager(
                store=store, answerer=self._answerer(Fixed(adapter)), triage=self._triage
            )
            try:
                found: dict[str, dict[str, float]] = {}
                for done, case in enumerate(cases, start=1):
                    answered = await self._case(dialogue, store, case)
                    found[case.id] = await asyncio.to_thread(score, case, answered, self._checker)
                    if note is not None:
                        note(case, answered)
                    if tell is not None:
                        tell(done, len(cases))
                return found
            finally:
                await store.close()

    async def _probe(self, adapter: str) -> None:
        """In a chat a missing adapter is stood in for; what is measured must be what is named."""
        if self._generator is None:
            raise AdapterMissingError(adapter)
        hello = [ChatMessage(role="user", content="Hello")]
        async with aclosing(self._generator.stream(hello, adapter=adapter)) as answer:
            await anext(answer, None)

    async def _case(self, dialogue: DialogueManager, store: SqlStore, case: Case) -> Answered:
        user = await store.user_for("console", case.id)
        place = Place(platform="console", chat=case.id)
        seconds = 0.0
        for number, text in enumerate(case.say):
            at = _START + timedelta(minutes=number)
            started = time.perf_counter()
            message = Message(user=user, place=place, text=text, sent_at=at, lang=case.lang)
            reply = await _last(dialogue, message)
            seconds = time.perf_counter() - started
        turns = await store.history(user, platform="console", chat=case.id, limit=1)
        return self._answered(reply, turns[-1] if turns else None, seconds)

    def _answered(self, reply: Reply, turn: Turn | None, seconds: float) -> Answered:
        passages: tuple[CitedPassage, ...] = ()
        if turn is not None and turn.shown:
            kept = self._passages_of(turn.knowledge_version, turn.shown)
            passages = tuple(
                CitedPassage(id=p.id, text=p.text, title=p.title)
                for p in (kept[id_] for id_ in turn.shown)
            )
        return Answered(
            kind=reply.kind,
            text=reply.text,
            alone=turn.written if turn is not None and turn.written else reply.text,
            passages=passages,
            from_model=reply.path == "model",
            seconds=seconds,
        )


async def _last(dialogue: DialogueManager, message: Message) -> Reply:
    async with aclosing(dialogue.respond(message)) as replies:
        shown = [reply async for reply in replies]
    return shown[-1]


def _keys() -> KeyRing:
    return KeyRing.generate()
