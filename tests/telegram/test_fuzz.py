"""Hostile and odd updates: none crashes the reading, none sticks a lane.

    python -m tests.telegram.test_fuzz 10000

sends that many generated updates through everything and says what became of each.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.telegram.api import Me
from bot.adapters.telegram.events import arrival, read
from bot.adapters.telegram.letters import Paper
from bot.delivery.office import PostOffice
from bot.model import Reply
from tests.delivery import fuzz
from tests.delivery.fuzz import anything, mostly, scalars, words
from tests.fakes.telegram_server import BOT_ID
from tests.fakes.telegram_world import World, world

ME = Me(id=BOT_ID, username="SalusTestBot")
LIVE = "a button that is there"  # replaced by one, in the chat where it is

numbers = st.integers(1, 10**12)
known = st.integers(1001, 1060)  # people who come again
users = st.fixed_dictionaries(
    {"id": mostly(known | numbers, scalars)},
    optional={
        "is_bot": mostly(st.just(False), scalars),
        "first_name": mostly(st.text(max_size=70), scalars),
        "language_code": mostly(st.sampled_from(["en", "zh-hans", "xx"]), scalars),
    },
)
groups = st.fixed_dictionaries(
    {
        "id": st.integers(-1_000_000_000_012, -1_000_000_000_001) | st.integers(-(10**13), -1),
        "type": mostly(st.sampled_from(["group", "supergroup"]), scalars),
    }
)
moments = st.integers(-7200, 60).map(lambda s: int(time.time()) + s)  # by and large now
dates = mostly(moments, st.integers(0, 2**33) | scalars)
said = st.one_of(
    st.fixed_dictionaries({"text": words}),
    st.fixed_dictionaries({"text": words.map(lambda w: f"@SalusTestBot {w}")}),
    st.fixed_dictionaries({"text": words}, optional={"entities": anything}),
    st.sampled_from(["voice", "photo", "document", "sticker", "poll"]).flatmap(
        lambda kind: st.fixed_dictionaries({kind: anything}, optional={"caption": words})
    ),
)
ours = st.just({"from": {"id": BOT_ID}})


def _placed(user: Any, group: Any, inside: bool) -> dict[str, Any]:
    """A chat as it goes with its person: a private one has their number."""
    here = {"id": user.get("id"), "type": "private"} if isinstance(user, dict) else group
    return {"from": user, "chat": group if inside else here}


def _places(inside: list[bool]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        _placed, mostly(users, anything), mostly(groups, anything), st.sampled_from(inside)
    )


places = _places([True, False, False])
messages = st.builds(
    lambda place, rest, said: {**place, **rest, **said},
    places,
    st.fixed_dictionaries(
        {"message_id": mostly(numbers, scalars), "date": dates},
        optional={
            "edit_date": dates,
            "message_thread_id": mostly(st.integers(1, 5), scalars),
            "is_topic_message": mostly(st.booleans(), scalars),
            "media_group_id": mostly(st.sampled_from(["a", "b"]), scalars),
            "reply_to_message": mostly(ours, anything),
        },
    ),
    said,
)
edits = st.builds(
    lambda place, message: {**message, **place},
    _places([True, False, False, False, False, False]),
    messages,
)
codes = st.sampled_from(
    ["v:up:x", "r:w:x", "u:", "l:en", "f:yes", "k:", ":::", "", "b:", "b:ch.start:walk",
     "b:ch.start:bed", "b:ch.in:x", "b:ch.done:x:1", "b:ch.done::9999999999", "b:put:x:y"]
)  # fmt: skip
presses = st.builds(
    lambda place, rest, message, id_: {
        "from": place["from"],
        **rest,
        "message": {"chat": place["chat"], "message_id": id_} if message is None else message,
    },
    places,
    st.fixed_dictionaries(
        {"id": mostly(st.text(min_size=1, max_size=10), scalars)},
        optional={"data": mostly(st.just(LIVE) | codes, scalars)},
    ),
    mostly(st.none(), anything),
    numbers,
)
emoji = st.lists(
    st.fixed_dictionaries({"emoji": st.sampled_from(["👍", "👎", "x"])}), min_size=1, max_size=3
)
reactions = st.builds(
    lambda place, rest: {"chat": place["chat"], "user": place["from"], **rest},
    places,
    st.fixed_dictionaries(
        {"message_id": mostly(numbers, scalars), "new_reaction": mostly(emoji, anything)},
        optional={"date": dates},
    ),
)
status = st.fixed_dictionaries({"status": st.sampled_from(["kicked", "left", "member", "x"])})
members = st.builds(
    lambda place, rest: {**place, **rest},
    places,
    st.fixed_dictionaries(
        {"new_chat_member": mostly(status, anything), "old_chat_member": mostly(status, anything)},
        optional={"date": dates},
    ),
)
updates = fuzz.shares(
    message=(20, mostly(messages, anything)),
    edited_message=(2, mostly(edits, anything)),
    callback_query=(6, mostly(presses, anything)),
    message_reaction=(2, mostly(reactions, anything)),
    my_chat_member=(1, mostly(members, anything)),
    stopped_message_generation=(1, anything),
).map(lambda kind: {kind[0]: kind[1]})
numbered = st.builds(
    lambda update, id_: {**update, "update_id": id_},
    updates,
    mostly(st.integers(0, 2**31), scalars),
)


def reads(update: dict[str, Any]) -> bool:
    """Reading one update; whether it concerns us. What is taken can be answered and stored."""
    event = read(update, ME)
    found = arrival(update, ME)
    if event is None:
        assert found is None
        return False
    assert event.sent_at.utcoffset() is not None
    assert event.chat
    paper = Paper(event=event, origin="1", username="x")
    for letter in paper.reply(Reply(text=event.text or "…", kind="answer", lang="en")):
        assert letter.chat == str(event.chat)
    return found is not None


@settings(max_examples=200, deadline=None)
@given(numbered)
def test_reading_never_raises(update: dict[str, Any]) -> None:
    """Any JSON is read; what is taken has a place, a time and letters that can be made."""
    reads(update)


def _dict(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _id(value: Mapping[str, Any], key: str = "id") -> bool:
    found = value.get(key)
    return type(found) is int and found != 0 and abs(found) < 1 << 62


@dataclass
class Scene:
    """fuzz.Scene for Telegram."""

    here: World
    platform: str = "telegram"
    chance: random.Random = field(default_factory=lambda: random.Random(9))
    made: int = 0

    @property
    def office(self) -> PostOffice:
        assert self.here.adapter.office is not None
        return self.here.adapter.office

    def reads(self, update: dict[str, Any]) -> bool:
        return reads({**update, "update_id": 1})

    def why_not(self, update: dict[str, Any]) -> str:
        kind, body = next(iter(update.items()))
        if not isinstance(body, dict) or not body:
            return "not an object, or an empty one"
        match kind:
            case "message" | "edited_message":
                return _why_not_said(body, edited=kind == "edited_message")
            case "callback_query":
                found = _id(_dict(_dict(body, "message"), "chat")) and _id(_dict(body, "from"))
                return "" if found else "a press without chat or person"
            case "message_reaction":
                return _why_not_reacted(body)
            case "my_chat_member":
                return _why_not_member(body)
            case _:
                return "a kind of update that we do not ask for"

    async def send(self, update: dict[str, Any]) -> dict[str, Any] | None:
        update = self._as_it_would_come(update)
        event = read(update, ME)
        assert event is not None
        self.here.fake.chat(event.chat)
        if event.thread is not None:
            self.here.fake.topics.add((event.chat, event.thread))
        if event.callback:
            self.here.fake._callbacks[event.callback] = self.here.fake.clock()
        await self.here.fake.inject(update)
        return None

    def _as_it_would_come(self, update: dict[str, Any]) -> dict[str, Any]:
        """Ids that are Telegram's to give are new each time; live buttons are some that exist."""
        kind, body = next(iter(update.items()))
        self.made += 1
        if kind == "message" and _id(body, "message_id"):
            return {kind: body | {"message_id": 10_000_000 + self.made}}
        if kind == "callback_query" and isinstance(body.get("id"), str):
            body = body | {"id": f"{body['id']}{self.made}" if body["id"] else ""}
        if body.get("data") != LIVE:
            return {kind: body}
        shown = [m for m in self.here.fake.sent()[-60:] if m.get("reply_markup")]
        if not shown:
            return {kind: body}
        message = self.chance.choice(shown)
        row = self.chance.choice(message["reply_markup"]["inline_keyboard"])
        code = self.chance.choice(row).get("callback_data", "")
        chat = message["chat"]["id"]
        user = {"id": chat} if chat > 0 else body["from"]
        return {kind: body | {"from": user, "message": message, "data": code}}

    async def settled(self, *, seconds: float) -> None:
        await self.here.settled(seconds=seconds)

    def shown(self, body: Mapping[str, Any]) -> bool:
        return self.here.fake.answered(str(_dict(body, "callback_query").get("id")))

    def quiet(self, body: Mapping[str, Any]) -> str:
        if "message_reaction" in body:
            return "a thumb is counted without a word"
        if "my_chat_member" in body:
            return "being let in or out is noted without a word"
        if "callback_query" in body:
            return "a press without an id cannot be acknowledged"
        said = _dict(body, "message") or _dict(body, "edited_message")
        if "media_group_id" in said:
            return "an album is answered once"
        return ""

    async def alive(self) -> None:
        await self.here.ask("how much sleep do adults need?", user=999)


