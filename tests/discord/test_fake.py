"""The fake Discord, seen by the real discord.py: what it grants, refuses, forgets and repeats."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import discord
import pytest
from discord import app_commands

from tests.fakes.discord_commands import put_commands
from tests.fakes.discord_rules import check_message
from tests.fakes.discord_server import FakeDiscord, discord_server
from tests.fakes.discord_values import Place, RefusedError
from tests.fakes.discord_world import DiscordWorld, pointed_at

LONG = "a" * 101


@dataclass
class Clock:
    """Runs by itself and can be moved on."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Echo(discord.AutoShardedClient):
    """A small bot: echoes, a command of every kind, a button that outlives it, a form."""

    def __init__(self, **options: object) -> None:
        intents = discord.Intents.default()
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)  # type: ignore[arg-type]
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.raw: list[str] = []
        self.reactions: list[discord.RawReactionActionEvent] = []
        self.edited: list[discord.RawMessageUpdateEvent] = []
        self.resumed = 0
        self.errors: list[BaseException] = []
        self.hold_s = 0.0
        _add_commands(self)

    async def setup_hook(self) -> None:
        self.add_view(Keep(self))

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)
            if message.content == "hello":
                await message.channel.send(f"echo {message.content}")

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.reactions.append(event)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.edited.append(event)

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def before_identify_hook(self, _: int | None, *, initial: bool = False) -> None:
        """No five seconds before a new session."""


class Keep(discord.ui.View):
    """Buttons with fixed ids, so that a press after a restart finds them."""

    def __init__(self, bot: Echo) -> None:
        super().__init__(timeout=None)
        self.bot = bot

    @discord.ui.button(label="Good", custom_id="good")
    async def good(self, interaction: discord.Interaction, _: discord.ui.Button[Keep]) -> None:
        await interaction.response.edit_message(content="thank you", view=None)

    @discord.ui.button(label="Why", custom_id="why")
    async def why(self, interaction: discord.Interaction, _: discord.ui.Button[Keep]) -> None:
        await interaction.response.send_modal(Form())


class Form(discord.ui.Modal, title="Tell us"):
    """One question."""

    reason = discord.ui.Label(
        text="Why?", component=discord.ui.TextInput(custom_id="reason", max_length=40)
    )

    def __init__(self) -> None:
        super().__init__(custom_id="form")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.reason.component, discord.ui.TextInput)
        await interaction.response.send_message(
            f"heard {self.reason.component.value}", ephemeral=True
        )


def _add_commands(bot: Echo) -> None:
    @bot.tree.command(description="Ask a question")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def ask(interaction: discord.Interaction, question: str) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content="thinking about it")
        await interaction.edit_original_response(content=f"about {question}", view=Keep(bot))
        await interaction.followup.send("and more", ephemeral=True)

    @bot.tree.command(description="Answer late")
    async def late(interaction: discord.Interaction) -> None:
        await asyncio.sleep(bot.hold_s)
        await interaction.response.send_message("here")

    @bot.tree.context_menu(name="Was this right?")
    async def right(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"you meant {message.content}", ephemeral=True)

    @bot.tree.error
    async def failed(_: discord.Interaction, error: app_commands.AppCommandError) -> None:
        bot.errors.append(error.__cause__ or error)


@dataclass
class Here:
    """The fake, its people and the bot."""

    fake: FakeDiscord
    world: DiscordWorld
    bot: Echo
    clock: Clock
    task: asyncio.Task[None]
    extra: list[object] = field(default_factory=list)


@asynccontextmanager
async def running(
    fake: FakeDiscord, clock: Clock, *, shards: int = 1, sync: bool = True, **options: object
) -> AsyncIterator[Here]:
    """A bot that is connected."""
    bot = Echo(shard_count=shards, **options)
    with pointed_at(fake):
        task = asyncio.create_task(bot.start(fake.token))
        world = DiscordWorld(fake)
        try:
            await world.connected(shards)
            if sync:
                await bot.tree.sync()
            yield Here(fake, world, bot, clock, task)
        finally:
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def here() -> AsyncIterator[Here]:
    """A connected bot on a fake with one guild."""
    clock = Clock()
    async with discord_server(clock=clock) as fake, running(fake, clock) as found:
        yield found


