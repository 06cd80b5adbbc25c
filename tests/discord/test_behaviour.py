"""Habits and oddities of Discord, each against the real library and the fake server."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import zipfile
from pathlib import Path

import pytest

from bot.adapters.chat import copies
from bot.adapters.discord import letters
from bot.errors import TranscriptionError
from bot.model import Lang
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_values import Place, Sent, Upload
from tests.fakes.discord_world import DiscordWorld

SLEEP = "how much sleep do adults need?"
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."


async def guild(here: Salus) -> Place:
    """A server that Ada and the bot are in."""
    place = here.people.guild("Runners", here.ada)
    await here.people.announce(place)
    return place


async def test_a_direct_question_gets_an_answer_with_sources_and_thumbs(data: Path) -> None:
    """The main way: a message, an answer, its sources as links, buttons below."""
    async with salus(data) as here:
        said = await here.ask(SLEEP)
        assert "7 hours" in said.content
        assert "(<https://www.cdc.gov" in said.content
        assert [c[:2] for c in said.ids()] == ["v:", "v:"]
        assert "is listening" in here.said[0]
        tap = await here.press(said, "v:up:")
        assert tap.followups[0].ephemeral
        assert [v.vote for v in await here.app.store.votes()] == ["up"]
        assert said.components[0]["components"][0]["label"] == "👍 ✓"


async def test_a_slash_command_is_deferred_and_its_answer_edited_in(data: Path) -> None:
    """/ask: thinking at once, then the answer in its place, seen by the asker alone."""
    async with salus(data) as here:
        said = await here.slash("ask", await guild(here), question=SLEEP)
        assert "7 hours" in said.content
        assert said.audience == here.ada.id
        assert here.fake.called("callback")[0].params["type"] == 5
        public = await here.slash("ask", said.place, question=SLEEP, public=True)
        assert not public.ephemeral
        assert "7 hours" in public.content
        direct = await here.slash("ask", question=SLEEP)
        assert not direct.ephemeral
        assert direct.place is here.dm


async def test_servers_are_heard_only_when_it_is_meant_for_us(data: Path) -> None:
    """Mention and reply are answered as replies; other talk is not even stored."""
    async with salus(data, server={"privileged": 1 << 15}, discord={"message_content": True}) as h:
        place = await guild(h)
        await h.people.say(place, h.ada, "did you sleep well?")
        await h.people.say(place, h.ada, "<@123> how much sleep do adults need?")
        first = await h.mention(place, SLEEP)
        assert first.payload["referenced_message"]["content"].endswith(SLEEP)
        before = len(h.people.sent(place))
        await h.people.say(place, h.ada, "and why am I tired?", reply_to=first)
        await h.until(lambda: len(h.people.sent(place)) > before)
        await h.settled()
        assert (await h.counts())["inbox.done"] == 2


async def test_without_the_content_intent_mentions_still_work(data: Path) -> None:
    """The content of a message that names us comes anyway; the mention is not part of it."""
    async with salus(data) as here:
        said = await here.mention(await guild(here), SLEEP)
        assert "7 hours" in said.content
        asked = await here.app.store.history(
            await here.person(), platform="discord", chat=str(said.place.id), limit=5
        )
        assert [turn.asked for turn in asked] == [SLEEP]


async def test_an_answer_goes_on_in_a_thread_with_a_context_of_its_own(data: Path) -> None:
    """The button opens a thread at the answer; there is no second one in it; once is enough."""
    async with salus(data) as here:
        place = await guild(here)
        answer = await here.mention(place, SLEEP)
        await here.press(answer, "t:")
        thread = here.fake.places[answer.id]
        hello = await here.until(lambda: here.people.sent(thread))
        assert "in this thread" in hello[0].content
        assert [c[:2] for c in answer.ids()] == ["v:", "v:"]
        inside = await here.mention(thread, "why am I tired all the time?")
        assert inside.place is thread
        assert not any(c.startswith("t:") for c in inside.ids())
        store, user = here.app.store, await here.person()
        kept = await store.history(user, platform="discord", chat=str(thread.id), limit=9)
        assert [turn.asked for turn in kept] == ["why am I tired all the time?"]
        other = await here.mention(place, SLEEP)
        here.fake.places[other.id] = Place(other.id, 11, "theirs", place.guild, place.id)
        await here.press(other, "t:")  # somebody was faster: 160004
        assert "in this thread" in here.people.sent(here.fake.places[other.id])[0].content


async def test_a_thread_at_a_message_that_is_gone_is_told_at_once(data: Path) -> None:
    """Nobody tries for minutes while the channel waits."""
    async with salus(data) as here:
        place = await guild(here)
        answer = await here.mention(place, SLEEP)
        here.fake.fail("status", "thread.create", status=404, code=10008)  # deleted meanwhile
        await here.press(answer, "t:")
        assert "could not be shown" in here.people.sent(place)[-1].content
        assert "7 hours" in (await here.mention(place, SLEEP)).content


async def test_an_edited_message_is_a_correction(data: Path) -> None:
    """The value of the first wording goes, that of the second stays; in a server edits rest."""
    async with salus(data, discord={"metrics": True}) as here:
        said = await here.people.dm(here.ada, "weight 70 kg")
        await here.until(lambda: here.people.sent(here.dm))
        await here.settled()
        await here.people.edit(said, "weight 71 kg")
        await here.until(lambda: len(here.people.sent(here.dm)) == 2)
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [71.0]
        assert "Corrected" in here.people.sent(here.dm)[-1].content
        place = await guild(here)
        asked = await here.people.say(place, here.ada, "/help", mention_bot=True)
        await here.until(lambda: here.people.sent(place))
        await here.people.edit(asked, f"<@{here.fake.me.id}> /privacy")
        await here.ask("hello")
        assert len(here.people.sent(place)) == 1


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [("a.png", "image/png", "pictures"), ("a.pdf", "application/pdf", "files")],
)
async def test_what_is_not_text_gets_a_plain_sentence(
    data: Path, name: str, kind: str, word: str
) -> None:
    """Nobody is left without a word; with a text, the text is answered."""
    async with salus(data) as here:
        upload = Upload(name, b"x", "", kind)
        await here.people.dm(here.ada, "", files=(upload,))
        await here.settled()
        await here.until(lambda: here.people.sent(here.dm))
        assert word in here.people.sent(here.dm)[0].content
        await here.people.dm(here.ada, SLEEP, files=(upload,))
        await here.until(lambda: len(here.people.sent(here.dm)) == 2)
        assert "can't see" in here.people.sent(here.dm)[1].content
        await here.people.dm(here.ada, "", sticker_items=[{"id": "1", "name": "x"}])
        await here.people.dm(here.ada, "", poll={"question": {}})
        await here.until(lambda: len(here.people.sent(here.dm)) == 4)
        assert "pictures" in here.people.sent(here.dm)[2].content
        assert "text" in here.people.sent(here.dm)[3].content


class Listener:
    """A transcriber that hears what the test wrote."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)

    async def transcribe(self, audio: bytes, *, mime: str, lang: Lang | None) -> str:
        """The next words; an exclamation mark stands for a fault."""
        assert audio == b"sound"
        assert mime == "audio/ogg"
        found = self.words.pop(0)
        if found == "!":
            raise TranscriptionError("no")
        return found


