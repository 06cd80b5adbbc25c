"""The commands a person can give, in both languages, as a table of small functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.dialogue import charting, countries
from bot.dialogue.challenges.room import Room
from bot.dialogue.curating.front import Curating
from bot.dialogue.linking import Linking
from bot.dialogue.logbook import Logbook, without_pending
from bot.dialogue.numbers import WINDOW_LONG, WINDOW_SHORT
from bot.dialogue.orders import BY_NAME, COMMANDS, Command, Order, available, read
from bot.dialogue.privacy import Privacy
from bot.dialogue.rating import Rating
from bot.dialogue.relating import Relating
from bot.dialogue.turns import Heard, Said
from bot.dialogue.wording import here, say
from bot.i18n import t, texts
from bot.metrics.kinds import KINDS
from bot.metrics.summary import summarise
from bot.metrics.words import describe
from bot.model import Lang, MetricKind, Turn, Vote

if TYPE_CHECKING:
    from bot.ports import Store

__all__ = ["COMMANDS", "PENDING_COUNTRY", "Command", "Commands", "Order", "available", "read"]

PENDING_FORGET = "forget"
PENDING_COUNTRY = "country"
_YES = frozenset({"yes", "y", "是", "确认", "好"})
_LANGUAGE_WORDS = {"en": "en", "english": "en", "英文": "en", "英语": "en",
                   "zh": "zh", "chinese": "zh", "中文": "zh", "汉语": "zh"}  # fmt: skip


class Commands:
    """Runs commands. Each handler returns what to say; only the store is changed."""

    def __init__(
        self,
        store: Store,
        logbook: Logbook,
        curating: Curating | None = None,
        relating: Relating | None = None,
        challenges: Room | None = None,
    ) -> None:
        """The store holds everything a command reads or changes."""
        self._curating = curating
        self._relating = relating
        self._challenges = challenges
        self._store = store
        self._logbook = logbook
        self._rating = rating = Rating(store)
        linking, privacy = Linking(store), Privacy(store)
        self._handlers: dict[str, Callable[[Order], Awaitable[Said]]] = {
            "start": self._start, "help": self._help, "log": self._log, "today": self._today,
            "trend": self._trend, "undo": self._undo, "why": self._why, "good": rating.good,
            "bad": rating.bad, "feedback": rating.feedback, "language": self._language,
            "country": self._country, "link": linking.link, "unlink": linking.unlink,
            "learn": privacy.learn, "privacy": privacy.privacy, "export": privacy.export,
            "forget": self._forget, "kb": self._kb,
            "challenge": self._challenge,
        }  # fmt: skip

    async def run(self, name: str, rest: str, heard: Heard) -> Said:
        """Run one command; unknown ones are named and help is offered."""
        command = BY_NAME.get(name)
        if command is None:
            return say("command.unknown", heard, name=name)
        if command.values and heard.education:
            return say("place.education_only", heard)
        if command.personal and not heard.private:
            return say("place.in_private", heard)
        return await self._handlers[name](Order(heard=heard, rest=rest))

    async def confirm_pending(self, heard: Heard) -> Said | None:
        """Settle an open /forget or country question of ours; None when there is none."""
        pending = heard.profile.pending
        if PENDING_FORGET in pending and heard.private:
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
        return await self._rating.rate(turn, vote, reason, heard)

    async def _kb(self, order: Order) -> Said:
        """The knowledge, for who looks after it."""
        if self._curating is None:
            return say("command.unknown", order.heard, name="kb")
        return await self._curating.command(order.heard, order.rest)

    async def _challenge(self, order: Order) -> Said:
        """What a group does together."""
        if self._challenges is None:
            return say("command.unknown", order.heard, name="challenge")
        return await self._challenges.command(order)

    async def _start(self, order: Order) -> Said:
        return say("command.start", order.heard)

    async def _help(self, order: Order) -> Said:
        """Only what works here is listed."""
        heard = order.heard
        offered = [f"help.{c.name}" for c in COMMANDS if available(c, heard)]
        known = texts(heard.lang)
        lines = "\n".join(known[key] for key in offered if key in known)
        opening = here("help.ask", heard) if heard.private else t("help.ask_shared", heard.lang)
        return Said(text=f"{opening}\n\n{lines}\n\n{t('help.end', heard.lang)}", kind="command")

    async def _log(self, order: Order) -> Said:
        return say("command.log", order.heard)  # with text after it, it is read as a message

    async def _undo(self, order: Order) -> Said:
        return await self._logbook.undo(order.heard)

    async def _today(self, order: Order) -> Said:
        heard = order.heard
        midnight = heard.now.replace(hour=0, minute=0, second=0, microsecond=0)
        kept = await self._store.observations(heard.profile.user, since=midnight)
        lines = describe(summarise(kept, now=heard.now, tz=heard.message.tz, days=1), heard.lang)
        return _listing(t("command.today", heard.lang), lines) or say("command.today_empty", heard)

    async def _trend(self, order: Order) -> Said:
        """Averages and directions in words and, where there is a line to see, as charts."""
        heard, kind = order.heard, charting.kind_named(order.rest)
        if order.rest and kind is None:
            return _unknown_kind(heard)
        since = heard.now - timedelta(days=WINDOW_LONG)
        kept = await self._store.observations(heard.profile.user, kind=kind, since=since)
        now, tz, lang = heard.now, heard.message.tz, heard.lang
        lines: list[str] = []
        for days in (WINDOW_SHORT, WINDOW_LONG):
            lines += describe(summarise(kept, now=now, tz=tz, days=days), lang)
        told = _listing(t("command.trend", lang), list(dict.fromkeys(lines)))
        if told is None:
            return _nothing_logged(heard, kind)
        return replace(told, charts=charting.charts(kept, now=now, tz=tz, lang=lang))

    async def _why(self, order: Order) -> Said:
        turn = await self._rating.last_answer(order.heard)
        if turn is None:
            return say("command.why_nothing", order.heard)
        lang = order.heard.lang
        computed = turn.path == "fixed" and turn.metric_summary
        text = t(
            "command.why",
            lang,
            asked=turn.asked,
            path=t(f"path.{'computed' if computed else turn.path}", lang),
            passages=", ".join(turn.passages) or "–",
            metrics="–" if order.heard.education else turn.metric_summary or "–",
            model=turn.model or "–",
            prompt=turn.prompt_version or "–",
            knowledge=turn.knowledge_version or "–",
        )
        if self._relating is not None:
            related = await self._relating.told(turn.passages, turn.asked, lang)
            text += "\n" + t("command.why_related", lang, lines=related) if related else ""
        return Said(text=text, kind="command", personal=True)

    async def _language(self, order: Order) -> Said:
        heard = order.heard
        chosen = _LANGUAGE_WORDS.get(order.rest.lower())
        if chosen is None:
            return say("command.language", heard)
        lang: Lang = "zh" if chosen == "zh" else "en"
        await self._store.save_profile(replace(heard.profile, lang=lang))
        return Said(text=t("command.language_set", lang), kind="command")

    async def _country(self, order: Order) -> Said:
        heard = order.heard
        code = countries.find(order.rest)
        if not code:
            return say("command.country", heard)
        await self._store.save_profile(replace(without_pending(heard.profile), country=code))
        numbers = countries.numbers_text(code, heard.lang)
        return say("command.country_set", heard, country=code, numbers=numbers)

    async def _forget(self, order: Order) -> Said:
        heard = order.heard
        if order.rest.lower() in _YES:
            return await self._erase(heard)
        asked = without_pending(heard.profile)
        pending = {**asked.pending, PENDING_FORGET: heard.now.isoformat()}
        await self._store.save_profile(replace(asked, pending=pending))
        return say("command.forget", heard)

    async def _erase(self, heard: Heard) -> Said:
        await self._store.forget(heard.profile.user)
        return say("command.forgotten", heard, record=False)


def _listing(title: str, lines: list[str]) -> Said | None:
    if not lines:
        return None
    body = "\n".join(f"- {line}" for line in lines)
    return Said(text=f"{title}\n{body}", kind="command", personal=True)


def _nothing_logged(heard: Heard, kind: MetricKind | None) -> Said:
    if kind is None:
        return say("command.trend_empty", heard)
    return say("trend.empty_kind", heard, name=t(f"metrics.name.{kind}", heard.lang))


def _unknown_kind(heard: Heard) -> Said:
    comma = t("metrics.comma", heard.lang)
    kinds = comma.join(t(f"metrics.name.{kind}", heard.lang) for kind in KINDS)
    return say("trend.unknown_kind", heard, kinds=kinds)