def _why_not_said(body: Mapping[str, Any], *, edited: bool) -> str:
    chat, user = _dict(body, "chat"), _dict(body, "from")
    if not (_id(chat) and _id(user)):
        return "a message without chat or person"
    if user.get("is_bot") is True:
        return "a bot's message"
    private = chat.get("type") == "private" and chat["id"] > 0
    if not private and chat.get("type") not in ("group", "supergroup"):
        return "neither a private chat nor a group"
    if not private and edited:
        return "an edit in a group"
    text = body.get("text") if isinstance(body.get("text"), str) else ""
    text = text or (body.get("caption") if isinstance(body.get("caption"), str) else "")
    if not text and not {"voice", "photo", "document", "sticker", "poll"} & set(body):
        return "neither words nor media"
    if private or _to_us(body, str(text)):
        return ""
    return "talk in a group that is not addressed to us"


def _to_us(body: Mapping[str, Any], text: str) -> bool:
    """A command, our name, or a reply to us."""
    first = text.split(maxsplit=1)[0] if text[:1] == "/" else ""
    command = first[1:].isascii() and first[1:].isalpha()
    replied = _dict(_dict(body, "reply_to_message"), "from").get("id") == BOT_ID
    return command or "@SalusTestBot" in text or replied


def _why_not_reacted(body: Mapping[str, Any]) -> str:
    if not (_id(_dict(body, "chat")) and _id(_dict(body, "user"))):
        return "a reaction without chat or person"
    new = body.get("new_reaction")
    given = [r.get("emoji") for r in new if isinstance(r, dict)] if isinstance(new, list) else []
    return "" if {"👍", "👎"} & {*map(str, given)} else "a reaction that is no thumb"


def _why_not_member(body: Mapping[str, Any]) -> str:
    now, before = (_dict(body, f"{k}_chat_member").get("status") for k in ("new", "old"))
    if not _id(_dict(body, "chat")) or not (isinstance(now, str) and now):
        return "a membership without chat or state"
    out = {"kicked", "left"}
    return "" if now in out or before in out else "a membership that changes nothing for us"


@asynccontextmanager
async def staged(data: Path) -> AsyncGenerator[Scene, None]:
    """A whole Salus on the fake."""
    async with world(data) as here:
        await here.until(lambda: here.fake.allowed_updates)  # before that no reaction is sent
        yield Scene(here)


async def test_generated_updates_stick_no_lane(data: Path) -> None:
    """Fifty generated updates through everything: nearly all get an end, and it is a good one."""
    tally = await fuzz.run(staged, data, fuzz.generated(updates, 50, always_the_same=True))
    assert tally.good, tally.table()
    assert not tally.failed, tally.table()
    assert tally.answered > 12, tally.table()
    assert tally.answered + tally.ignored.total() == tally.generated == 50, tally.table()


if __name__ == "__main__":
    fuzz.main(staged, updates)
