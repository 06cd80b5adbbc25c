"""Hostile and odd events: none crashes the reading, none sticks a lane.

    python -m tests.discord.test_fuzz 10000

sends that many generated events through everything and says what became of each.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.discord.api import Me
from bot.adapters.discord.events import Event, arrival, read
from bot.adapters.discord.letters import Paper
from bot.delivery.office import PostOffice
from bot.model import Reply
from tests.delivery import fuzz
from tests.delivery.fuzz import anything, mostly, scalars, words
from tests.discord.world import Salus, salus
from tests.fakes import discord_values as values
from tests.fakes.discord_messages import build

ME = Me(id=100_000_000_000_000_000, application=100_000_000_000_000_000, username="Salus")
LIVE = "a button that is there"  # replaced by one, in the channel where it is
GUILD = values.Guild(200_000_000_000_000_000, "Walkers")

snowflakes = st.integers(1, (1 << 62) - 1).map(str)
people_known = st.integers(1001, 1060).map(str)  # they come again
people = st.fixed_dictionaries(
    {"id": mostly(people_known, snowflakes | scalars)},
    optional={"bot": mostly(st.just(False), scalars), "username": mostly(st.text(), scalars)},
)
channels = st.integers(1, 5).map(lambda n: str(GUILD.id + n))


def _direct(person: Any) -> Any:
    """The channel of a person's direct messages: one each."""
    id_ = person.get("id") if isinstance(person, dict) else None
    return f"3000{id_}" if isinstance(id_, str) and len(id_) < 10 else "3000"


def _at(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


moments = st.integers(-7200, 60).map(_at)  # by and large now
files = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "url": scalars,
            "filename": scalars,
            "content_type": mostly(st.sampled_from(["audio/ogg", "image/png", "x"]), scalars),
            "size": scalars,
            "duration_secs": scalars,
        },
    ),
    max_size=2,
)
ours = st.just({"author": {"id": str(ME.id)}})
said = fuzz.shares(
    words=(6, st.fixed_dictionaries({"content": words})),
    named=(4, st.fixed_dictionaries({"content": words.map(lambda w: f"<@{ME.id}> {w}")})),
    pinged=(1, st.fixed_dictionaries({"content": words, "mentions": mostly(
        st.just([{"id": str(ME.id)}]), anything)})),
    replied=(1, st.fixed_dictionaries({
        "content": words, "type": st.just(19), "referenced_message": mostly(ours, anything)})),
    files=(2, st.fixed_dictionaries(
        {"attachments": mostly(files, anything)}, optional={"content": words,
        "flags": mostly(st.integers(0, 1 << 15), scalars)})),
    odd=(1, st.fixed_dictionaries({}, optional={
        "content": words, "sticker_items": anything, "position": scalars, "components": anything,
        "type": scalars, "poll": anything, "webhook_id": scalars})),
).map(lambda found: found[1])  # fmt: skip


def _message(author: Any, channel: Any, guild: Any, rest: Any, said: Any) -> dict[str, Any]:
    """A message as its place would have it: no guild in direct messages."""
    place = {"channel_id": _direct(author)} if guild is None else {
        "channel_id": channel, "guild_id": guild}  # fmt: skip
    return {"author": author, **place, **rest, **said}


guilds = st.sampled_from([None, None, str(GUILD.id)])
messages = st.builds(
    _message,
    mostly(people, anything),
    mostly(channels, scalars),
    mostly(guilds, anything),
    st.fixed_dictionaries(
        {"id": mostly(snowflakes, scalars), "timestamp": mostly(moments, scalars)}
    ),
    said,
)
edits = st.builds(lambda message, at: {**message, "edited_timestamp": at}, messages,
                  mostly(moments, scalars))  # fmt: skip
