"""Drives the dialogue as a person would: say something, read the reply, press a thumb."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.dialogue.answering import Answerer
from bot.dialogue.manager import Defaults, DialogueManager
from bot.generation.prompts import PromptBook
from bot.grounding.check import Checker
from bot.model import Message, Place, Platform, Reply, Turn, UserId
from bot.safety import Triage
from bot.settings import ROOT
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.retriever import FakeRetriever
from tests.fakes.store import FakeStore

if TYPE_CHECKING:
    from bot.dialogue.relating import Relating
    from bot.errors import ModelError
    from bot.ports import Models

TRIAGE = Triage.load()
PROMPTS = PromptBook.load(ROOT / "prompts" / "answer")
BRIEF = PromptBook.load(ROOT / "prompts" / "embedded")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Chat:
    """One Salus and the people talking to it. Time stands still until ``later`` is called."""

    def __init__(
        self,
        *,
        script: Sequence[str | ModelError] = (),
        generator: ScriptedGenerator | None = None,
        store: FakeStore | None = None,
        defaults: Defaults | None = None,
        education_only: frozenset[Platform] = frozenset(),
        models: Models | None = None,
        retriever: FakeRetriever | None = None,
        relating: Relating | None = None,
        budget: int | None = 2000,
    ) -> None:
        """Without a script no model is asked. ``budget`` None: the model reads little."""
        self.store = store or FakeStore()
        self.retriever = retriever or FakeRetriever()
        self.generator = generator or (ScriptedGenerator(script) if script else None)
        self.now = NOON
        self.dialogue = DialogueManager(
            store=self.store,
            answerer=Answerer(
                retriever=self.retriever,
                generator=self.generator,
                prompts=PROMPTS if budget else BRIEF,
                checker=Checker(),
                budget_tokens=budget,
                models=models,
            ),
            triage=TRIAGE,
            defaults=defaults,
            education_only=education_only,
            relating=relating,
        )

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)

    async def snapshots(
        self,
        text: str,
        *,
        user: str = "ann",
        private: bool = True,
        platform: Platform = "console",
        chat: str = "home",
        account: str = "",
    ) -> list[Reply]:
        """Everything shown for one message; with an ``account`` its person is looked up."""
        person = await self.store.user_for(platform, account) if account else UserId(user)
        message = Message(
            user=person,
            place=Place(platform=platform, chat=chat, private=private),
            text=text,
            sent_at=self.now,
            tz="Europe/Berlin",
            account=account,
            office="42" if account else "",
        )
        self.later(seconds=1)
        async with aclosing(self.dialogue.respond(message)) as replies:
            return [reply async for reply in replies]

    async def say(self, text: str, **where: str | bool) -> Reply:
        """Say something and read the final reply."""
        shown = await self.snapshots(text, **where)  # type: ignore[arg-type]
        assert shown[-1].final
        assert all(not reply.final for reply in shown[:-1])
        return shown[-1]

    async def turns(self, user: str = "ann", chat: str = "home") -> list[Turn]:
        """What was recorded for a person, oldest first."""
        return await self.store.history(UserId(user), platform="console", chat=chat, limit=100)