async def test_voice_messages_are_heard_or_a_sentence_says_why_not(data: Path) -> None:
    """Words as if they had been typed; silence, faults and length are told apart."""
    listener = Listener(SLEEP, " ", "!")
    async with salus(data, transcriber=listener) as here:
        shown = here.people.sent
        for _ in range(3):
            before = len(shown(here.dm))
            await here.people.voice(here.ada, b"sound")
            await here.until(lambda before=before: len(shown(here.dm)) > before)
            await here.settled()
        texts = [m.content for m in shown(here.dm)]
        assert "I heard" in texts[0]
        assert "7 hours" in texts[0]
        assert "couldn't hear" in texts[1]
        assert "couldn't turn" in texts[2]
        await here.people.voice(here.ada, b"sound", seconds=900.0)
        await here.until(lambda: len(shown(here.dm)) == 4)
        assert "longer than" in shown(here.dm)[3].content


async def test_without_a_transcriber_a_voice_message_gets_a_plain_sentence(data: Path) -> None:
    """Nothing is fetched for nobody."""
    async with salus(data) as here:
        await here.people.voice(here.ada, b"sound")
        await here.until(lambda: here.people.sent(here.dm))
        assert "type it" in here.people.sent(here.dm)[0].content


async def test_reactions_count_as_votes_of_the_asker(data: Path) -> None:
    """A thumb on an answer is a vote, a flame is none, somebody else's thumb is none."""
    async with salus(data) as here:
        place = await guild(here)
        bob = here.people.user("Bob")
        assert place.guild is not None
        place.guild.members[bob.id] = ""
        answer = await here.mention(place, SLEEP)
        await here.people.react(answer, here.ada, "🔥")
        await here.people.react(answer, bob, "👎")
        await here.people.react(answer, here.ada, "👍")
        await here.ask("hello")
        assert [v.vote for v in await here.app.store.votes()] == ["up"]


