"""Starting, joining, ticking off, showing and ending a group's challenge.

A press changes what is one's own, and what it says is said to whoever pressed alone; the group
reads the board when it is asked for, and once a day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot import text as texts
from bot.dialogue.challenges import calendar, cards
from bot.dialogue.challenges.topics import Topic, topics
from bot.dialogue.orders import Order
from bot.dialogue.turns import Said
from bot.errors import NotFoundError
from bot.i18n import t
from bot.ids import new_id
from bot.model import Challenge, Errand, Lang, Part, Place, Platform, Press, Reply, UserId
from bot.ports import Challenges

TASK: Final = "challenge"
MOST: Final = 500  # people in one challenge
_PAUSE = timedelta(days=7)  # after an admin ended one
_LONGEST = 24  # characters of a name
_END = frozenset({"end", "stop", "结束", "停止"})
_SHOW = frozenset({"", "show", "board", "start", "看板", "发起"})
_ODD = re.compile(r"://|www\.|\w\.\w\w|@|#|<|>|/", re.IGNORECASE)  # an address, a mention, markup
_EVERYBODY = re.compile(r"\A(?:everyone|here|all|channel)\Z", re.IGNORECASE)


class Room:
    """See the module. Every method may raise a StoreError."""

    def __init__(self, kept: Challenges, tz: str = "UTC") -> None:
        """``tz``: in which challenges are counted; groups have no zone of their own."""
        self._kept = kept
        self._tz = tz or "UTC"

    # --- /challenge ----------------------------------------------------------

    async def command(self, order: Order) -> Said:
        """In a group: the board, or what could be started; alone: one's own parts."""
        heard, rest = order.heard, order.rest.strip().lower()
        message = heard.message
        if heard.private:
            return await self._yours(message.user, heard.now, _lang(order))
        if rest in _END:
            return await self._end(order)
        if rest not in _SHOW:
            return _said(t("challenge.unknown", _lang(order)))
        running = await self._running(message.place, message.office)
        if running is not None:
            challenge, topic = running
            return _said(*await self._board(challenge, topic, message.sent_at))
        if not await self._paused(message.place, message.office, heard.now):
            return _said(*cards.pick(_lang(order)))
        if not message.admin:
            return _said(t("challenge.paused", _lang(order)))
        return _said(*cards.pick(_lang(order), "again"))

    async def _yours(self, user: UserId, now: datetime, lang: Lang) -> Said:
        found = [
            (one, part, calendar.day_at(one, topics()[one.topic], now))
            for one, part in await self._kept.parts(user)
            if one.topic in topics()
        ]
        if not found:
            return _said(t("challenge.in_private", lang))
        return replace(_said(*cards.yours(found, lang)), personal=True)

    async def _end(self, order: Order) -> Said:
        """By its starter or an admin; what was pressed goes with it."""
        message = order.heard.message
        running = await self._running(message.place, message.office)
        if running is None:
            return _said(t("challenge.not_running", _lang(order)))
        challenge, topic = running
        own = challenge.starter == message.user
        if not (own or message.admin):
            words = f"challenge.not_yours_{message.place.platform}"
            key = words if words in _KNOWN else "challenge.not_yours"
            return _said(t(key, _lang(order)))
        state: Final = "ended" if own else "stopped"
        ended = replace(challenge, state=state, next_at=None, changed_at=message.sent_at)
        await self._kept.keep(ended)
        title = topic.words[challenge.lang].title
        return _said(t("challenge.ended", challenge.lang, icon=topic.icon, title=title))

    async def _running(self, place: Place, office: str) -> tuple[Challenge, Topic] | None:
        newest = await self._kept.newest(place, office)
        if newest is None or newest.state != "running" or newest.topic not in topics():
            return None
        return newest, topics()[newest.topic]

    async def _paused(self, place: Place, office: str, now: datetime) -> bool:
        newest = await self._kept.newest(place, office)
        stopped = newest is not None and newest.state == "stopped"
        return stopped and newest is not None and now - newest.changed_at < _PAUSE

    async def _board(
        self, challenge: Challenge, topic: Topic, now: datetime
    ) -> tuple[str, cards.Rows]:
        day = calendar.day_at(challenge, topic, now)
        seen = await self._kept.board(challenge.id, day=day, days=challenge.days)
        return cards.board(challenge, topic, day, seen)

    # --- presses -------------------------------------------------------------

    async def press(self, press: Press) -> Reply:
        """Do what a button stands for. NotFoundError for what was never ours."""
        verb, _, rest = press.action.removeprefix(cards.PREFIX).partition(":")
        if verb in {"start", "again"}:  # again: offered by an admin after one was ended
            return await self._start(press, rest, paused=verb == "again")
        id_, _, day = rest.partition(":")
        challenge = await self._kept.challenge(id_)
        if challenge is None or not _from_there(challenge, press, verb):
            raise NotFoundError("no such challenge here")
        if challenge.state != "running":
            return _aside(press.lang, "over")
        part = await self._kept.part(challenge.id, press.user)
        match verb:
            case "in":
                return await self._join(challenge, press, part)
            case "out":
                return await self._leave(challenge, press, part)
            case "name":
                return await self._name(challenge, press, part)
            case "done" | "not" if day.isdecimal():
                return await self._tick(challenge, press, part, int(day[:3]), verb == "done")
            case _:
                raise NotFoundError("no such button")

    async def _start(self, press: Press, name: str, *, paused: bool) -> Reply:
        topic = topics().get(name)
        if topic is None or press.place.private:
            raise NotFoundError("no such challenge")
        if await self._running(press.place, press.office) is not None:
            return _aside(press.lang, "running")
        now = press.at
        if not paused and await self._paused(press.place, press.office, now):
            aside = t("challenge.paused", press.lang)
            return Reply(text="", kind="command", lang=press.lang, aside=aside)
        challenge = Challenge(
            id=new_id(), topic=topic.id, place=replace(press.place, private=False),
            office=press.office, lang=press.lang, tz=self._tz,
            first=calendar.first_day(topic, now, self._tz), days=calendar.DAYS,
            starter=press.user, changed_at=now, next_at=None,
        )  # fmt: skip
        challenge = replace(challenge, next_at=calendar.next_at(challenge, topic, now))
        await self._kept.keep(challenge)
        text, rows = cards.started(challenge, topic)
        return Reply(text=text, kind="command", lang=challenge.lang, buttons=rows, stale=True)

    async def _join(self, challenge: Challenge, press: Press, part: Part | None) -> Reply:
        if part is not None:
            return _aside(press.lang, "in_already")
        seen = await self._kept.board(challenge.id, day=0, days=challenge.days)
        if seen.people >= MOST:
            return _aside(press.lang, "full")
        await self._kept.join(challenge.id, press.user, now=press.at)
        return _aside(press.lang, "in")

    async def _leave(self, challenge: Challenge, press: Press, part: Part | None) -> Reply:
        if part is None:
            return _aside(press.lang, "out_already")
        await self._kept.leave(challenge.id, press.user)
        if press.place.private:
            text = t("challenge.left_private", press.lang)
            return Reply(text=text, kind="command", lang=press.lang, personal=True, stale=True)
        return _aside(press.lang, "out")

    async def _name(self, challenge: Challenge, press: Press, part: Part | None) -> Reply:
        """On the board or off it; only the press itself says which name that is."""
        if part is not None and part.name:
            await self._kept.show(challenge.id, press.user, "")
            return _aside(press.lang, "name_off")
        name = shown(press.name)
        if not name:
            return _aside(press.lang, "name_odd")
        if part is None:
            await self._kept.join(challenge.id, press.user, now=press.at)
        await self._kept.show(challenge.id, press.user, name)
        return _aside(press.lang, "name_on", name=name)

    async def _tick(
        self, challenge: Challenge, press: Press, part: Part | None, day: int, done: bool
    ) -> Reply:
        """Done or not; whoever was not in is in by it."""
        now = calendar.day_at(challenge, topics()[challenge.topic], press.at)
        if not 1 <= day <= now:
            return _aside(press.lang, "not_yet")
        if not done:
            if part is not None and day in part.days:
                await self._kept.tick(challenge.id, press.user, day, done=False)
            last = "not_last" if day == challenge.days else "not"
            return _aside(press.lang, last, day=day)
        seen = await self._kept.board(challenge.id, day=day, days=challenge.days)
        if part is None:
            if seen.people >= MOST:
                return _aside(press.lang, "full")
            await self._kept.join(challenge.id, press.user, now=press.at)
        await self._kept.tick(challenge.id, press.user, day, done=True)
        people = seen.people + (part is None)
        total = seen.done + (part is None or day not in part.days)
        if people < cards.ENOUGH:
            return _aside(press.lang, "done", day=day)
        return _aside(press.lang, "done_total", day=day, done=total, people=people)

    # --- the clock -----------------------------------------------------------

    async def due(self, platform: Platform, office: str, now: datetime) -> Sequence[Errand]:
        """What groups are owed by now, each named so that it is told once."""
        return [
            Errand(
                name=f"{TASK}:{one.id}:{one.next_at:%Y%m%dT%H%M%S}", task=TASK, user=UserId(""),
                place=one.place, account="", lang=one.lang, office=office,
                rest={"challenge": one.id, "at": now.astimezone(UTC).isoformat()},
            )
            for one in await self._kept.due(platform, office, now=now)
        ]  # fmt: skip

    async def told(self, errand: Errand) -> Reply | None:
        """The day's question, or the last word; None when there is nothing to say any more."""
        challenge = await self._kept.challenge(errand.rest.get("challenge", ""))
        if challenge is None or challenge.state != "running" or challenge.topic not in topics():
            return None
        topic = topics()[challenge.topic]
        now = datetime.fromisoformat(errand.rest["at"])
        if challenge.next_at is None or challenge.next_at > now:
            return None  # told already
        following = calendar.next_at(challenge, topic, now)
        day = calendar.day_at(challenge, topic, now)
        seen = await self._kept.board(challenge.id, day=day, days=challenge.days)
        if following is None or not (seen.people or calendar.still_early(challenge, topic, now)):
            over = replace(challenge, state="over", next_at=None, changed_at=now)
            await self._kept.keep(over)
            return Reply(text=cards.over(challenge, topic, seen), kind="command",
                         lang=challenge.lang)  # fmt: skip
        await self._kept.keep(replace(challenge, next_at=following))
        text, rows = cards.board(challenge, topic, day, seen)
        return Reply(text=text, kind="command", lang=challenge.lang, buttons=rows)


def _lang(order: Order) -> Lang:
    """What was chosen or the client is set to: the words after a command tell no language."""
    heard = order.heard
    return heard.profile.lang or heard.message.lang or heard.lang


def _from_there(challenge: Challenge, press: Press, verb: str) -> bool:
    """Whether the press is one of that group, or its person's own way out."""
    there = press.place.chat == challenge.place.chat or (press.place.private and verb == "out")
    return there and challenge.topic in topics()


_KNOWN: Final = frozenset({"challenge.not_yours_discord"})


def shown(name: str) -> str:
    """A name as it may stand on a board; empty for what is more than a name."""
    plain = " ".join(texts.clean(name).split())[:_LONGEST].strip()
    if not any(c.isalnum() for c in plain) or _ODD.search(plain) or _EVERYBODY.match(plain):
        return ""
    return plain


def _said(text: str, rows: cards.Rows = ()) -> Said:
    return Said(text=text, kind="command", record=False, buttons=rows)


def _aside(lang: Lang, what: str, **values: object) -> Reply:
    """A word to whoever pressed, and nothing to the group."""
    aside = t(f"challenge.aside.{what}", lang, **values)
    return Reply(text="", kind="command", lang=lang, aside=aside)