async def test_a_bot_logs_in_and_says_who_it_is(here: Here) -> None:
    """The token is accepted, and the account and the commands are the fake's."""
    assert here.bot.user is not None
    assert here.bot.user.id == here.fake.me.id
    assert (await here.bot.application_info()).name == "Salus"
    assert {c.name for c in await here.bot.tree.fetch_commands()} == {
        "ask", "late", "Was this right?",
    }  # fmt: skip


async def test_a_wrong_token_is_turned_away() -> None:
    """401 at login."""
    async with discord_server() as fake:
        bot = Echo(shard_count=1)
        with pointed_at(fake), pytest.raises(discord.LoginFailure):
            await bot.start("wrong")
        await bot.close()


async def test_an_intent_that_was_not_granted_closes_the_gateway() -> None:
    """4014, and discord.py says which intents are meant."""
    async with discord_server() as fake:
        bot = Echo(shard_count=1)
        bot._connection._intents.message_content = True
        with pointed_at(fake), pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(fake.token)
        await bot.close()
        assert fake.gateway.closes == [4014]


async def test_a_direct_message_is_echoed(here: Here) -> None:
    """A person writes, the bot answers in the same place, with a nonce of its own making."""
    ada = here.world.user("Ada")
    await here.world.dm(ada, "hello")
    (sent,) = await here.world.until(here.world.sent)
    assert sent.content == "echo hello"
    assert sent.place is here.world.direct(ada)
    assert sent.nonce
    assert here.bot.heard[0].guild is None


async def test_a_slash_command_is_deferred_edited_and_followed_up(here: Here) -> None:
    """One waiting answer, seen by its asker alone, filled in place, then a second message."""
    ada, ben = here.world.user("Ada"), here.world.user("Ben")
    room = here.world.guild("Walkers", ada, ben)
    await here.world.announce(room)
    tap = await here.world.slash(ada, room, "ask", question="sleep")
    await here.world.until(lambda: tap.followups)
    assert tap.answer == 5
    assert [m.content for m in tap.said] == ["about sleep", "and more"]
    assert [e.content for e in tap.said[0].edits] == ["", "thinking about it"]
    assert all(m.ephemeral and m.audience == ada.id for m in tap.said)
    assert here.world.sent(room, seen_by=ben) == []
    assert len(here.world.sent(room, seen_by=ada)) == 2