async def test_a_thumb_down_asks_why_in_a_form(data: Path) -> None:
    """The vote counts at once; the form adds its reason; others get neither form nor vote."""
    async with salus(data) as here:
        place = await guild(here)
        bob = here.people.user("Bob")
        assert place.guild is not None
        place.guild.members[bob.id] = ""
        answer = await here.mention(place, SLEEP)
        theirs = await here.press(answer, "v:down:", bob)
        assert theirs.modal is None
        assert "Only the person who asked" in theirs.said[0].content
        assert theirs.said[0].ephemeral
        mine = await here.press(answer, "v:down:")
        assert mine.modal is not None
        assert [v.vote for v in await here.app.store.votes()] == ["down"]
        sent = await here.people.submit(mine, reason=["off_topic"])
        await here.until(lambda: sent.followups)
        await here.settled()
        assert "with the reason" in sent.followups[0].content
        assert [v.reason for v in await here.app.store.votes()] == ["off_topic"]
        assert [c["label"] for c in answer.components[0]["components"]][1] == "👎 ✓"
        await here.press(answer, "v:up:")
        assert [v.vote for v in await here.app.store.votes()] == ["up"]


async def test_buttons_work_after_a_restart(data: Path) -> None:
    """A press is understood by its own data: no view has to be registered again."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        options = {"fake": fake, "people": people, "ada": ada, "discord": {"metrics": True}}
        async with salus(data, **options) as here:
            answer = await here.ask(SLEEP)
            logged = await here.ask("weight 70 kg")
        async with salus(data, **options) as here:
            await here.press(answer, "v:up:")
            await here.press(logged, "u:")
            assert [v.vote for v in await here.app.store.votes()] == ["up"]
            assert await here.app.store.observations(await here.person()) == []
            assert logged.ids() == []
            assert "Taken back" in here.people.sent(here.dm)[-1].content


async def test_start_offers_languages_and_forget_asks_first(data: Path) -> None:
    """Consent by choosing a language; keep, then erase; the account is a stranger afterwards."""
    async with salus(data) as here:
        hello = await here.slash("start")
        assert "encrypted" in hello.content
        await here.press(hello, "l:en")
        profile = await here.app.store.profile(await here.person())
        assert (profile.lang, profile.consents) == ("en", frozenset({"store"}))
        assert "All set" in here.people.sent(here.dm)[-1].content
        asked = await here.slash("forget")
        await here.press(asked, "f:no")
        assert "nothing was erased" in here.people.sent(here.dm)[-1].content
        before = await here.person()
        asked = await here.slash("forget")
        await here.press(asked, "f:yes")
        assert "erased" in here.people.sent(here.dm)[-1].content
        assert await here.person() != before
        assert here.adapter.parts is not None
        assert f"D{here.dm.id}" not in here.adapter.parts.notebook.chats()


async def test_commands_are_told_once_and_metric_commands_only_when_allowed(data: Path) -> None:
    """The same tree is not told again after a restart; another one is; both in two languages."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        options = {"fake": fake, "people": people, "ada": ada}
        async with salus(data, **options) as here:
            place = await guild(here)
            names = people.commands(ada, place)
            assert {"ask", "help", "forget", "link", "Was this right?"} <= set(names)
            assert not {"log", "today", "trend", "undo", "Log this"} & set(names)
            ask = next(c for c in fake.commands[0] if c["name"] == "ask")
            assert "健康问题" in ask["description_localizations"]["zh-CN"]
            assert ask["contexts"] == [0, 1, 2]
            assert ask["integration_types"] == [0, 1]
        async with salus(data, **options):
            assert len(fake.called("commands.put")) == 1
        async with salus(data, discord={"metrics": True}, **options):
            assert len(fake.called("commands.put")) == 2
            assert {"log", "today", "trend", "undo", "Log this"} <= set(people.commands(ada, place))


