"""Hostile and odd events: none crashes the reading, none sticks a lane; long answers stay whole.

    python -m tests.discord.test_fuzz 10000

reads that many generated events and sends those that concern us through everything.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.adapters.discord.api import Me
from bot.adapters.discord.events import arrival, read
from bot.adapters.discord.letters import Paper
from bot.adapters.discord.render import LIMIT, as_markdown, escape, parts
from bot.delivery.rich import Span, utf16
from bot.logs import configure
from bot.model import Reply
from tests.discord.world import salus
from tests.fakes.discord_rules import check_message

ME = Me(id=100_000_000_000_000_000, application=100_000_000_000_000_000, username="Salus")
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nine times of ten what Discord would send."""
    return st.integers(0, 9).flatmap(lambda n: usual if n else odd)


snowflakes = st.integers(1, (1 << 62) - 1).map(str)
people = st.fixed_dictionaries(
    {"id": mostly(snowflakes, scalars)},
    optional={"bot": mostly(st.just(False), scalars), "username": scalars},
)
texts = mostly(
    st.one_of(
        st.text(max_size=300),
        st.text(max_size=60).map(lambda t: f"<@{ME.id}> {t}"),
        st.sampled_from(
            ["/start", "/forget yes", "/help", "👍", "bp 128/82", "\ud800", "@everyone", "```",
             "weight 99999999 kg", "\u202e\u0000", "[a](b)", "||x||", "/", "昨晚睡了6小时"]
        ),
    ),
    scalars,
)  # fmt: skip
attachments = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "url": scalars,
            "content_type": mostly(st.sampled_from(["audio/ogg", "image/png", "x"]), scalars),
            "size": scalars,
            "duration_secs": scalars,
        },
    ),
    max_size=2,
)
ours = st.just({"author": {"id": str(ME.id)}})
messages = st.fixed_dictionaries(
    {
        "id": mostly(snowflakes, scalars),
        "channel_id": mostly(snowflakes, scalars),
        "author": mostly(people, anything),
    },
    optional={
        "guild_id": mostly(snowflakes, anything),
        "type": mostly(st.sampled_from([0, 19]), scalars),
        "content": texts,
        "timestamp": mostly(st.datetimes().map(lambda d: f"{d.isoformat()}+00:00"), scalars),
        "edited_timestamp": scalars,
        "mentions": mostly(st.just([{"id": str(ME.id)}]), anything),
        "referenced_message": mostly(ours, anything),
        "attachments": mostly(attachments, anything),
        "sticker_items": anything,
        "flags": mostly(st.integers(0, 1 << 15), scalars),
        "position": scalars,
        "components": anything,
    },
)
reactions = st.fixed_dictionaries(
    {
        "user_id": mostly(snowflakes, scalars),
        "channel_id": mostly(snowflakes, scalars),
        "message_id": mostly(snowflakes, scalars),
        "emoji": mostly(
            st.fixed_dictionaries({"name": st.sampled_from(["👍", "👎", "x"])}), anything
        ),
    },
    optional={"guild_id": snowflakes, "message_author_id": mostly(st.just(str(ME.id)), scalars)},
)
options = st.lists(
    st.fixed_dictionaries({"name": texts, "value": mostly(texts, anything)}), max_size=3
)
commands = st.fixed_dictionaries(
    {"name": mostly(st.sampled_from(["ask", "log", "help", "Log this", "Was this right?"]), texts)},
    optional={
        "type": mostly(st.sampled_from([1, 3]), scalars),
        "options": mostly(options, anything),
        "target_id": st.just("9"),
        "resolved": mostly(messages.map(lambda m: {"messages": {"9": m}}), anything),
    },
)
codes = st.sampled_from(
    [
        "v:up:x:1",
        "v:down:x:",
        "r:x:1",
        "u:",
        "l:en",
        "f:yes",
        "k:",
        "t:",
        "t:a:b",
        "p:",
        ":::",
        "",
        "b:",
        "b:ch.start:walk",
        "b:ch.in:x",
        "b:ch.done:x:1",
        "b:ch.done::9999999999",
        "b:put:x:y",
    ]
)
presses = st.fixed_dictionaries(
    {"custom_id": mostly(codes, texts)}, optional={"components": anything, "values": anything}
)
interactions = st.fixed_dictionaries(
    {
        "id": mostly(snowflakes, scalars),
        "token": mostly(st.text(min_size=1, max_size=20), scalars),
        "type": mostly(st.sampled_from([2, 3, 5]), scalars),
        "channel_id": mostly(snowflakes, scalars),
        "data": mostly(commands | presses, anything),
    },
    optional={
        "user": people,
        "member": mostly(st.fixed_dictionaries({"user": people}), anything),
        "guild_id": snowflakes,
        "context": mostly(st.integers(0, 2), scalars),
        "locale": mostly(st.sampled_from(["en-US", "zh-CN"]), scalars),
        "message": mostly(messages, anything),
        "authorizing_integration_owners": anything,
        "channel": anything,
    },
)
events = st.one_of(
    st.tuples(st.just("MESSAGE_CREATE"), mostly(messages, anything)),
    st.tuples(st.just("MESSAGE_UPDATE"), mostly(messages, anything)),
    st.tuples(st.just("MESSAGE_REACTION_ADD"), mostly(reactions, anything)),
    st.tuples(st.just("INTERACTION_CREATE"), mostly(interactions, anything)),
    st.tuples(mostly(st.text(max_size=9), scalars), anything),
).map(lambda e: {"t": e[0], "d": e[1]})


