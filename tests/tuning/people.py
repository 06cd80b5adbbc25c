"""People who talk to the real dialogue over a real database, agree to learning, and vote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.dialogue.rebuilding import Rebuilder
from bot.model import Feedback, Profile, Turn, UserId, Vote
from bot.settings import ROOT
from bot.store.learning import SqlLessons
from bot.store.sql import SqlStore
from bot.tuning.dataset import Plan
from bot.tuning.deidentify import deidentified
from bot.tuning.rated import Rated
from bot.tuning.vocabulary import small_words
from tests.fakes.chat import BRIEF, NOON, PROMPTS, Chat
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.retriever import PASSAGES

KNOWN = small_words(ROOT / "knowledge" / "pages" / "en")
HELD = "Most adults need at least 7 hours of sleep a night [1]."
QUESTION = "How much sleep do adults need each night?"


def rebuilder(gone: frozenset[str] = frozenset()) -> Rebuilder:
    """Over the passages of the fake retriever, but for those that are ``gone``."""

    def passages_of(version: str, ids: Sequence[str]) -> dict[str, Any]:
        if version != "kb-test":
            return {}
        return {p.id: p for p in PASSAGES if p.id in ids and p.id not in gone}

    return Rebuilder(PROMPTS, passages_of, brief=BRIEF)


def lessons(store: SqlStore) -> SqlLessons:
    """The way out, de-identified as in production."""
    return SqlLessons(store, lambda text, own: deidentified(text, known=KNOWN, own=own))


async def agrees(store: SqlStore, account: str, /, **facts: str) -> UserId:
    """A person at the console who agreed to learning."""
    user = await store.user_for("console", account)
    profile = Profile(user=user, consents=frozenset({"learn"}), facts=facts, greeted=True)
    await store.save_profile(profile)
    return user


async def votes(
    store: SqlStore,
    user: UserId,
    question: str = QUESTION,
    vote: Vote | None = "up",
    *,
    answer: str = HELD,
    at: datetime | None = None,
    budget: int | None = 2000,
) -> tuple[Turn, ScriptedGenerator]:
    """Ask through the dialogue, get ``answer`` from the model, and press a thumb."""
    generator = ScriptedGenerator([answer])
    chat = Chat(store=store, generator=generator, budget=budget)  # type: ignore[arg-type]
    chat.now = at or NOON
    await chat.say(question, user=user)
    (*_, turn) = await store.history(user, platform="console", chat="home", limit=50)
    if vote is not None:
        await store.vote(Feedback(turn=turn.id, user=user, vote=vote, at=chat.now))
    return turn, generator


def lesson(who: str, n: int = 0, vote: Vote = "up", **changes: Any) -> Rated:
    """A lesson as the store gives it."""
    made = {
        "id": f"{who}-{n}", "at": NOON + timedelta(minutes=10 * n), "lang": "en",
        "asked": " ".join(f"word{(n * 31 + k * 7 + n * k) % 997}" for k in range(24)),
        "written": HELD, "path": "model", "shown": ("sleep-adults",),
        "knowledge_version": "kb-test",
    }  # fmt: skip
    return Rated(who=who, vote=vote, **(made | changes))


def plan(**changes: Any) -> Plan:
    """A KTO set."""
    return Plan(**({"name": "set", "kind": "kto", "key": "k" * 64} | changes))