async def test_a_first_follow_up_fills_a_waiting_answer(here: Here) -> None:
    """Sending a follow-up before editing the deferred answer makes no second message."""
    gone = asyncio.Event()

    @here.bot.tree.command(description="Fill")
    async def fill(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("filled")
        gone.set()

    await here.bot.tree.sync()
    tap = await here.world.slash(ada := here.world.user("Ada"), here.world.direct(ada), "fill")
    await asyncio.wait_for(gone.wait(), 5)
    assert [m.content for m in tap.said] == ["filled"]


async def test_a_button_of_an_earlier_life_still_works() -> None:
    """The message was sent by a bot that is gone; the next one answers the press."""
    clock = Clock()
    async with discord_server(clock=clock) as fake:
        async with running(fake, clock) as before:
            ada = before.world.user("Ada")
            tap = await before.world.slash(ada, before.world.direct(ada), "ask", question="q")
            sent = await before.world.until(lambda: tap.said and tap.said[0].ids() and tap.said[0])
        async with running(fake, clock, sync=False) as after:
            press = await after.world.press(ada, sent, "good")
            await after.world.until(lambda: press.answer == 7)
    assert (sent.content, sent.components) == ("thank you", [])


async def test_a_form_is_opened_filled_in_and_answered(here: Here) -> None:
    """Button, form, answer; the form's rules are the client's."""
    ada = here.world.user("Ada")
    tap = await here.world.slash(ada, here.world.direct(ada), "ask", question="q")
    sent = await here.world.until(lambda: tap.said and tap.said[0].ids() and tap.said[0])
    press = await here.world.press(ada, sent, "why")
    await here.world.until(lambda: press.modal)
    with pytest.raises(AssertionError, match="asks for"):
        await here.world.submit(press)
    done = await here.world.submit(press, reason="too long")
    assert (await here.world.answer(done)).content == "heard too long"


async def test_a_message_menu_gives_the_text_whatever_the_intents(here: Here) -> None:
    """What a person points at is readable, though the event of the message was not."""
    ada = here.world.user("Ada")
    room = here.world.guild("Walkers", ada)
    await here.world.announce(room)
    said = await here.world.say(room, ada, "I feel well")
    tap = await here.world.context(ada, said, "Was this right?")
    assert (await here.world.answer(tap)).content == "you meant I feel well"
    assert [m.content for m in here.bot.heard] == [""]


async def test_a_guild_message_is_readable_when_it_names_the_bot(here: Here) -> None:
    """By mention or by a reply that pings; live and from the history alike."""
    ada = here.world.user("Ada")
    room = here.world.guild("Walkers", ada)
    await here.world.announce(room)
    await here.world.say(room, ada, "secret")
    await here.world.say(room, ada, "hello there", mention_bot=True)
    await here.world.until(lambda: len(here.bot.heard) == 2)
    mention = f"<@{here.fake.me.id}> hello there"
    assert [m.content for m in here.bot.heard] == ["", mention]
    channel = here.bot.get_channel(room.id)
    assert isinstance(channel, discord.TextChannel)
    assert [m.content async for m in channel.history(oldest_first=True)] == ["", mention]


async def test_an_edited_message_and_a_reaction_arrive(here: Here) -> None:
    """As raw events, also for what the bot never saw."""
    ada = here.world.user("Ada")
    said = await here.world.dm(ada, "weight 70")
    await here.world.edit(said, "weight 71")
    await here.world.react(said, ada, "👍")
    await here.world.until(lambda: here.bot.reactions and here.bot.edited)
    assert here.bot.edited[0].message.content == "weight 71"
    assert str(here.bot.reactions[0].emoji) == "👍"


async def test_a_nonce_makes_one_message_until_it_is_forgotten(here: Here) -> None:
    """The same nonce again gives the same message; after the window it makes another."""
    ada = here.world.user("Ada")
    channel = await (await here.bot.fetch_user(ada.id)).create_dm()
    first = await channel.send("once", nonce="letter-1")
    again = await channel.send("once", nonce="letter-1")
    assert first.id == again.id
    assert len(here.world.sent()) == 1
    assert here.world.doubles() == []
    here.clock.ahead += here.fake.nonce_s + 1
    await channel.send("once", nonce="letter-1")
    assert [[m.nonce for m in group] for group in here.world.doubles()] == [["letter-1"] * 2]


async def test_a_flood_is_obeyed(here: Here) -> None:
    """429 with retry_after: discord.py waits it out and nothing comes early."""
    ada = here.world.user("Ada")
    channel = await (await here.bot.fetch_user(ada.id)).create_dm()
    here.fake.fail("flood", "message.create", seconds=0.3)
    began = time.monotonic()
    await channel.send("patience")
    assert time.monotonic() - began >= 0.3
    assert here.fake.early == 0
    assert [c.status for c in here.fake.called("message.create")] == [429, 200]
    assert [status for _, status in here.fake.invalid_requests] == [429]


async def test_the_bucket_headers_keep_the_library_within_the_rate() -> None:
    """Three in 0.4 s: seven messages take two windows more, and none is refused."""
    clock = Clock()
    async with (
        discord_server(clock=clock, message_rate=(3, 0.4)) as fake,
        running(fake, clock, sync=False) as here,
    ):
        user = await here.bot.fetch_user(here.world.user("Ada").id)
        channel, began = await user.create_dm(), time.monotonic()
        await asyncio.gather(*(channel.send(f"{n}") for n in range(7)))
        assert time.monotonic() - began >= 0.7
        assert len(here.world.sent()) == 7
        assert fake.invalid_requests == []


async def test_a_ban_in_front_of_discord_is_not_waited_out(here: Here) -> None:
    """A 429 without Via is an error at once."""
    ada = here.world.user("Ada")
    channel = await (await here.bot.fetch_user(ada.id)).create_dm()
    here.fake.fail("flood", "message.create", seconds=60, via=False)
    with pytest.raises(discord.HTTPException) as caught:
        await channel.send("hello")
    assert caught.value.status == 429


async def test_a_resumed_session_gets_what_it_missed(here: Here) -> None:
    """The socket is cut, people go on writing, RESUME brings it all in order."""
    ada = here.world.user("Ada")
    await here.world.dm(ada, "one")
    await here.world.until(lambda: here.bot.heard)
    here.fake.gateway.drop()
    await here.world.dm(ada, "two")
    await here.world.dm(ada, "three")
    await here.world.until(lambda: len(here.bot.heard) == 3)
    assert [m.content for m in here.bot.heard] == ["one", "two", "three"]
    assert len(here.fake.gateway.identifies) == 1
    assert [granted for *_, granted in here.fake.gateway.resumes] == [True]


async def test_a_request_to_reconnect_is_followed(here: Here) -> None:
    """Op 7: a new socket, the same session."""
    await here.fake.gateway.reconnect()
    await here.world.until(lambda: here.fake.gateway.resumes)
    await here.world.connected()
    await here.world.dm(here.world.user("Ada"), "after")
    await here.world.until(lambda: here.bot.heard)
    assert len(here.fake.gateway.identifies) == 1


async def test_a_session_that_is_over_needs_the_history(here: Here) -> None:
    """Resume refused: a new session knows nothing of what came between; the history does."""
    ada = here.world.user("Ada")
    last = await here.world.dm(ada, "one")
    await here.world.until(lambda: here.bot.heard)
    here.fake.gateway.refuse_resume = True
    here.fake.gateway.drop()
    await here.world.dm(ada, "missed")
    await here.world.until(lambda: len(here.fake.gateway.identifies) == 2)
    await here.world.connected()
    await here.world.dm(ada, "two")
    await here.world.until(lambda: len(here.bot.heard) == 2)
    assert [m.content for m in here.bot.heard] == ["one", "two"]
    channel = await here.bot.fetch_channel(last.place.id)
    assert isinstance(channel, discord.DMChannel)
    after = [m.content async for m in channel.history(after=discord.Object(last.id))]
    assert after == ["missed", "two"]


async def test_an_interaction_is_unknown_after_three_seconds(here: Here) -> None:
    """10062, and nobody sees an answer."""
    ada = here.world.user("Ada")
    here.bot.hold_s = 0.1
    here.clock.ahead = 0.0
    tap = await here.world.slash(ada, here.world.direct(ada), "late")
    here.clock.ahead = 3.1
    await here.world.until(lambda: here.bot.errors)
    (error,) = here.bot.errors
    assert isinstance(error, discord.NotFound)
    assert error.code == 10062
    assert (tap.answer, tap.said) == (0, [])


async def test_an_interaction_is_acknowledged_once(here: Here) -> None:
    """40060 for a second answer, from another process, say."""
    ada = here.world.user("Ada")
    tap = await here.world.slash(ada, here.world.direct(ada), "ask", question="q")
    await here.world.until(lambda: tap.followups)
    body = {"type": 4, "data": {"content": "again"}}
    route = discord.http.Route(
        "POST", "/interactions/{webhook_id}/{webhook_token}/callback",
        webhook_id=tap.id, webhook_token=tap.token,
    )  # fmt: skip
    with pytest.raises(discord.HTTPException) as caught:
        await here.bot.http.request(route, json=body)
    assert (caught.value.status, caught.value.code) == (400, 40060)


async def test_the_token_of_an_interaction_lives_a_quarter_of_an_hour(here: Here) -> None:
    """Later edits are refused with 50027."""
    held: list[discord.Interaction] = []

    @here.bot.tree.command(description="Hold")
    async def hold(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        held.append(interaction)

    await here.bot.tree.sync()
    ada = here.world.user("Ada")
    await here.world.slash(ada, here.world.direct(ada), "hold")
    await here.world.until(lambda: held)
    here.clock.ahead = 901
    with pytest.raises(discord.HTTPException) as caught:
        await held[0].edit_original_response(content="too late")
    assert (caught.value.status, caught.value.code) == (401, 50027)


async def test_people_bring_the_app_where_the_bot_is_not(here: Here) -> None:
    """Context, owners and place of a command by who installed what."""
    ada, ben = here.world.user("Ada", installed=True), here.world.user("Ben")
    away = here.world.guild("Elsewhere", ada, ben, bot=False)
    pair = here.world.between(ada, ben)
    assert "ask" in here.world.commands(ada, away)
    assert here.world.commands(ben, away) == []
    assert here.world.commands(ada, pair) == ["ask"]
    for place, context in ((away, 0), (pair, 2), (here.world.direct(ada), 1)):
        tap = await here.world.slash(ada, place, "ask", question="q")
        await here.world.until(lambda tap=tap: tap.followups)
        assert tap.payload["context"] == context
        owners = tap.payload["authorizing_integration_owners"]
        assert owners["1"] == str(ada.id)
        assert ("0" in owners) == (context == 1)
    with pytest.raises(discord.Forbidden) as caught:
        await here.bot.http.send_message(away.id, params=_text("not here"))
    assert caught.value.code == 50001


def _text(content: str) -> discord.http.MultipartParameters:
    return discord.http.handle_message_parameters(content)


@pytest.mark.parametrize(
    ("content", "status", "code"), [("x" * 2001, 400, 50035), (" ", 400, 50006)]
)
async def test_a_message_that_breaks_a_rule_is_refused(
    here: Here, content: str, status: int, code: int
) -> None:
    """Too long, or empty."""
    channel = await (await here.bot.fetch_user(here.world.user("Ada").id)).create_dm()
    with pytest.raises(discord.HTTPException) as caught:
        await channel.send(content)
    assert (caught.value.status, caught.value.code) == (status, code)


async def test_a_person_who_closed_their_messages_cannot_be_written_to(here: Here) -> None:
    """50007."""
    ada = here.world.user("Ada")
    channel = await (await here.bot.fetch_user(ada.id)).create_dm()
    here.fake.closed_to_bot.add(ada.id)
    with pytest.raises(discord.Forbidden) as caught:
        await channel.send("hello")
    assert caught.value.code == 50007


async def test_a_picture_goes_out_with_its_description(here: Here) -> None:
    """And can be fetched again from where the message says."""
    channel = await (await here.bot.fetch_user(here.world.user("Ada").id)).create_dm()
    file = discord.File(io.BytesIO(b"PNG"), "chart.png", description="weight over 30 days")
    sent = await channel.send("your chart", file=file)
    (stored,) = here.world.sent()
    assert [(f.name, f.data, f.description) for f in stored.files] == [
        ("chart.png", b"PNG", "weight over 30 days")
    ]
    assert await sent.attachments[0].read() == b"PNG"


async def test_a_voice_message_can_be_downloaded(here: Here) -> None:
    """It is an attachment with a duration."""
    await here.world.voice(here.world.user("Ada"), b"OggS", seconds=3.5)
    (message,) = await here.world.until(lambda: here.bot.heard)
    (attachment,) = message.attachments
    assert attachment.is_voice_message()
    assert await attachment.read() == b"OggS"


async def test_a_thread_grows_from_a_message(here: Here) -> None:
    """It carries the message's id, takes messages, and exists once."""
    ada = here.world.user("Ada")
    room = here.world.guild("Walkers", ada)
    await here.world.announce(room)
    await here.world.say(room, ada, "sleep?", mention_bot=True)
    (message,) = await here.world.until(lambda: here.bot.heard)
    thread = await message.create_thread(name="Sleep")
    assert thread.id == message.id
    await thread.send("let us talk here")
    await here.world.say(here.fake.places[thread.id], ada, "thanks", mention_bot=True)
    await here.world.until(lambda: len(here.bot.heard) == 2)
    assert isinstance(here.bot.heard[1].channel, discord.Thread)
    with pytest.raises(discord.HTTPException) as caught:
        await message.create_thread(name="Sleep")
    assert caught.value.code == 160004


async def test_an_answer_that_is_lost_on_the_way_is_there_all_the_same(here: Here) -> None:
    """drop: stored and not acknowledged; reset: neither."""
    channel = await (await here.bot.fetch_user(here.world.user("Ada").id)).create_dm()
    here.fake.fail("drop", "message.create")
    here.fake.fail("reset", "message.create")
    for text in ("stored", "not stored"):
        with pytest.raises(aiohttp.ClientError):
            await channel.send(text)
    assert [m.content for m in here.world.sent()] == ["stored"]


async def test_commands_are_created_sparingly(here: Here) -> None:
    """A repeated sync costs nothing; new names run out with 30034."""
    left = here.fake.creates_left
    assert left == 197
    await here.bot.tree.sync()
    assert here.fake.creates_left == left
    here.fake.creates_left = 0

    @here.bot.tree.command(description="One more")
    async def more(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("more")

    with pytest.raises(discord.HTTPException) as caught:
        await here.bot.tree.sync()
    assert caught.value.code == 30034


async def test_shards_get_their_own_guilds_and_the_first_gets_direct_messages() -> None:
    """(guild >> 22) % shards."""
    clock = Clock()
    async with discord_server(clock=clock) as fake:
        world = DiscordWorld(fake)
        ada = world.user("Ada")
        rooms: list[Place] = []
        while len({_shard(room) for room in rooms}) < 2:
            rooms.append(world.guild(f"G{len(rooms)}", ada))
            await asyncio.sleep(0.001)  # ids of another millisecond
        bot = Echo(shard_count=2)
        with pointed_at(fake):
            task = asyncio.create_task(bot.start(fake.token))
            await world.connected(2)
            for room in rooms:
                await world.say(room, ada, "hi", mention_bot=True)
            await world.dm(ada, "direct")
            await world.until(lambda: len(bot.heard) == len(rooms) + 1)
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)
    assert sorted(shard for _, shard in fake.gateway.identifies) == [0, 1]
    guilds = [m.guild for m in bot.heard if m.guild]
    assert {g.shard_id for g in guilds} == {0, 1}


def _shard(room: Place) -> int:
    assert room.guild is not None
    return (room.guild.id >> 22) % 2


async def test_a_follow_up_that_failed_after_all_is_sent_again_by_the_library(here: Here) -> None:
    """discord.py repeats a 502 by itself: without a nonce people see the text twice."""
    ada = here.world.user("Ada")
    tap = await here.world.slash(ada, here.world.direct(ada), "ask", question="q")
    here.fake.fail("late", "followup.create", status=502)
    await here.world.until(lambda: len(tap.followups) == 2)
    assert here.world.twins() == [(tap.place.id, "and more")]


async def test_a_call_that_hangs_ends_with_its_connection(here: Here) -> None:
    """Nothing was done."""
    channel = await (await here.bot.fetch_user(here.world.user("Ada").id)).create_dm()
    here.fake.fail("hang", "message.create", seconds=0.05)
    with pytest.raises(aiohttp.ClientError):
        await channel.send("hello")
    assert here.world.sent() == []


async def test_a_fault_can_be_for_one_channel_and_for_any_code(here: Here) -> None:
    """403 50013 here, nothing there; a page of HTML is an error without a code."""
    ada, ben = here.world.user("Ada"), here.world.user("Ben")
    hers = await (await here.bot.fetch_user(ada.id)).create_dm()
    his = await (await here.bot.fetch_user(ben.id)).create_dm()
    here.fake.fail("status", "message.create", channel=hers.id, status=403, code=50013)
    with pytest.raises(discord.Forbidden) as caught:
        await hers.send("hello")
    assert caught.value.code == 50013
    here.fake.fail("garbage", "message.create", status=503)
    with pytest.raises(discord.DiscordServerError):
        await his.send("hello")
    await his.send("hello")
    assert len(here.world.sent()) == 1


async def test_a_global_flood_holds_every_route(here: Here) -> None:
    """The flag stops other requests too until it is over."""
    channel = await (await here.bot.fetch_user(here.world.user("Ada").id)).create_dm()
    here.fake.fail("flood", "message.create", seconds=0.3, everywhere=True)
    began = time.monotonic()
    sending = asyncio.create_task(channel.send("one"))
    await here.world.until(lambda: here.fake.invalid_requests)
    await asyncio.sleep(0.02)
    await here.bot.fetch_user(here.fake.me.id)
    assert time.monotonic() - began >= 0.28
    await sending
    assert here.fake.early == 0


async def test_a_bot_that_is_refused_too_often_is_shut_out(here: Here) -> None:
    """After so many refusals even a right call is answered by the proxy in front."""
    here.fake.ban_at = 3
    channel = await (await here.bot.fetch_user((ada := here.world.user("Ada")).id)).create_dm()
    here.fake.closed_to_bot.add(ada.id)
    for _ in range(3):
        with pytest.raises(discord.Forbidden):
            await channel.send("hello")
    with pytest.raises(discord.HTTPException) as caught:
        await here.bot.fetch_user(here.fake.me.id)
    assert caught.value.status == 429
    here.clock.ahead += 601
    await here.bot.fetch_user(here.fake.me.id)


async def test_a_bot_that_identifies_too_often_loses_its_token() -> None:
    """The budget of a day is told by the gateway route, and enforced."""
    async with discord_server(identifies_a_day=0) as fake:
        bot = Echo()
        with pointed_at(fake), pytest.raises(discord.ConnectionClosed) as caught:
            await bot.start(fake.token)
        await bot.close()
    assert caught.value.code == 4004


async def test_a_gateway_that_falls_silent_is_left() -> None:
    """While heartbeats are acknowledged the bot stays; then it resumes on a new socket."""
    clock = Clock()
    async with (
        discord_server(clock=clock, heartbeat_ms=50) as fake,
        running(fake, clock, sync=False, heartbeat_timeout=0.3) as here,
    ):
        await here.world.until(lambda: fake.gateway.beats >= 8)
        assert not fake.gateway.resumes
        assert here.bot.latency < 1
        fake.gateway.silent = True
        await here.world.until(lambda: fake.gateway.resumes)


async def test_a_fatal_close_ends_the_bot(here: Here) -> None:
    """4004 while running."""
    await here.fake.gateway.close(4004)
    with pytest.raises(discord.ConnectionClosed):
        await asyncio.wait_for(here.task, 5)


async def test_a_bot_sees_no_private_conversation_of_others(here: Here) -> None:
    """No event, no history, no sending."""
    ada, ben = here.world.user("Ada"), here.world.user("Ben")
    pair = here.world.between(ada, ben)
    await here.world.say(pair, ada, "between us")
    await here.world.dm(ada, "to you")
    await here.world.until(lambda: here.bot.heard)
    assert [m.content for m in here.bot.heard] == ["to you"]
    with pytest.raises(discord.Forbidden):
        await here.bot.fetch_channel(pair.id)


async def test_an_ephemeral_answer_cannot_be_reached_through_its_channel(here: Here) -> None:
    """Only the interaction's token edits it, and others cannot press what is on it."""
    ada, ben = here.world.user("Ada"), here.world.user("Ben")
    room = here.world.guild("Walkers", ada, ben)
    await here.world.announce(room)
    tap = await here.world.slash(ada, room, "ask", question="q")
    await here.world.until(lambda: tap.followups)
    with pytest.raises(discord.NotFound):
        await here.bot.http.edit_message(room.id, tap.said[0].id, params=_text("public"))
    with pytest.raises(AssertionError, match="cannot see"):
        await here.world.press(ben, tap.said[0], "good")


@pytest.mark.parametrize(
    "components",
    [
        [{"type": 2, "style": 1, "label": "x", "custom_id": "a"}],
        [{"type": 1, "components": []}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "a"}]}],
        [
            {
                "type": 1,
                "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "a" * 101}],
            }
        ],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x" * 81, "custom_id": "a"}]}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "a"}] * 2}],
        [{"type": 1, "components": [{"type": 3, "custom_id": "a", "options": []}]}],
        [{"type": 10, "content": "text"}],
    ],
)
def test_components_are_checked(components: list[dict[str, object]]) -> None:
    """Rows of one to five, labels, lengths, ids used once, layouts only as layouts."""
    with pytest.raises(RefusedError) as caught:
        check_message({"content": "x", "components": components}, [])
    assert caught.value.code == 50035