def reads(frame: dict[str, Any]) -> bool:
    """Reading one event; whether it concerns us. What is taken can be answered and stored."""
    event = read(frame, ME)
    if event is None:
        return False
    kept = arrival(frame, event)
    assert kept.dedup
    assert kept.chat == event.chat
    assert event.sent_at.utcoffset() is not None
    assert event.place.private is (event.private and not event.about)
    assert read(kept.body, ME) is not None
    paper = Paper(event=event, origin="1")
    for letter in paper.reply(Reply(text=event.text or "…", kind="answer", lang="en")):
        assert letter.chat == event.chat
    return True


@settings(max_examples=400, deadline=None)
@given(events)
def test_reading_never_raises(frame: dict[str, Any]) -> None:
    """Any JSON is read; what is taken has a place, a time and letters that can be made."""
    reads(frame)


ODD = [
    "\u202e\u0000", "<b>&amp;</i>", "/", "//", "👍", "🏳️‍🌈" * 300, "a" * 2000, "字" * 2000,
    "/log", "/log weight", "/forget", "/country ??", "/language zz", "@everyone", "0", "...",
    "bp 1/1", "weight 99999999 kg", "\n\n\n", "[1](x) **b", "```", "||x|| ~~y~~ __z__", "# head",
    "-# small", "> quote", "<@1> <#2> <t:1>", "https://x_y_z.example/a_b?c=*d*", "／help",
    "\u202egnp",
]  # fmt: skip


async def through_everything(data: Path, frames: list[dict[str, Any]], odd: int) -> int:
    """Send events through a whole Salus; how many were handled. All lanes are empty at the end."""
    chance = random.Random(9)
    async with salus(data) as here:
        users = [here.people.user(f"U{n}") for n in range(7)]
        for _ in range(odd):
            await here.people.dm(chance.choice(users), chance.choice(ODD))
        for frame in filter(_can_be_sent, frames):
            for session in here.fake.gateway.live:
                await here.fake.gateway._event(session, frame["t"], frame["d"])
        await asyncio.sleep(0.5)
        await here.settled(seconds=60 + len(frames) / 5)
        await here.ask("how much sleep do adults need?")
        counts = await here.counts()
        assert counts.get("inbox.dead", 0) == 0
        assert not here.running.done()
        return counts.get("inbox.done", 0)


