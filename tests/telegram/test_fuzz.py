"""Hostile and odd updates: none crashes the reading, none sticks a lane."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.adapters.telegram.api import Me
from bot.adapters.telegram.events import arrival, read
from bot.adapters.telegram.letters import Paper
from bot.logs import configure
from bot.model import Reply
from tests.fakes.telegram_world import world

ME = Me(id=123456, username="SalusTestBot")
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=40)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nine times of ten what Telegram would send."""
    return st.integers(0, 9).flatmap(lambda n: usual if n else odd)


numbers = st.integers(1, 10**12)
users = st.fixed_dictionaries(
    {"id": mostly(numbers, scalars)},
    optional={
        "is_bot": mostly(st.just(False), scalars),
        "language_code": mostly(st.sampled_from(["en", "zh-hans", "xx"]), scalars),
    },
)
private = st.fixed_dictionaries({"id": numbers, "type": st.just("private")})
groups = st.fixed_dictionaries(
    {
        "id": st.integers(-(10**13), -1),
        "type": mostly(st.sampled_from(["group", "supergroup"]), scalars),
    }
)
chats = mostly(private | groups, anything)
texts = mostly(
    st.one_of(
        st.text(max_size=300),
        st.text(max_size=60).map(lambda t: f"@SalusTestBot {t}"),
        st.text(max_size=60).map(lambda t: f"/log {t}"),
        st.sampled_from(
            ["/start", "/forget yes", "/help@SalusTestBot", "👍", "bp 128/82", "\ud800"]  # noqa: RUF005
            + ["weight 99999999 kg", "\u202e\u0000", "<b>&amp;", "/", "昨晚睡了6小时"]
        ),
    ),
    scalars,
)
ours = st.just({"from": {"id": 123456}})
messages = st.fixed_dictionaries(
    {"message_id": mostly(numbers, scalars), "from": mostly(users, anything), "chat": chats},
    optional={
        "date": mostly(st.integers(0, 2**33), scalars),
        "edit_date": mostly(st.integers(0, 2**33), scalars),
        "text": texts,
        "caption": texts,
        "voice": anything,
        "photo": anything,
        "entities": anything,
        "message_thread_id": mostly(numbers, scalars),
        "is_topic_message": st.booleans() | scalars,
        "reply_to_message": mostly(ours, anything),
    },
)
codes = st.sampled_from(
    ["v:up:x", "r:w:x", "u:", "l:en", "f:yes", "k:", ":::", "", "b:", "b:ch.start:walk",
     "b:ch.start:bed", "b:ch.in:x", "b:ch.done:x:1", "b:ch.done::9999999999", "b:put:x:y"]
)  # fmt: skip
presses = st.fixed_dictionaries(
    {
        "id": mostly(st.text(max_size=10), scalars),
        "from": users,
        "message": mostly(messages, anything),
    },
    optional={"data": mostly(codes, scalars)},
)
emoji = st.lists(st.fixed_dictionaries({"emoji": st.sampled_from(["👍", "👎", "x"])}))
reactions = st.fixed_dictionaries(
    {"chat": chats, "user": users, "message_id": mostly(numbers, scalars)},
    optional={"new_reaction": mostly(emoji, anything)},
)
status = st.fixed_dictionaries({"status": st.sampled_from(["kicked", "left", "member", "x"])})
members = st.fixed_dictionaries(
    {"chat": chats, "from": users},
    optional={
        "new_chat_member": mostly(status, anything),
        "old_chat_member": mostly(status, anything),
    },
)
kinds = st.one_of(
    st.tuples(st.just("message"), mostly(messages, anything)),
    st.tuples(st.just("edited_message"), mostly(messages, anything)),
    st.tuples(st.just("callback_query"), mostly(presses, anything)),
    st.tuples(st.just("message_reaction"), mostly(reactions, anything)),
    st.tuples(st.just("my_chat_member"), mostly(members, anything)),
    st.tuples(st.just("stopped_message_generation"), anything),
)
updates = st.builds(
    lambda kind, id_: {kind[0]: kind[1], "update_id": id_},
    kinds,
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


@settings(max_examples=300, deadline=None)
@given(updates)
def test_reading_never_raises(update: dict[str, Any]) -> None:
    """Any JSON is read; what is taken has a place, a time and letters that can be made."""
    reads(update)


async def test_odd_updates_stick_no_lane(data: Path) -> None:
    """Sixty odd messages through everything: each lane is empty at the end."""
    chance = random.Random(9)
    odd = ["\u202e\u0000", "<b>&amp;</i>", "/", "//", "👍", "🏳️‍🌈" * 900, "a" * 4096,
           "字" * 4096,
           "/log", "/log weight", "/forget", "/country ??", "/language zz", "@", "0", "...",
           "bp 1/1", "weight 99999999 kg", "\n\n\n", "[1](x) **b",
           "／help", "\u202egnp"]  # fmt: skip
    async with world(data) as here:
        for number in range(60):
            here.fake.chat(number % 7 + 1)
            await here.fake.say(chance.choice(odd), user=number % 7 + 1)
        await here.fake.inject({"message": {"chat": 5, "from": []}})
        await here.fake.inject({"callback_query": {"id": 1, "data": {}}})
        await here.settled(seconds=25)
        counts = await here.counts()
        assert counts.get("inbox.dead", 0) == 0
        assert counts.get("outbox.failed", 0) == 0


async def through_everything(data: Path, kept: list[dict[str, Any]]) -> dict[str, int]:
    """Send updates through a whole Salus; rows by state when all lanes are empty."""
    async with world(data) as here:
        for update in kept:
            await here.fake.inject({k: v for k, v in update.items() if k != "update_id"})
            await asyncio.sleep(0)
        await here.settled(seconds=60 + len(kept) / 5)
        await here.ask("how much sleep do adults need?")
        return await here.counts()


def main(count: int) -> None:
    """Read ``count`` updates, send what concerns us through everything, print the figures."""
    configure("critical")
    taken = [0, 0]
    kept: list[dict[str, Any]] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(updates)
    def every(update: dict[str, Any]) -> None:
        taken[0] += 1
        if reads(update):
            taken[1] += 1
            if _can_be_sent(update):
                kept.append(update)

    started = time.monotonic()
    every()
    with tempfile.TemporaryDirectory() as folder:
        counts = asyncio.run(through_everything(Path(folder), kept))
    seconds = time.monotonic() - started
    print(f"{taken[0]} read, {taken[1]} taken, {seconds:.0f} s: {counts}")  # noqa: T201


def _can_be_sent(update: dict[str, Any]) -> bool:
    """JSON on the wire is UTF-8: half a pair cannot be in it."""
    try:
        json.dumps(update, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
