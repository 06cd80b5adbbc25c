"""The commands a person can give, in both languages, as a table of small functions."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.dialogue import countries
from bot.dialogue.logbook import Logbook, without_pending
from bot.dialogue.numbers import WINDOW_LONG, WINDOW_SHORT
from bot.dialogue.turns import Heard, Said
from bot.i18n import t
from bot.metrics.summary import summarise
from bot.metrics.words import describe
from bot.model import Feedback, Lang, Turn, Vote

if TYPE_CHECKING:
    from bot.ports import Store

PENDING_FORGET = "forget"
PENDING_COUNTRY = "country"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command as given: the message, and what came after the command word."""

    heard: Heard
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``name`` is typed as /name; ``words`` are plain messages that mean the same."""

    name: str
    personal: bool  # its answer may hold something about the person
    words: tuple[str, ...] = ()


COMMANDS: tuple[Command, ...] = (
    Command(name="start", personal=False),
    Command(name="help", personal=False, words=("help", "帮助", "?", "？")),
    Command(name="log", personal=True),
    Command(name="today", personal=True, words=("today", "今天")),
    Command(name="trend", personal=True, words=("trend", "trends", "趋势")),
    Command(name="undo", personal=True, words=("undo", "撤销", "撤回")),
    Command(name="why", personal=True, words=("why?", "为什么这么说")),
    Command(name="good", personal=False, words=("👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿")),
    Command(name="bad", personal=False, words=("👎", "👎🏻", "👎🏼", "👎🏽", "👎🏾", "👎🏿")),
    Command(name="language", personal=False),
    Command(name="country", personal=False),
    Command(name="privacy", personal=False, words=("privacy", "隐私")),
    Command(name="export", personal=True),
    Command(name="forget", personal=True),
)
_BY_NAME = {command.name: command for command in COMMANDS}
_BY_WORD = {word: command for command in COMMANDS for word in command.words}
_SLASH = re.compile(r"/([A-Za-z]+)(?:@\w+)?(?:\s+(.*))?\Z", re.DOTALL)
_YES = frozenset({"yes", "y", "是", "确认", "好"})
_LANGUAGE_WORDS = {"en": "en", "english": "en", "英文": "en", "英语": "en",
                   "zh": "zh", "chinese": "zh", "中文": "zh", "汉语": "zh"}  # fmt: skip


def read(text: str) -> tuple[str, str] | None:
    """(command name, rest) when the text is a command; the name may be unknown."""
    slash = _SLASH.match(text)
    if slash:
        return slash.group(1).lower(), (slash.group(2) or "").strip()
    word, _, rest = text.partition(" ")
    if word in {"👍", "👎"}:
        return _BY_WORD[word].name, rest.strip()
    command = _BY_WORD.get(text.strip().lower().rstrip("。.!！"))
    return (command.name, "") if command else None


class Commands:
    """Runs commands. Each handler returns what to say; only the store is changed."""

    def __init__(self, store: Store, logbook: Logbook) -> None:
        """The store holds everything a command reads or changes."""
        self._store = store
        self._logbook = logbook
        self._handlers: dict[str, Callable[[Order], Awaitable[Said]]] = {
            "start": self._start, "help": self._help, "log": self._log, "today": self._today,
            "trend": self._trend, "undo": self._undo, "why": self._why, "good": self._good,
            "bad": self._bad, "language": self._language, "country": self._country,
            "privacy": self._privacy, "export": self._export, "forget": self._forget,
        }  # fmt: skip

    async def run(self, name: str, rest: str, heard: Heard) -> Said:
        """Run one command; unknown ones are named and help is offered."""
        command = _BY_NAME.get(name)
        if command is None:
            return _say("command.unknown", heard, name=name)
        if command.personal and not heard.private:
            return _say("place.in_private", heard)
        return await self._handlers[name](Order(heard=heard, rest=rest))

    async def confirm_pending(self, heard: Heard) -> Said | None:
        """Settle an open /forget or country question of ours; None when there is none."""
        pending = heard.profile.pending
        if PENDING_FORGET in pending:
            await self._store.save_profile(without_pending(heard.profile))
            if heard.text.strip().lower() in _YES:
                return await self._erase(heard)
            return None
        if PENDING_COUNTRY in pending:
            await self._store.save_profile(without_pending(heard.profile))
            if countries.find(heard.text):
                return await self._country(Order(heard=heard, rest=heard.text))
        return None

    async def rate(self, turn: Turn, vote: Vote, reason: str, heard: Heard) -> Said:
        """Record the person's one vote on a turn."""
        feedback = Feedback(
            turn=turn.id, user=turn.user, vote=vote, at=heard.message.sent_at, reason=reason
        )
        await self._store.vote(feedback)
        return _say("vote.thanks_up" if vote == "up" else "vote.thanks_down", heard)

    async def _start(self, order: Order) -> Said:
        return _say("command.start", order.heard)

    async def _help(self, order: Order) -> Said:
        return _say("command.help", order.heard)

    async def _privacy(self, order: Order) -> Said:
        return _say("command.privacy", order.heard)

    async def _log(self, order: Order) -> Said:
        return _say("command.log", order.heard)  # with text after it, it is read as a message

    async def _undo(self, order: Order) -> Said:
        return await self._logbook.undo(order.heard)

    async def _today(self, order: Order) -> Said:
        heard = order.heard
        midnight = heard.now.replace(hour=0, minute=0, second=0, microsecond=0)
        kept = await self._store.observations(heard.profile.user, since=midnight)
        lines = describe(summarise(kept, now=heard.now, tz=heard.message.tz, days=1), heard.lang)
        return _listing("command.today", "command.today_empty", lines, heard)

    async def _trend(self, order: Order) -> Said:
        heard = order.heard
        since = heard.now - timedelta(days=WINDOW_LONG)
        kept = await self._store.observations(heard.profile.user, since=since)
        lines: list[str] = []
        for days in (WINDOW_SHORT, WINDOW_LONG):
            lines += describe(
                summarise(kept, now=heard.now, tz=heard.message.tz, days=days), heard.lang
            )
        return _listing("command.trend", "command.trend_empty", list(dict.fromkeys(lines)), heard)

    async def _why(self, order: Order) -> Said:
        turn = await self._last_answer(order.heard)
        if turn is None:
            return _say("command.why_nothing", order.heard)
        lang = order.heard.lang
        text = t(
            "command.why",
            lang,
            asked=turn.asked,
            path=t(f"path.{turn.path}", lang),
            passages=", ".join(turn.passages) or "–",
            metrics=turn.metric_summary or "–",
            model=turn.model or "–",
            prompt=turn.prompt_version or "–",
            knowledge=turn.knowledge_version or "–",
        )
        return Said(text=text, kind="command", personal=True)

    async def _good(self, order: Order) -> Said:
        return await self._vote(order, "up")

    async def _bad(self, order: Order) -> Said:
        return await self._vote(order, "down")

    async def _vote(self, order: Order, vote: Vote) -> Said:
        turn = await self._last_answer(order.heard)
        if turn is None:
            return _say("vote.nothing", order.heard)
        return await self.rate(turn, vote, order.rest, order.heard)

    async def _last_answer(self, heard: Heard) -> Turn | None:
        place = heard.message.place
        turns = await self._store.history(
            heard.profile.user, platform=place.platform, chat=place.chat, limit=20
        )
        answers = [turn for turn in turns if turn.kind == "answer"]
        return answers[-1] if answers else None

    async def _language(self, order: Order) -> Said:
        heard = order.heard
        chosen = _LANGUAGE_WORDS.get(order.rest.lower())
        if chosen is None:
            return _say("command.language", heard)
        lang: Lang = "zh" if chosen == "zh" else "en"
        await self._store.save_profile(replace(heard.profile, lang=lang))
        return Said(text=t("command.language_set", lang), kind="command")

    async def _country(self, order: Order) -> Said:
        heard = order.heard
        code = countries.find(order.rest)
        if not code:
            return _say("command.country", heard)
        await self._store.save_profile(replace(without_pending(heard.profile), country=code))
        numbers = countries.numbers_text(code, heard.lang)
        return _say("command.country_set", heard, country=code, numbers=numbers)

    async def _export(self, order: Order) -> Said:
        data = await self._store.export(order.heard.profile.user)
        text = json.dumps(data, ensure_ascii=False, indent=2)
        return Said(text=text, kind="command", personal=True)

    async def _forget(self, order: Order) -> Said:
        heard = order.heard
        if order.rest.lower() in _YES:
            return await self._erase(heard)
        pending = {PENDING_FORGET: heard.now.isoformat()}
        await self._store.save_profile(replace(heard.profile, pending=pending))
        return _say("command.forget", heard)

    async def _erase(self, heard: Heard) -> Said:
        await self._store.forget(heard.profile.user)
        return replace(_say("command.forgotten", heard), record=False)


def _say(key: str, heard: Heard, **values: object) -> Said:
    return Said(text=t(key, heard.lang, **values), kind="command")


def _listing(title: str, empty: str, lines: list[str], heard: Heard) -> Said:
    if not lines:
        return _say(empty, heard)
    body = "\n".join(f"- {line}" for line in lines)
    return Said(text=f"{t(title, heard.lang)}\n{body}", kind="command", personal=True)
