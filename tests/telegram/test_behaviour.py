"""Habits and oddities of Telegram, each against the real library and the fake server."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.adapters.chat import copies
from bot.adapters.telegram import letters
from bot.adapters.telegram.adapter import TelegramAdapter
from bot.adapters.telegram.config import TelegramSettings
from bot.delivery.errors import LockedOutError
from bot.errors import StoreLockedError
from tests.fakes.telegram_server import BOT_ID, telegram_server
from tests.fakes.telegram_world import FAST, make_app, world
from tests.telegram.walk import data_of, labels

SLEEP = "how much sleep do adults need?"
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."
GROUP, FORUM = -55, -1_000_000_000_777


async def test_groups_hear_only_what_is_meant_for_us(data: Path) -> None:
    """Mention, reply and command are answered as replies; other talk is not even stored."""
    async with world(data, server={"read_all_groups": True}) as here:
        await here.fake.say("did you sleep well?", chat=GROUP)
        await here.fake.say("/help@OtherBot", chat=GROUP)
        await here.fake.say("@SalusTestBotty hello", chat=GROUP)
        first = await here.ask(f"@SalusTestBot {SLEEP}", chat=GROUP)
        assert "7 hours" in first["text"]
        assert first["reply_to_message"]["text"].startswith("@SalusTestBot")
        second = await here.ask(
            "and naps? how much sleep?", chat=GROUP, reply_to=(GROUP, first["message_id"])
        )
        assert second["chat"]["id"] == GROUP
        third = await here.ask("/help@SalusTestBot", chat=GROUP)
        assert "/privacy" in third["text"]
        await here.settled()
        assert (await here.counts())["inbox.done"] == 3


async def test_topics_are_answered_in_their_topic(data: Path) -> None:
    """The thread id comes back on every send; a topic that is gone still gets its answer."""
    async with world(data) as here:
        said = await here.ask(f"@SalusTestBot {SLEEP}", chat=FORUM, thread=9)
        assert said["message_thread_id"] == 9
        await here.fake.say("/help@SalusTestBot", chat=FORUM, thread=11)
        here.fake.topics.discard((FORUM, 11))
        await here.settled()
        assert "/privacy" in here.fake.sent()[-1]["text"]


async def test_an_edited_message_is_a_correction(data: Path) -> None:
    """The value of the first wording goes, that of the second stays; in a group edits rest."""
    async with world(data) as here:
        said = await here.fake.say("weight 700 kg".replace("700", "70"))
        await here.until(here.fake.sent)
        await here.settled()
        await here.fake.edit(said, "weight 71 kg")
        await here.until(lambda: len(here.fake.sent()) == 2)
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [71.0]
        assert "Corrected" in here.fake.sent()[-1]["text"]
        in_group = await here.fake.say("/help@SalusTestBot", chat=GROUP)
        await here.until(lambda: len(here.fake.sent()) == 3)
        await here.fake.edit(in_group, "/privacy@SalusTestBot")
        await here.ask("hello")
        assert len(here.fake.sent()) == 4


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"photo": [{"file_id": "p"}]}, "pictures"),
        ({"document": {"file_id": "d"}}, "files"),
        ({"location": {"latitude": 1.0, "longitude": 1.0}}, "text"),
    ],
)
async def test_what_is_not_text_gets_a_plain_sentence(
    data: Path, extra: dict[str, object], word: str
) -> None:
    """Nobody is left without a word; with a caption, the caption is answered."""
    async with world(data) as here:
        assert word in (await here.ask("", **extra))["text"]
        answered = await here.ask("", caption=SLEEP, **extra)
        assert "can't see" in answered["text"]
        assert "7 hours" in answered["text"]


async def test_a_long_copy_comes_in_a_zip(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long even so is told, and nothing sticks."""
    monkeypatch.setattr(copies, "_PLAIN", 200)
    async with world(data) as here:
        await here.ask(SLEEP)
        await here.ask("/export")
        ((_, name, file),) = here.fake.documents
        assert name == "salus-export.zip"
        kept = zipfile.ZipFile(io.BytesIO(file)).read("salus-export.json")
        assert SLEEP in {one["you_said"] for one in json.loads(kept)["conversations"]}
        monkeypatch.setattr(letters, "LONGEST_FILE", 100)
        assert "too long for one file" in (await here.ask("/export"))["text"]


async def test_reactions_count_as_votes_of_the_asker(data: Path) -> None:
    """A thumb on an answer is a vote, a flame is none, somebody else's thumb is none."""
    async with world(data) as here:
        answer = await here.ask(SLEEP)
        await here.settled()
        await here.fake.react(answer, "🔥")
        await here.fake.react(answer, "👎", user=2002)
        await here.fake.react(answer, "👍")
        await here.ask("hello")
        await here.settled()
        assert [v.vote for v in await here.app.store.votes()] == ["up"]


