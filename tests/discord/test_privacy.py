"""Privacy by place: no command, question or button makes a personal value public."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.discord import address
from bot.adapters.discord.events import Event
from bot.adapters.discord.letters import Paper
from bot.adapters.discord.raw import made_at
from bot.delivery.errors import PrivacyError
from bot.dialogue.commands import COMMANDS
from bot.ids import new_id
from bot.model import Reply
from bot.store.letters import Letter
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_values import Person, Place, Sent
from tests.fakes.discord_world import DiscordWorld

SECRETS = ("83.7", "6 h 40", "Portugal", "PT", "lisinopril")
OPTIONS = {
    "ask": {"question": "what is my weight?"},
    "log": {"text": "weight 83.7 kg"},
    "language": {"language": "en"},
    "country": {"country": "PT"},
    "trend": {"kind": "weight"},
    "kb": {"words": "status"},
    "challenge": {"what": "show"},
}
OPEN = frozenset({"challenge"})  # before everybody, with nothing personal
PLACES = ["dm", "channel", "thread", "elsewhere", "between"]


def place_for(people: DiscordWorld, name: str, ada: Person) -> Place:
    """One of the places where somebody can call us."""
    bob = people.user("Bob")
    if name == "dm":
        return people.direct(ada)
    if name == "between":
        return people.between(ada, bob)
    place = people.guild(name, ada, bob, bot=name != "elsewhere")
    if name != "thread":
        return place
    thread = Place(people.fake.ids(), 11, "thread", place.guild, place.id)
    people.fake.places[thread.id] = thread
    return thread


def public(here: Salus) -> list[Sent]:
    """What others than Ada can read."""
    return [m for m in here.people.sent() if not m.ephemeral and not m.place.private]


def leaks(sent: list[Sent]) -> list[tuple[str, str]]:
    """Secrets in them, also in their files and in earlier wordings."""
    found = []
    for message in sent:
        seen = [message.text, *(e.content for e in message.edits)]
        seen += [f.data.decode("utf-8", "replace") for f in message.files]
        found += [(s, text) for s in SECRETS for text in seen if s in text]
    return found


async def known(here: Salus, *, linked: bool) -> None:
    """Somebody with values, a country and a history; linked: to an account on Telegram."""
    for text in ("weight 83.7 kg", "slept 6 h 40 min", "/country PT", "is lisinopril ok?"):
        await here.ask(text)
    if linked:
        user = await here.person()
        store = await here.app.store.opened()
        await store.link(user, "telegram", "1001")


@pytest.mark.slow
@pytest.mark.parametrize("linked", [False, True], ids=["alone", "linked"])
@pytest.mark.parametrize("where", PLACES)
async def test_no_command_shows_anything_personal_where_others_read(
    data: Path, where: str, linked: bool
) -> None:
    """Each command in each place: personal answers are whispered or in direct messages."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada", installed=True)
        place = place_for(people, where, ada)
        options = {"fake": fake, "people": people, "ada": ada, "discord": {"metrics": True}}
        async with salus(data, **options) as here:
            await known(here, linked=linked)
            names = [c for c in people.commands(ada, place) if c[:1].islower()]
            assert {"ask", "log", "today", "trend", "why", "export"} <= set(names)
            for name in sorted(names, key=lambda n: n in {"forget", "unlink", "link"}):
                said = await here.slash(name, place, **OPTIONS.get(name, {}))
                everybody = place is here.dm or (name in OPEN and where in {"channel", "thread"})
                assert said.ephemeral or everybody
                assert said.audience == (0 if everybody else ada.id)
            asked = await here.slash("ask", place, question="what is my weight?", public=True)
            assert place is here.dm or not leaks([asked])
            await here.settled()
            assert leaks(public(here)) == []
            assert (await here.counts()).get("outbox.failed", 0) == 0


