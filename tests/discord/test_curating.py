"""Looking after the knowledge on Discord: whispered or in direct messages, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.library import Knowledge
from tests.discord.walk import labels
from tests.discord.world import Salus, discord_app, salus
from tests.fakes.curators import LEAFLET, code_for, curated, library, roles
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_values import Person, Place, Sent, Upload

GOUT = Upload("gout.md", LEAFLET.encode(), content_type="text/markdown")
REFUSED = "I can't do that for you here."


@dataclass
class Desk:
    """The world with its knowledge base."""

    here: Salus
    knowledge: Knowledge

    async def bind(self, name: str, user: Person, number: int = 0) -> None:
        """Enter a code in direct messages."""
        code = await code_for(self.here.app, name, number)
        assert name in (await self.here.ask(f"/kb link {code}", user=user)).content

    async def press(self, card: Sent, label: str, user: Person | None = None) -> Sent:
        """Press a button and wait for the last thing that follows; whispers count."""
        who = user or self.here.ada
        custom = next(
            str(c["custom_id"]) for row in card.components for c in row["components"]
            if c["label"] == label
        )  # fmt: skip
        tap = await self.here.people.press(who, card, custom)
        await self.here.until(lambda: tap.answer)
        await self.here.settled()
        return self.here.people.sent(seen_by=who)[-1]


@asynccontextmanager
async def desk(data: Path, **people: str) -> AsyncGenerator[Desk, None]:
    """A running bot whose knowledge these people look after."""
    knowledge = library(data)
    roles(knowledge, **people)  # type: ignore[arg-type]
    made = discord_app(data)
    async with (
        curated(made, knowledge, education_only=frozenset({"discord"})) as app,
        salus(data, app=app) as here,
    ):
        yield Desk(here, knowledge)


async def hall(here: Salus, *others: Person) -> Place:
    """A channel with Ada in it."""
    place = here.people.guild("Clinic", here.ada, *others)
    await here.people.announce(place)
    return place


async def test_from_a_file_to_published_in_direct_messages(data: Path) -> None:
    """Code, file, draft, review by a second person who is told, publish: by buttons."""
    async with desk(data, ada="admin", rob="reviewer") as it:
        here = it.here
        rob = here.people.user("Rob")
        await it.bind("ada", here.ada)
        await it.bind("rob", rob, 1)
        await here.people.dm(here.ada, "", files=(GOUT,))
        await here.settled()
        card = here.people.sent(here.dm)[-1]
        assert "gout.md" in card.content
        assert "[Put into the draft]" in labels(card)
        card = await it.press(card, "Put into the draft")
        await it.press(card, "Submit for review")
        asked = here.people.sent(here.people.direct(rob))[-1]
        assert asked.content.startswith("ada asks for a review.")
        await it.press(asked, "Approve", rob)
        card = here.people.sent(here.dm)[-1]
        await it.press(card, "Publish")
        assert "gout" in {d["doc"] for d in it.knowledge.list()}


async def test_in_a_channel_everything_is_whispered(data: Path) -> None:
    """/kb with an attachment in a server: cards, buttons and results are the curator's alone."""
    async with desk(data, ada="admin") as it:
        here = it.here
        place = await hall(here)
        await it.bind("ada", here.ada)
        first = await here.slash("kb", place, file=GOUT)
        assert first.ephemeral
        await here.settled()
        card = here.people.sent(place)[-1]
        assert card.ephemeral
        assert "[Put into the draft]" in labels(card)
        card = await it.press(card, "Put into the draft")
        assert card.ephemeral
        assert it.knowledge.desk().draft().added == ("gout",)
        again = await here.slash("kb", place, words="status")
        assert again.ephemeral
        assert "gout" in again.content
        assert all(m.ephemeral for m in here.people.sent(place))


async def test_a_result_that_comes_when_the_whisper_is_over_goes_to_direct_messages(
    data: Path,
) -> None:
    """A token lives for fifteen minutes; a book may be read for longer."""
    async with discord_server(token_s=0.0) as fake:
        knowledge = library(data)
        roles(knowledge, ada="admin")
        made = discord_app(data)
        async with (
            curated(made, knowledge, education_only=frozenset({"discord"})) as app,
            salus(data, app=app, fake=fake) as here,
        ):
            it = Desk(here, knowledge)
            await it.bind("ada", here.ada)
            place = await hall(here)
            await here.people.slash(here.ada, place, "kb", file=GOUT)
            await here.until(
                lambda: any("[Put into" in labels(m) for m in here.people.sent(here.dm))
            )
            assert not [m for m in here.people.sent(place) if not m.ephemeral]


async def test_strangers_and_open_channels_learn_nothing(data: Path) -> None:
    """Without a role one sentence; said before everybody only the way to direct messages."""
    async with desk(data, ada="admin") as it:
        here = it.here
        eve = here.people.user("Eve")
        place = await hall(here, eve)
        assert (await here.slash("kb", place, user=eve, file=GOUT)).content == REFUSED
        await here.people.dm(eve, "", files=(GOUT,))
        await here.settled()
        assert "can't read" in here.people.sent(here.people.direct(eve))[-1].content
        await it.bind("ada", here.ada)
        said = await here.mention(place, "/kb log")
        assert re.search("private|direct message", said.content)
        assert it.knowledge.desk().draft().empty