async def test_old_messages_get_an_apology_and_menus_are_set(data: Path) -> None:
    """What waited for more than a day is not answered as if it were new; menus in two tongues."""
    async with world(data) as here:
        assert "more than a day ago" in (await here.ask(SLEEP, age_s=90_000))["text"]
        menus = here.fake.menus
        private = {c["command"] for c in menus["all_private_chats", "zh"]}
        assert {"log", "forget", "export", "country"} <= private
        for scope in ("all_group_chats", "all_chat_administrators"):
            assert {c["command"] for c in menus[scope, ""]} == {"help", "challenge", "privacy"}
        for lang, end in (("", "end it"), ("zh", "结束")):
            told = {c["command"]: c["description"] for c in menus["all_chat_administrators", lang]}
            assert end in told["challenge"]


async def test_without_drafts_the_answer_grows_by_edits(data: Path) -> None:
    """The first refusal latches drafts off; the message that grew is the one that stays."""
    async with world(
        data, server={"drafts": False}, script=[f"{ANSWER} {ANSWER} {ANSWER}"] * 3, delay_s=0.045
    ) as here:
        await here.fake.say(SLEEP)
        await here.until(lambda: any(labels(m) for m in here.fake.sent()), seconds=10)
        await here.settled()
        await here.fake.say(SLEEP)
        await here.until(lambda: sum(bool(labels(m)) for m in here.fake.sent()) == 2, seconds=10)
        await here.settled()
        assert len(here.fake.called("sendMessageDraft")) <= 1
        assert len(here.fake.sent()) == 2
        final = here.fake.sent()[-1]
        assert "Sources" in final["text"]
        assert "edit_date" in final


async def test_a_group_sees_one_message_that_grows(data: Path) -> None:
    """In groups there are no drafts: one message is sent, edited and finished."""
    async with world(data, script=[f"{ANSWER} {ANSWER} {ANSWER}"], delay_s=0.045) as here:
        await here.fake.say(f"@SalusTestBot {SLEEP}", chat=GROUP)
        await here.until(lambda: any(labels(m) for m in here.fake.sent()), seconds=10)
        await here.settled()
        assert len(here.fake.sent()) == 1
        assert here.fake.called("sendMessageDraft") == []