async def test_words_in_a_channel_show_nothing_personal(data: Path) -> None:
    """Mentions with commands, questions about oneself, values: refused with the private way."""
    async with salus(data, discord={"metrics": True}) as here:
        await known(here, linked=False)
        place = here.people.guild("Runners", here.ada)
        await here.people.announce(place)
        for command in [c.name for c in COMMANDS] + ["country PT", "log weight 83.7 kg"]:
            said = await here.mention(place, f"/{command}")
            if command in [c.name for c in COMMANDS if c.personal]:
                assert any(custom.startswith("p:") for custom in said.ids())
        for words in ("what is my weight?", "weight 83.7 kg", "undo", "today", "why?", "趋势"):
            await here.mention(place, words)
        await here.settled()
        assert leaks(public(here)) == []
        kept = await here.app.store.observations(await here.person())
        assert len(kept) == 2  # the channel logged nothing


async def test_contexts_of_people_and_places_never_meet(data: Path) -> None:
    """What was whispered is not the history of the channel, nor of another person."""
    async with salus(data) as here:
        place = here.people.guild("Runners", here.ada)
        await here.people.announce(place)
        bob = here.people.user("Bob")
        assert place.guild is not None
        place.guild.members[bob.id] = ""
        await here.slash("ask", place, question="why am I tired all the time?")
        await here.mention(place, "how much sleep do adults need?")
        await here.mention(place, "what counts as high blood pressure?", bob)
        store = here.app.store

        async def asked(user: Person, chat: str) -> list[str]:
            turns = await store.history(
                await here.person(user), platform="discord", chat=chat, limit=9
            )
            return [turn.asked for turn in turns]

        assert await asked(here.ada, str(place.id)) == ["how much sleep do adults need?"]
        assert await asked(here.ada, f"{place.id}/e") == ["why am I tired all the time?"]
        assert await asked(bob, str(place.id)) == ["what counts as high blood pressure?"]
        assert await asked(here.ada, str(here.dm.id)) == []


# --- deliberate attempts ---------------------------------------------------------


def letter(chat: str, **body: object) -> Letter:
    """A letter as somebody might put it into the outbox."""
    full = {"spans": [["83.7 kg", "", ""]], "rows": [], "method": "send"} | body
    return Letter(id=new_id(), chat=chat, body=full, origin=new_id())


@pytest.mark.parametrize(
    "body",
    [
        {"personal": True, "private": True},
        {"personal": True, "private": False},
        {"private": True},
        {},
    ],
    ids=["lies about the place", "says it is public", "says nothing of itself", "says nothing"],
)
@pytest.mark.parametrize("method", ["send", "answer", "edit", "keyboard", "thread"])
async def test_a_deliberate_attempt_is_stopped_at_the_edge(
    data: Path, body: dict[str, bool], method: str
) -> None:
    """Whatever a body claims: a channel is a channel, and nothing leaves."""
    async with salus(data) as here:
        place = here.people.guild("Runners", here.ada)
        await here.people.announce(place)
        assert here.adapter.office is not None
        courier = here.adapter.office.sender._courier
        before = len(here.fake.calls)
        with pytest.raises(PrivacyError):
            await courier.deliver(letter(address.shared(place.id), method=method, **body))
        tap = {
            "id": 1, "token": "t", "whisper": False, "made": 0.0, "foreign": False, "command": True,
        }  # fmt: skip
        marks = {"personal": True, "private": True, "tap": tap, "user": here.ada.id}
        whisper = address.whisper(here.ada.id, place.id)
        with pytest.raises(PrivacyError):  # it was deferred for everybody to see
            await courier.deliver(letter(whisper, method=method, **marks))
        with pytest.raises(PrivacyError):
            await courier.deliver(letter(whisper, method=method, personal=True, private=True))
        assert len(here.fake.calls) == before


def test_a_personal_reply_to_a_channel_becomes_the_private_way() -> None:
    """The paper itself never addresses something personal to a channel."""
    event = Event(kind="said", chat="C5", channel=5, user=1, sent_at=made_at(1 << 60), guild=True)
    paper = Paper(event=event, origin="1")
    reply = Reply(text="83.7 kg", kind="answer", lang="en", personal=True)
    for made in (*paper.reply(reply), *paper.copy(reply, "all")):
        assert "83.7" not in str(made.body)
        assert made.body["personal"] is False
