"""A channel's challenge on Discord: before everybody what is general, whispered what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.model import Challenge
from bot.model import Place as Spot
from bot.store.challenges import SqlChallenges
from tests.discord.walk import labels
from tests.discord.world import Salus, salus
from tests.fakes.clock import from_noon
from tests.fakes.discord_values import Person, Place, Sent


async def hall(here: Salus, *others: Person) -> Place:
    """A channel that Ada owns."""
    place = here.people.guild("Runners", here.ada, *others)
    await here.people.announce(place)
    return place


async def kept(here: Salus) -> SqlChallenges:
    """The challenges of the store."""
    return SqlChallenges(await here.app.store.opened())


async def running(here: Salus, place: Place) -> Challenge:
    """What runs in the channel."""
    parts = here.adapter.parts
    assert parts is not None
    spot = Spot(platform="discord", chat=str(place.id), private=False)
    found = await (await kept(here)).newest(spot, str(here.fake.me.id))
    assert found is not None
    return found


async def press(here: Salus, card: Sent, label: str, user: Person) -> str:
    """Press as somebody; the word that only they read."""
    custom = next(
        str(c["custom_id"]) for row in card.components for c in row["components"]
        if c["label"] == label
    )  # fmt: skip
    tap = await here.people.press(user, card, custom)
    await here.until(lambda: tap.answer)
    await here.settled()
    for said in tap.followups:
        assert said.ephemeral
        assert said.audience == user.id
    return tap.followups[-1].content if tap.followups else ""


async def started(here: Salus, place: Place, label: str = "🚶 A walk every day") -> Sent:
    """/challenge and the press of a topic; the card."""
    menu = await here.slash("challenge", place)
    assert not menu.ephemeral
    await press(here, menu, label, here.ada)
    return here.people.sent(place)[-1]


async def test_a_day_together(data: Path) -> None:
    """Started by slash command, joined, asked about in the channel, answered by whispers."""
    async with salus(data, clock=from_noon()) as here:
        bob, cora = here.people.user("Bob"), here.people.user("Cora")
        place = await hall(here, bob, cora)
        card = await started(here, place)
        assert "A walk every day, for seven days" in card.content
        for user in (here.ada, bob, cora):
            assert (await press(here, card, "I'm in", user)).startswith("You are in.")
        store, challenge = await kept(here), await running(here, place)
        yesterday = (here.clock() - timedelta(days=1)).date()
        due = here.clock() - timedelta(minutes=1)
        await store.keep(replace(challenge, first=yesterday, next_at=due))
        assert here.adapter.office is not None
        assert await here.adapter.office.look_at_the_clock() == 1
        await here.settled()
        asked = here.people.sent(place)[-1]
        assert "day 2 of 7" in asked.content
        assert await press(here, asked, "✅ Done", bob) == "Day 2: done ✓ 1 of 3 so far."
        assert "“Cora”" in await press(here, asked, "My name", cora)
        board = await here.slash("challenge", place, user=bob)
        assert "With their names: Cora and 2 more." in board.content
        assert "Done so far for this day: 1." in board.content
        open_words = " ".join(m.content for m in here.people.sent(place) if not m.ephemeral)
        assert "Bob" not in open_words
        assert "Ada" not in open_words


async def test_moderators_and_the_starter_end_it(data: Path) -> None:
    """A member may not; by mention Discord says nothing of rights; a moderator may."""
    async with salus(data, clock=from_noon()) as here:
        bob = here.people.user("Bob")
        place = await hall(here, bob)
        await started(here, place)
        said = await here.slash("challenge", place, user=bob, what="end")
        assert said.content.startswith("Only whoever started it")
        menu = await here.slash("challenge", place, what="end")
        assert "was ended" in menu.content
        menu = await here.slash("challenge", place, user=bob)
        await press(here, menu, "💧 Water instead of sweet drinks", bob)
        said = await here.mention(place, "/challenge end")
        assert "slash" in said.content or "command /challenge" in said.content
        await here.slash("challenge", place, what="end")
        assert (await running(here, place)).state == "stopped"
        said = await here.slash("challenge", place, user=bob)
        assert said.content.startswith("An admin ended the last challenge")


async def test_where_we_are_not_a_member_none_can_be_started(data: Path) -> None:
    """With the person alone there is nobody who could ask every day."""
    async with salus(data, ada=None, clock=from_noon()) as here:
        eve = here.people.user("Eve", installed=True)
        place = here.people.guild("Elsewhere", eve, bot=False)
        said = await here.slash("challenge", place, user=eve)
        assert said.content.startswith("A challenge needs me in the server")
        assert labels(said) == ""


async def test_in_direct_messages_only_ones_own(data: Path) -> None:
    """The list of one's parts with the way out; nothing can be started there."""
    async with salus(data, clock=from_noon()) as here:
        place = await hall(here)
        card = await started(here, place)
        await press(here, card, "I'm in", here.ada)
        own = await here.slash("challenge")
        assert "A walk every day: has not begun." in own.content
        await press(here, own, "Leave: A walk every day", here.ada)
        assert here.people.sent(here.dm)[-1].content.startswith("You have left it")
        assert "for groups" in (await here.ask("/challenge")).content
