"""Hostile and odd updates: none crashes the reading, none sticks a lane."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.telegram.api import Me
from bot.adapters.telegram.events import arrival, read
from bot.adapters.telegram.letters import Paper
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
users = st.fixed_dictionaries(
    {"id": st.integers(1, 10**12) | scalars},
    optional={
        "is_bot": scalars,
        "language_code": st.sampled_from(["en", "zh-hans", "xx"]) | scalars,
    },
)
chats = st.fixed_dictionaries(
    {
        "id": st.integers(-(10**13), 10**12),
        "type": st.sampled_from(["private", "group", "supergroup", "channel"]) | scalars,
    },
)
texts = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "/start",
            "/log",
            "/forget yes",
            "/help@SalusTestBot",
            "@SalusTestBot hi",
            "👍",
            "bp 128/82",
            "weight 99999999 kg",
            "\u202e\u0000\ud800",
            "<b>&amp;",
            "/",
            "昨晚睡了6小时",
        ]
    ),
)
messages = st.fixed_dictionaries(
    {
        "message_id": st.integers(1, 10**9) | scalars,
        "from": users | anything,
        "chat": chats | anything,
    },
    optional={
        "date": st.integers() | scalars,
        "edit_date": st.integers() | scalars,
        "text": texts | scalars,
        "caption": texts | scalars,
        "voice": anything,
        "photo": anything,
        "entities": anything,
        "message_thread_id": scalars,
        "is_topic_message": scalars,
        "reply_to_message": anything,
    },
)
presses = st.fixed_dictionaries(
    {"id": st.text(max_size=10) | scalars, "from": users, "message": messages | anything},
    optional={
        "data": st.sampled_from(["v:up:x", "r:w:x", "u:", "l:en", "f:yes", "k:", ":::"]) | scalars
    },
)
reactions = st.fixed_dictionaries(
    {"chat": chats, "user": users, "message_id": scalars},
    optional={
        "new_reaction": st.lists(
            st.fixed_dictionaries({"emoji": st.sampled_from(["👍", "👎", "x"])})
        )
        | anything
    },
)
members = st.fixed_dictionaries(
    {"chat": chats, "from": users},
    optional={"new_chat_member": anything, "old_chat_member": anything},
)
updates = st.fixed_dictionaries(
    {"update_id": st.integers(0, 2**31) | scalars},
    optional={
        "message": messages | anything,
        "edited_message": messages | anything,
        "callback_query": presses | anything,
        "message_reaction": reactions | anything,
        "my_chat_member": members | anything,
        "stopped_message_generation": anything,
    },
)


@settings(max_examples=600, deadline=None)
@given(updates)
def test_reading_never_raises(update: dict[str, Any]) -> None:
    """Any JSON is read; what is taken has a place, a time and letters that can be made."""
    event = read(update, ME)
    found = arrival(update, ME)
    if event is None:
        assert found is None
        return
    assert event.sent_at.utcoffset() is not None
    assert event.chat
    paper = Paper(event=event, origin="1", username="x")
    for letter in paper.reply(Reply(text=event.text or "…", kind="answer", lang="en")):
        assert letter.chat == str(event.chat)


async def test_odd_updates_stick_no_lane(data: Path) -> None:
    """A hundred odd messages through everything: each lane is empty at the end."""
    chance = random.Random(9)
    odd = ["\u202e\u0000", "<b>&amp;</i>", "/", "//", "👍", "🏳️‍🌈" * 900, "a" * 4096, "字" * 4096,
           "/log", "/log weight", "/forget", "/country ??", "/language zz", "@", "0", "...",
           "bp 1/1", "weight 99999999 kg", "\n\n\n", "[1](x) **b", "／help", "‮gnp"]  # fmt: skip
    async with world(data) as here:
        for number in range(100):
            here.fake.chat(number % 7 + 1)
            await here.fake.say(chance.choice(odd), user=number % 7 + 1)
        await here.fake.inject({"message": {"chat": 5, "from": []}})
        await here.fake.inject({"callback_query": {"id": 1, "data": {}}})
        await here.settled(seconds=25)
        counts = await here.counts()
        assert counts.get("inbox.dead", 0) == 0
        assert counts.get("outbox.failed", 0) == 0
        await asyncio.sleep(0)
        assert "number" not in here.said