@pytest.mark.parametrize(
    "body",
    [
        {"embeds": [{"description": "x" * 4097}]},
        {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"fields": [{"name": "a", "value": ""}]}]},
        {"embeds": [{"title": "x"}] * 11},
        {"content": "x", "nonce": "n" * 26},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        {"content": "x", "flags": 1 << 15},
        {"attachments": [{"id": 0, "description": "x" * 1025}]},
    ],
)
def test_bodies_are_checked(body: dict[str, object]) -> None:
    """Embeds, nonces, mentions, layouts, descriptions."""
    with pytest.raises(RefusedError) as caught:
        check_message(body, [])
    assert caught.value.code == 50035


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Upper", "description": "x"},
        {"name": "two words", "description": "x"},
        {"name": "x", "description": "x" * 101},
        {"name": "x", "description": ""},
        {"name": "x", "description": "x", "name_localizations": {"zh": "问"}},
        {"name": "x", "description": "x", "contexts": [3]},
        {"name": "x", "type": 3, "description": "a menu has none"},
        {
            "name": "x",
            "description": "x",
            "options": [
                {"name": "a", "description": "a", "type": 3},
                {"name": "b", "description": "b", "type": 3, "required": True},
            ],
        },
    ],
)
def test_commands_are_checked(command: dict[str, object]) -> None:
    """Names, descriptions, locales, contexts, order of options."""
    with pytest.raises(RefusedError) as caught:
        put_commands(FakeDiscord(), 0, [command])
    assert caught.value.code == 50035