async def test_markup_that_is_refused_goes_as_plain_text(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One retry without markup, with the addresses written out."""
    monkeypatch.setattr("bot.adapters.telegram.courier.as_html", lambda spans: "<b>broken")
    async with world(data) as here:
        said = await here.ask(SLEEP)
        assert "https://www.cdc.gov" in said["text"]
        assert "can't parse entities" in here.fake.called("sendMessage")[0].error


async def test_a_dropped_answer_is_flagged_and_a_cut_connection_is_too(data: Path) -> None:
    """After the request went out nobody knows: one copy at most, and a flag for each."""
    async with world(data) as here:
        here.fake.fail("drop")
        await here.fake.say("hello")
        await here.settled()
        here.fake.fail("reset")
        await here.fake.say("hello")
        await here.settled()
        assert (await here.counts())["outbox.unknown"] == 2
        assert len(here.fake.sent()) == 1
        await here.ask("hello")  # later messages are not held up


async def test_a_definite_no_of_the_server_is_tried_again(data: Path) -> None:
    """A 500 in Telegram's own words means not sent; a bare 502 page may have been sent."""
    async with world(data) as here:
        here.fake.fail("status", status=500)
        await here.ask("hello")
        await here.settled()
        assert (await here.counts()).get("outbox.unknown", 0) == 0
        here.fake.fail("garbage", status=502)
        await here.fake.say("hello")
        await here.settled()
        assert (await here.counts())["outbox.unknown"] == 1


async def test_flood_control_is_obeyed(data: Path) -> None:
    """The reply waits for retry_after; another chat is answered meanwhile; none comes early."""
    async with world(data) as here:
        here.fake.chat(1001)
        here.fake.flooded_until[1001] = here.fake.clock() + 4  # time for the other, if busy
        await here.fake.say("hello", user=1001)
        await here.ask("hello", user=2002)
        assert here.fake.sent(1001) == []
        await here.until(lambda: here.fake.sent(1001))
        assert here.fake.early == 1


async def test_blocked_and_migrated_chats(data: Path) -> None:
    """A blocked chat is noted and let in again; a group that became a supergroup is followed."""
    async with world(data) as here:
        here.fake.blocked.add(1001)
        await here.fake.say("hello")
        await here.until(lambda: here.fake.called("sendMessage"))
        await here.settled()
        office = here.adapter.office
        assert office is not None
        assert not await office.mailbox.reachable("1001")
        here.fake.blocked.clear()
        member = {"user": {"id": BOT_ID, "is_bot": True, "first_name": "S"}}
        change = {
            "chat": here.fake.chat(1001),
            "from": here.fake.person(1001),
            "date": int(here.fake.clock()),
            "old_chat_member": member | {"status": "kicked"},
            "new_chat_member": member | {"status": "member"},
        }
        await here.fake.inject({"my_chat_member": change})
        await here.ask("hello")
        assert await office.mailbox.reachable("1001")
        here.fake.chat(FORUM)
        here.fake.migrated[GROUP] = FORUM
        moved = await here.ask("/help@SalusTestBot", chat=GROUP)
        assert moved["chat"]["id"] == FORUM
        joined = change | {"chat": here.fake.chat(-77, title="Runners")}
        await here.fake.inject({"my_chat_member": joined})
        hello = await here.until(lambda: here.fake.sent(-77))
        assert "automated health assistant" in hello[0]["text"]


async def test_an_emergency_does_not_wait_for_an_earlier_answer(data: Path) -> None:
    """While a long answer is being written, chest pain is answered at once."""
    async with world(data, script=[ANSWER], delay_s=0.25) as here:
        await here.fake.say(SLEEP)
        await asyncio.sleep(0.3)
        said = await here.ask("I have crushing chest pain and can't breathe")
        assert "7 hours" not in said["text"]
        assert said["entities"][0]["type"] == "bold"
        await here.settled()
        assert len(here.fake.sent()) == 2


async def test_an_emergency_is_answered_while_the_database_is_down(data: Path) -> None:
    """Nothing can be accepted, so nothing is acknowledged, but the emergency text goes out."""
    async with world(data) as here:
        office = here.adapter.office
        assert office is not None
        accept, down = office.mailbox.accept, [True]

        async def locked(*args: object, **kwargs: object) -> int:
            if down[0]:
                raise StoreLockedError("busy")
            return await accept(*args, **kwargs)  # type: ignore[arg-type]

        office.mailbox.accept = locked  # type: ignore[method-assign]
        said = await here.ask("I have crushing chest pain and can't breathe")
        assert said["text"]
        assert here.fake.updates  # still Telegram's
        down[0] = False
        await here.until(lambda: not here.fake.updates)
        await here.settled()
        assert (await here.counts())["inbox.done"] == 1


async def test_two_pollers_and_a_wrong_token_get_one_clear_line_each(data: Path) -> None:
    """409 is told once and waited out; a wrong token ends the adapter with its reason."""
    async with world(data) as here:

        async def poll() -> None:
            async with ClientSession() as session:
                url = f"{here.fake.url}/bot{here.fake.token}/getUpdates"
                async with session.get(url, params={"timeout": "0"}) as answer:
                    await answer.read()

        await here.until(lambda: here.fake.polls)
        await poll()
        await here.until(lambda: any("Another program" in line for line in here.said))
        await here.ask("hello")
        assert sum("Another program" in line for line in here.said) == 1
        settings = TelegramSettings(token="1:wrong", base_url=here.fake.url)
        with pytest.raises(LockedOutError):
            await TelegramAdapter(here.app, settings).run(asyncio.Event())


async def test_long_answers_arrive_whole_and_numbered(data: Path) -> None:
    """40 000 characters: every word arrives once and in order, each part within the limit."""
    words = [f"w{n}" for n in range(5500)]
    async with world(data) as here:
        from bot.adapters.telegram.events import read
        from bot.adapters.telegram.letters import Paper
        from bot.model import Reply

        await here.ask("hello")
        update = {"message": here.fake.messages[1001, 101]}
        event = read(update, here.adapter._me)
        assert event is not None
        paper = Paper(event=event, origin="long", username="x")
        text = "\n".join(
            f"**{a}** `{b}` {c}. <i> & {d}" for a, b, c, d in zip(*[iter(words)] * 4, strict=True)
        )
        letters = paper.reply(Reply(text=text, kind="answer", lang="en", personal=True))
        office = here.adapter.office
        assert office is not None
        await office.mailbox.post(letters, now=office._clock())
        office.sender.wake()
        await here.settled()
        sent = here.fake.sent()[1:]
        assert len(sent) == len(letters) > 8
        assert sent[0]["text"].endswith(f"(1/{len(sent)})")
        seen = [w for m in sent for w in m["text"].split() if w.strip(".")[:1] == "w"]
        assert [w.strip(".") for w in seen] == words
        assert all(call.error == "" for call in here.fake.called("sendMessage"))


async def test_the_webhook_accepts_only_with_the_secret(data: Path) -> None:
    """200 after the commit, 403 without the secret, 400 for nonsense, 503 without a store."""
    from bot.adapters.telegram.webhook import PATH, serve
    from bot.errors import SettingsError

    taken: list[object] = []

    async def accept(update: object) -> None:
        if update == {"down": 1}:
            raise StoreLockedError
        taken.append(update)

    async with serve(0, "s3cret", accept) as port, ClientSession() as session:
        url = f"http://127.0.0.1:{port}{PATH}"
        good = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}

        async def post(body: str, headers: dict[str, str]) -> int:
            async with session.post(url, data=body, headers=headers) as answer:
                return answer.status

        assert await post('{"update_id": 1}', good) == 200
        assert await post('{"update_id": 2}', {}) == 403
        assert await post("nonsense", good) == 400
        assert await post("[1]", good) == 400
        assert await post(json.dumps({"down": 1}), good) == 503
    assert taken == [{"update_id": 1}]
    with pytest.raises(SettingsError):
        async with serve(0, "", accept):
            pass