reactions = st.builds(
    lambda person, channel, guild, rest: {
        "user_id": person,
        **({"channel_id": channel, "guild_id": guild} if guild else {"channel_id": "30001001"}),
        **rest,
    },
    mostly(people_known, scalars),
    mostly(channels, scalars),
    guilds,
    st.fixed_dictionaries(
        {
            "message_id": mostly(snowflakes, scalars),
            "emoji": mostly(
                st.fixed_dictionaries({"name": st.sampled_from(["👍", "👎", "x"])}), anything
            ),
        },
        optional={"message_author_id": mostly(st.just(str(ME.id)), scalars)},
    ),
)
options = st.lists(
    st.fixed_dictionaries({"name": words, "value": mostly(words, anything)}), max_size=3
)
COMMANDS = ["ask", "log", "help", "today", "trend", "goal", "forget", "start", "privacy",
            "language", "challenge", "feedback", "export", "remind", "kb"]  # fmt: skip
commands = fuzz.shares(
    slash=(5, st.fixed_dictionaries(
        {"name": mostly(st.sampled_from(COMMANDS), words), "type": st.just(1)},
        optional={"options": mostly(options, anything)})),
    menu=(1, st.fixed_dictionaries({
        "name": st.sampled_from(["Log this", "Was this right?"]), "type": st.just(3),
        "target_id": st.just("9"),
        "resolved": mostly(messages.map(lambda m: {"messages": {"9": m}}), anything)})),
    odd=(1, st.fixed_dictionaries({}, optional={
        "name": words, "type": scalars, "options": anything, "resolved": anything})),
).map(lambda found: found[1])  # fmt: skip
codes = st.sampled_from(
    ["v:up:x:1", "v:down:x:", "r:x:1", "u:", "l:en", "f:yes", "k:", "t:", "t:a:b", "p:", ":::",
     "", "b:", "b:ch.start:walk", "b:ch.in:x", "b:ch.done:x:1", "b:ch.done::9999999999",
     "b:put:x:y"]
)  # fmt: skip
pressed = st.fixed_dictionaries(
    {"custom_id": mostly(st.just(LIVE) | codes, words)},
    optional={"components": anything, "values": anything},
)
taps = fuzz.shares(
    command=(5, st.tuples(st.just(2), mostly(commands, anything), st.none())),
    press=(4, st.tuples(st.just(3), mostly(pressed, anything), mostly(messages, anything))),
    form=(1, st.tuples(st.just(5), mostly(pressed, anything), mostly(messages, anything))),
    odd=(1, st.tuples(scalars, anything, anything)),
).map(lambda found: found[1])  # fmt: skip


def _interaction(tap: Any, person: Any, channel: Any, inside: bool, rest: Any) -> dict[str, Any]:
    """An interaction: in a server with a member, else with a user in their direct messages."""
    kind, data, message = tap
    where = {"member": {"user": person}, "guild_id": str(GUILD.id), "channel_id": channel,
             "context": 0, "authorizing_integration_owners": {"0": str(GUILD.id)}}  # fmt: skip
    if not inside:
        where = {"user": person, "channel_id": _direct(person), "context": 1}
    shown = {"message": message} if message is not None else {}
    return {"type": kind, "data": data, **shown, **where, **rest}