async def test_refused_commands_do_not_stop_the_bot(data: Path) -> None:
    """Without commands there are still messages; the next start tries again."""
    async with discord_server() as fake:
        fake.fail("status", "commands.put", status=403, code=20012)
        async with salus(data, fake=fake) as here:
            assert "7 hours" in (await here.ask(SLEEP)).content


async def test_an_answer_grows_while_it_is_written(data: Path) -> None:
    """In direct messages one message is sent and edited; a command's answer is edited in."""
    script = [" ".join([ANSWER] * 8)] * 2
    async with salus(data, script=script, delay_s=0.045) as here:
        said = await here.ask(SLEEP)
        await here.settled(seconds=20)
        assert len(here.people.sent(here.dm)) == 1
        assert len(said.edits) >= 2
        assert said.edits[0].content.endswith("…")
        assert not said.content.endswith("…")
        assert "Sources" in said.content
        tap = await here.people.slash(here.ada, here.dm, "ask", question=SLEEP)
        await here.until(lambda: tap.original and tap.original.ids(), seconds=20)
        assert tap.original is not None
        times = [e.at for e in tap.original.edits]
        assert len(times) >= 3
        gaps = [later - earlier for earlier, later in itertools.pairwise(times[1:-1])]
        assert min(gaps, default=9) > 1.2
        await here.settled(seconds=20)


async def test_a_message_of_somebody_can_be_checked_and_commands_nothing(data: Path) -> None:
    """The menu asks about the words of a message, ephemerally; "/forget yes" in it is a quote."""
    async with salus(data) as here:
        place = await guild(here)
        bob = here.people.user("Bob")
        assert place.guild is not None
        place.guild.members[bob.id] = ""
        claim = await here.people.say(place, bob, "Adults need 7 hours of sleep a night")
        tap = await here.people.context(here.ada, claim, "Was this right?")
        answer = await here.people.answer(tap)
        assert answer.ephemeral
        assert "7 hours" in answer.content
        before = await here.person()
        await here.ask("hello")
        nasty = await here.people.say(place, bob, "/forget yes")
        tap = await here.people.context(here.ada, nasty, "Was this right?")
        await here.people.answer(tap)
        assert await here.person() == before
        silent = await here.people.say(place, bob, "")
        tap = await here.people.context(here.ada, silent, "Was this right?")
        assert "no words" in (await here.people.answer(tap)).content


async def test_only_ones_own_message_can_be_logged(data: Path) -> None:
    """Somebody else's weight does not become mine."""
    async with salus(data, discord={"metrics": True}) as here:
        place = await guild(here)
        bob = here.people.user("Bob")
        assert place.guild is not None
        place.guild.members[bob.id] = ""
        mine = await here.people.say(place, here.ada, "weight 70 kg")
        theirs = await here.people.say(place, bob, "weight 90 kg")
        answer = await here.people.answer(await here.people.context(here.ada, mine, "Log this"))
        assert "70 kg" in answer.content
        assert answer.ephemeral
        answer = await here.people.answer(await here.people.context(here.ada, theirs, "Log this"))
        assert "only log what you wrote" in answer.content
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [70.0]