def _can_be_sent(frame: dict[str, Any]) -> bool:
    """JSON on the wire is UTF-8: half a pair cannot be in it."""
    try:
        json.dumps(frame, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return isinstance(frame["t"], str)


@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(events, min_size=60, max_size=60))
def test_odd_events_stick_no_lane(frames: list[dict[str, Any]]) -> None:
    """Odd messages and odd events through everything: each lane is empty at the end."""
    with tempfile.TemporaryDirectory() as folder:
        handled = asyncio.run(through_everything(Path(folder), frames, 25))
        assert handled >= 20


styles = st.sampled_from(["", "bold", "italic", "code", "pre"])
pieces = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab c\n*_~`|[]()<>#-\\/:@。，字👍"), st.characters(codec="utf-8")
    ),
    max_size=400,
)
links = st.sampled_from(["", "", "https://a.example/b_(c)", "https://" + "x" * 500, "javascript:x"])
spans = st.lists(st.builds(Span, pieces, styles, links), max_size=30).map(tuple)


@settings(max_examples=150, deadline=None)
@given(spans)
def test_whatever_is_said_fits_and_is_accepted(given: tuple[Span, ...]) -> None:
    """Every part is within the limit and nothing that Discord refuses."""
    for part in parts(given):
        text = as_markdown(part)
        assert utf16(text) <= LIMIT
        if text.strip():
            check_message({"content": text}, [])


def test_answers_of_any_length_arrive_whole() -> None:
    """1 to 40 000 characters with every kind of span: each word once and in order."""
    chance = random.Random(3)
    for length in (1, 10, 1999, 2000, 2001, 9000, 40_000):
        words, made, size = 0, [], 0
        while size < length:
            style = chance.choice(["", "", "bold", "italic", "code", "pre"])
            href = chance.choice(["", "", "https://a.example/x_y"]) if not style else ""
            text = f" w{words} "
            made.append(Span(text, style, href))  # type: ignore[arg-type]
            more = " ".join(f"w{n}" for n in range(words + 1, words + 12))
            made.append(Span(chance.choice([f". {more}", f"* {more}\n", f"_x_ {more}\n# y\n"])))
            words += 12
            size += len(text) + len(more) + 4
        shown = "".join(as_markdown(part) + "\n" for part in parts(tuple(made)))
        seen = [int(w[1:]) for w in _words(shown)]
        assert seen == list(range(words))


def _words(shown: str) -> list[str]:
    return re.findall(r"(?<![A-Za-z0-9_.])w\d+", shown)


def test_nothing_that_is_quoted_becomes_markup() -> None:
    """Marks, mentions, headings and links in somebody's words show as they are."""
    assert escape("*a* __b__ `c` ||d|| ~~e~~") == (r"\*a\* \_\_b\_\_ \`c\` \|\|d\|\| \~\~e\~\~")
    assert escape("<@1> [x](https://a.b)") == r"\<@1\> \[x\](<https://a.b>)"
    assert escape("# big\n-# small\n- item") == "\\# big\n\\-# small\n- item"
    assert escape("see https://a.b/c_d, ok") == "see <https://a.b/c_d,> ok"
    link = as_markdown((Span("[1] CDC [x] *y*", "", "https://a.b/(c)"),))
    assert link == r"[[1] CDC x \*y\*](<https://a.b/%28c%29>)"
    assert as_markdown((Span(" hard ", "bold"), Span("a`b", "code"), Span("x", "italic"))) == (
        " **hard** `aˋb`*x*"
    )
    assert as_markdown((Span("a\n```b", "code"),)).startswith("```\n")


def main(count: int) -> None:
    """Read ``count`` events, send what concerns us through everything, print the figures."""
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
    @given(events)
    def every(frame: dict[str, Any]) -> None:
        taken[0] += 1
        if reads(frame):
            taken[1] += 1
            kept.append(frame)

    started = time.monotonic()
    every()
    with tempfile.TemporaryDirectory() as folder:
        handled = asyncio.run(through_everything(Path(folder), kept, len(ODD) * 4))
    seconds = time.monotonic() - started
    print(f"{taken[0]} read, {taken[1]} taken, {handled} handled, {seconds:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