interactions = st.builds(
    _interaction,
    taps,
    mostly(people, anything),
    mostly(channels, scalars),
    st.booleans(),
    st.fixed_dictionaries(
        {"id": mostly(snowflakes, scalars), "token": mostly(st.text(min_size=1), scalars)},
        optional={
            "locale": mostly(st.sampled_from(["en-US", "zh-CN"]), scalars),
            "channel": mostly(st.just({"type": 0}), anything),
        },
    ),
)
events = fuzz.shares(
    MESSAGE_CREATE=(12, mostly(messages, anything)),
    MESSAGE_UPDATE=(2, mostly(edits, anything)),
    MESSAGE_REACTION_ADD=(2, mostly(reactions, anything)),
    INTERACTION_CREATE=(12, mostly(interactions, anything)),
    TYPING_START=(1, anything),
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


@settings(max_examples=200, deadline=None)
@given(events)
def test_reading_never_raises(frame: dict[str, Any]) -> None:
    """Any JSON is read; what is taken has a place, a time and letters that can be made."""
    reads(frame)


def _dict(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _ids(value: Mapping[str, Any], *keys: str) -> bool:
    """Whether all of them are ids."""
    found = [str(value.get(key)) for key in keys if type(value.get(key)) in (int, str)]
    return len(found) == len(keys) and all(
        one.isascii() and one.isdigit() and len(one) < 20 and 0 < int(one) < 1 << 63
        for one in found
    )


@dataclass
class Scene:
    """fuzz.Scene for Discord."""

    here: Salus
    platform: str = "discord"
    chance: random.Random = field(default_factory=lambda: random.Random(9))

    @property
    def office(self) -> PostOffice:
        assert self.here.adapter.office is not None
        return self.here.adapter.office

    def reads(self, update: dict[str, Any]) -> bool:
        return reads(update)

    def why_not(self, update: dict[str, Any]) -> str:
        body = update["d"]
        if not isinstance(body, dict) or not body:
            return "not an object, or an empty one"
        match update["t"]:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                return _why_not_said(body, edited=update["t"] == "MESSAGE_UPDATE")
            case "MESSAGE_REACTION_ADD":
                return _why_not_reacted(body)
            case "INTERACTION_CREATE":
                return _why_not_tapped(body)
            case _:
                return "a kind of event that is nothing to us"

    async def send(self, update: dict[str, Any]) -> dict[str, Any] | None:
        frame = self._as_it_would_come(update)
        event = read(frame, ME)
        assert event is not None
        place = self._place(event)
        if event.tap is not None:
            self._tap(event, place, frame["d"])
        for session in self.here.fake.gateway.live:
            await self.here.fake.gateway._event(session, frame["t"], frame["d"])
        return frame if event.ack == "not_yours" else None

    def _place(self, event: Event) -> values.Place:
        """The channel, with its person, as the server knows them."""
        fake = self.here.fake
        person = fake.people.setdefault(event.user, values.Person(event.user, "Ada"))
        fake.guilds.setdefault(GUILD.id, GUILD).members[person.id] = ""
        made = values.Place(event.channel, values.TEXT, "general", GUILD)
        if not event.guild:
            made = values.Place(event.channel, values.DM, people=[person])
        return fake.places.setdefault(event.channel, made)

    def _tap(self, event: Event, place: values.Place, body: dict[str, Any]) -> None:
        """The interaction, so that it can be answered; a pressed message is one of ours."""
        fake, tap = self.here.fake, event.tap
        assert tap is not None
        message = None
        if event.message_id:
            message = fake.messages.get(event.message_id)
            if message is None:
                message = build(fake, place, fake.me, {"content": "…"}, [])
                message.payload["id"] = str(event.message_id)
                fake.messages[event.message_id] = message
        told = {"authorizing_integration_owners": {"0": "1"}, "data": {"name": "ask"}}
        person = fake.people[event.user]
        made = values.Tap(
            tap.id, tap.token, body["type"], person, place, fake.clock(), told, message
        )
        fake.taps[tap.id] = fake.tokens[tap.token] = made

    def _as_it_would_come(self, update: dict[str, Any]) -> dict[str, Any]:
        """Ids that are Discord's to give are new and of now; live buttons are some that exist."""
        kind, body = update["t"], dict(update["d"])
        if kind in {"MESSAGE_CREATE", "INTERACTION_CREATE"}:
            body["id"] = str(self.here.fake.ids())
        if kind != "INTERACTION_CREATE":
            return {"t": kind, "d": body}
        body["token"] = f"token-{body['id']}"
        message = _dict(body, "message")
        if not _ids(message, "id"):
            body["message"] = {**message, "id": str(self.here.fake.ids())}
        shown = [m for m in self.here.people.sent()[-60:] if m.ids() and not m.deleted]
        if _dict(body, "data").get("custom_id") == LIVE and shown:
            return {"t": kind, "d": self._live(body, self.chance.choice(shown))}
        return {"t": kind, "d": body}

    def _live(self, body: dict[str, Any], sent: values.Sent) -> dict[str, Any]:
        """A press of a button of ``sent`` by somebody who sees it."""
        data = {"custom_id": self.chance.choice(sent.ids()), "component_type": 2}
        found = body | {"data": data, "message": dict(sent.payload)}
        found |= {"channel_id": str(sent.place.id), "channel": {"type": sent.place.type}}
        one = sent.place.people[0].id if sent.place.people else sent.audience or 1001
        for key in ("user", "member", "guild_id", "context"):
            found.pop(key, None)
        if sent.place.guild is None:
            return found | {"user": {"id": str(one)}, "context": 1}
        member = {"member": {"user": {"id": str(one)}}, "guild_id": str(GUILD.id), "context": 0}
        return found | member | {"authorizing_integration_owners": {"0": str(GUILD.id)}}

    async def settled(self, *, seconds: float) -> None:
        await self.here.settled(seconds=seconds)

    def shown(self, body: Mapping[str, Any]) -> bool:
        found = self.here.fake.taps.get(int(_dict(body, "d").get("id") or 0))
        return found is not None and bool(found.answer)

    def quiet(self, body: Mapping[str, Any]) -> str:
        if body.get("t") == "MESSAGE_REACTION_ADD":
            return "a thumb is counted without a word"
        return ""

    async def alive(self) -> None:
        await self.here.ask("how much sleep do adults need?")


def _why_not_said(body: Mapping[str, Any], *, edited: bool) -> str:
    author, text = _dict(body, "author"), body.get("content")
    if not (_ids(body, "id", "channel_id") and _ids(author, "id")):
        return "a message without id, channel or person"
    if author.get("bot") is True or "webhook_id" in body or author["id"] == str(ME.id):
        return "a bot's message"
    when = body.get("edited_timestamp")
    if edited and not (isinstance(when, str) and when):
        return "a change that is not the author's"
    if body.get("type", 0) not in (0, 19):
        return "nobody's words, as a join or a pin"
    text = text if isinstance(text, str) else ""
    private = "guild_id" not in body
    if not private and edited:
        return "an edit in a server"
    if not private:
        return "" if _to_us(body, text) else "talk in a server that is not addressed to us"
    files = body.get("attachments")
    held = isinstance(files, list) and any(isinstance(f, dict) for f in files)
    bare = text.replace(f"<@{ME.id}>", "").strip(" ,:，：\t\r\n").strip()
    media = held or body.get("sticker_items") or body.get("poll")
    return "" if bare or media else "neither words nor media"


def _to_us(body: Mapping[str, Any], text: str) -> bool:
    named = body.get("mentions")
    named = named if isinstance(named, list) else []
    pinged = any(isinstance(one, dict) and one.get("id") == str(ME.id) for one in named)
    replied = _dict(_dict(body, "referenced_message"), "author").get("id") == str(ME.id)
    return pinged or replied or f"<@{ME.id}>" in text


def _why_not_reacted(body: Mapping[str, Any]) -> str:
    if not _ids(body, "user_id", "channel_id", "message_id"):
        return "a reaction without message or person"
    if _dict(body, "emoji").get("name") not in ("👍", "👎"):
        return "a reaction that is no thumb"
    other = _ids(body, "message_author_id") and str(body["message_author_id"]) != str(ME.id)
    return "a reaction to somebody else" if other else ""


def _why_not_tapped(body: Mapping[str, Any]) -> str:
    person = _dict(_dict(body, "member"), "user") or _dict(body, "user")
    channel = _ids(body, "channel_id") or _ids(_dict(body, "channel"), "id")
    token = body.get("token")
    if not (_ids(person, "id") and channel and _ids(body, "id")):
        return "an interaction without id, channel or person"
    if not (isinstance(token, str) and token):
        return "an interaction that cannot be answered"
    if body.get("type") not in (2, 3, 5):
        return "a kind of interaction that we have not"
    menu = body["type"] == 2 and _dict(body, "data").get("type", 1) != 1
    known = _dict(body, "data").get("name") in ("Log this", "Was this right?")
    return "a command that we have not" if menu and not known else ""


@asynccontextmanager
async def staged(data: Path) -> AsyncGenerator[Scene, None]:
    """A whole Salus on the fake."""
    async with salus(data) as here:
        yield Scene(here)


async def test_generated_events_stick_no_lane(data: Path) -> None:
    """Fifty generated events through everything: nearly all get an end, and it is a good one."""
    tally = await fuzz.run(staged, data, fuzz.generated(events, 50, always_the_same=True))
    assert tally.good, tally.table()
    assert not tally.failed, tally.table()
    assert tally.answered > 12, tally.table()
    assert tally.answered + tally.ignored.total() == tally.generated == 50, tally.table()


if __name__ == "__main__":
    fuzz.main(staged, events)