async def test_continue_in_private_writes_to_the_person(data: Path) -> None:
    """The button under a refusal opens direct messages; who lets nobody in is told the way."""
    async with salus(data) as here:
        place = await guild(here)
        said = await here.mention(place, "/export")
        assert "personal" in said.content
        tap = await here.press(said, "p:")
        assert "writing to you" in tap.followups[0].content
        assert "among ourselves" in here.people.sent(here.dm)[0].content


async def test_old_messages_get_an_apology(data: Path) -> None:
    """What waited for more than a day is not answered as if it were new."""
    async with salus(data) as here:
        await here.people.dm(here.ada, SLEEP, age_s=90_000)
        await here.until(lambda: here.people.sent(here.dm))
        assert "more than a day ago" in here.people.sent(here.dm)[0].content


async def test_export_comes_as_a_file(data: Path) -> None:
    """Everything about a person, as a file that only they see."""
    async with salus(data) as here:
        place = await guild(here)
        await here.slash("ask", place, question=SLEEP)
        said = await here.slash("export", place)
        assert said.ephemeral
        assert [f.name for f in said.files] == ["salus-export.json"]
        assert b"conversations" in said.files[0].data
        direct = await here.ask("/export")
        assert [f.name for f in direct.files] == ["salus-export.json"]


async def test_a_long_copy_comes_in_a_zip(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord takes ten megabytes; what is too long even so is told, and nothing sticks."""
    monkeypatch.setattr(copies, "_PLAIN", 200)
    async with salus(data) as here:
        await here.ask(SLEEP)
        (file,) = (await here.ask("/export")).files
        assert file.name == "salus-export.zip"
        kept = zipfile.ZipFile(io.BytesIO(file.data)).read("salus-export.json")
        assert SLEEP in {one["you_said"] for one in json.loads(kept)["conversations"]}
        monkeypatch.setattr(letters, "LONGEST_FILE", 100)
        assert "too long for one file" in (await here.ask("/export")).content


async def test_a_trend_comes_with_its_chart(data: Path) -> None:
    """A picture with words for those who cannot see it, in direct messages or ephemerally."""
    async with salus(data, discord={"metrics": True}) as here:
        for text in ("weight 70 kg yesterday", "weight 71 kg", "weight 70.5 kg 3 days ago"):
            await here.ask(text)
        place = await guild(here)
        tap = await here.people.slash(here.ada, place, "trend", kind="weight")
        await here.people.answer(tap, seconds=15)
        await here.settled(seconds=20)
        pictures = [f for m in tap.said for f in m.files]
        assert pictures
        assert pictures[0].data.startswith(b"\x89PNG")
        assert pictures[0].description
        assert all(m.ephemeral for m in tap.said)


async def test_shards_are_as_many_as_set_or_advised(data: Path) -> None:
    """Direct messages come on the first, servers on theirs."""
    async with discord_server(shards=2) as fake, salus(data, fake=fake) as here:
        await here.people.connected(2, seconds=15)
        assert {s.shards for s in fake.gateway.live} == {2}
        assert "7 hours" in (await here.ask(SLEEP)).content


def words_of(sent: list[Sent]) -> str:
    """Everything people see."""
    return "\n".join(m.text for m in sent)


async def test_help_says_how_to_reach_us_here(data: Path) -> None:
    """What is particular to Discord stands in the help, once, and why no values in /privacy."""
    async with salus(data) as here:
        await here.ask("hello")
        shown = await here.slash("help")
        assert "Was this right?" in words_of([shown])
        assert "/log" not in shown.content
        shown = await here.slash("privacy")
        assert "Discord's rules" in shown.content
        await asyncio.sleep(0)