async def test_updates_come_by_webhook_when_one_is_set(data: Path) -> None:
    """The whole way over the webhook: set, pushed, committed, answered."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    telegram = {
        "webhook_url": f"http://127.0.0.1:{port}/telegram",
        "webhook_secret": "s3cret",
        "webhook_port": port,
    }
    async with world(data, telegram=telegram) as here:
        await here.until(lambda: here.fake.webhook.get("url"))
        await here.fake.say("hello")
        assert await here.fake.push() == [200]
        await here.until(here.fake.sent)


async def test_group_votes_need_a_button_and_undo_belongs_to_its_owner(data: Path) -> None:
    """Somebody else's undo, language or forget button does nothing."""
    async with world(data) as here:
        logged = await here.ask("weight 70 kg")
        await here.settled()
        await here.press(logged, data_of(logged, "Take it back"), user=2002)
        assert len(await here.app.store.observations(await here.person())) == 1
        await here.press(logged, "x:odd")
        await here.press(logged, "u:nothing")
        logged = await here.ask("weight 71 kg")
        await here.settled()
        await here.press(logged, data_of(logged, "That's right"))
        assert labels(here.fake.messages[1001, logged["message_id"]]) == ""
        asked = await here.ask("/forget")
        await here.press(asked, data_of(asked, "Keep it"))
        assert "nothing was erased" in here.fake.sent()[-1]["text"]
        assert len(await here.app.store.observations(await here.person())) == 2


async def test_a_wrong_server_is_waited_for(data: Path) -> None:
    """Nobody listens at first: one line, then it connects by itself."""
    app = make_app(data)
    async with telegram_server() as fake:
        port = fake.port
    said: list[str] = []
    settings = TelegramSettings(token=fake.token, base_url=f"http://127.0.0.1:{port}", poll_s=1)
    adapter = TelegramAdapter(app, settings, say=said.append, times=FAST)
    stop = asyncio.Event()
    running = asyncio.create_task(adapter.run(stop))
    for _ in range(200):
        if said:
            break
        await asyncio.sleep(0.02)
    assert said == ["Telegram cannot be reached; trying again."]
    async with telegram_server(port=port):
        for _ in range(300):
            if len(said) > 1:
                break
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(running, 8)
    assert "is listening" in said[-1]
    await app.store.close()


async def test_a_database_locked_by_somebody_else_only_delays(data: Path) -> None:
    """While another program holds the file nothing is confirmed; then all is answered in order."""
    async with world(data) as here:
        await here.ask("hello")
        await here.settled()
        other = sqlite3.connect(
            data / "salus.sqlite3", isolation_level=None, check_same_thread=False
        )
        # In a thread: a write of ours may be under way and needs the loop to end.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        for value in (70, 71, 72):
            await here.fake.say(f"weight {value} kg")
        await asyncio.sleep(1.5)
        assert len(here.fake.sent()) == 1
        assert here.fake.updates
        other.execute("ROLLBACK")
        other.close()
        await here.until(lambda: len(here.fake.sent()) == 4, seconds=15)
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [70, 71, 72]
        shown = [m["text"] for m in here.fake.sent()[1:]]
        assert [f"{v} kg" in text for v, text in zip((70, 71, 72), shown, strict=True)] == [
            True
        ] * 3
