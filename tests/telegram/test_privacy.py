"""Privacy by place: no command, question, recording or button makes a personal value public.

Every command is tried in a private chat, a group and a topic of a supergroup, by somebody with
values, a country and a history, with and without a linked account elsewhere.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.telegram.menus import IN_GROUPS, menu
from bot.dialogue.commands import COMMANDS
from bot.model import Message, Observation, Place
from tests.fakes.telegram_server import Json
from tests.fakes.telegram_world import World, world
from tests.telegram.walk import labels

GROUP, FORUM = -55, -1_000_000_000_777
PLACES: dict[str, Json] = {
    "group": {"chat": GROUP},
    "topic": {"chat": FORUM, "thread": 9},
}
ADA, BEN = 1001, 2002
SECRETS = ("83.7", "84.1", "84.9", "6 h 40", "Portugal", "PT", "lisinopril", "secret remark")
# What is said beyond the command word, where more can be said.
MORE = {
    "log": ["log weight 84.9 kg"],
    "trend": ["trend weight"],
    "country": ["country PT"],
    "bad": ["bad secret remark"],
    "feedback": ["feedback secret remark"],
    "forget": ["forget yes"],
    "link": ["link ABCD2345"],
    "learn": ["learn yes", "learn no"],
    "language": ["language zh", "language en"],
    "challenge": ["challenge end"],
    "kb": ["kb log"],
}
ALL = [order for c in COMMANDS for order in (c.name, *MORE.get(c.name, []))]
PARTED = [order.partition(" ") for order in ALL]
OPEN = {*IN_GROUPS, "start", "good", "bad"}  # these answer in public, with nothing personal


async def live(here: World, *, linked: bool) -> None:
    """Ada has a week of values, a country and a question behind her."""
    for text in ("weight 83.7 kg", "slept 6 h 40 min", "/country PT", "is lisinopril ok?"):
        await here.ask(text)
    await here.settled()
    person = await here.person(ADA)
    earlier = [
        Observation(kind="weight", value=84.1, unit="kg", text="w", at=datetime.now(UTC) - back)
        for back in (timedelta(days=2), timedelta(days=4), timedelta(days=6))
    ]
    await here.app.store.add_observations(person, earlier)
    if linked:
        code = await elsewhere(here, "/link")
        found = re.search(r"\b[A-Z0-9]{4}[- ]?[A-Z0-9]{4}\b", code)
        assert found, code
        before = here.fake.sent(ADA)
        await here.ask(f"/link {found[0]}")
        assert len(here.fake.sent(ADA)) == len(before) + 1
        await here.settled()
        assert await here.person(ADA) == await here.app.store.user_for("discord", "d1")


async def elsewhere(here: World, text: str) -> str:
    """The same person on another platform, where Salus is one too."""
    user = await here.app.store.user_for("discord", "d1")
    place = Place(platform="discord", chat="d1", private=True)
    said = Message(user=user, place=place, text=text, sent_at=datetime.now(UTC), account="d1")
    return [reply async for reply in here.app.dialogue.respond(said)][-1].text


def public(here: World) -> str:
    """All that others can see, captions and buttons too."""
    return " ".join(
        f"{m.get('text', '')} {m.get('caption', '')} {labels(m)}"
        for chat in (GROUP, FORUM)
        for m in here.fake.sent(chat)
    )


async def answers(here: World, texts: list[str], where: Json) -> list[Json]:
    """Everything is said at once; each has its one answer, in order."""
    before = len(here.fake.sent(where["chat"]))
    for text in texts:
        await here.fake.say(text, **where)
    await here.settled(seconds=60)
    found = here.fake.sent(where["chat"])[before:]
    assert len(found) == len(texts)
    assert {m.get("message_thread_id") for m in found} == {where.get("thread")}
    return found


@pytest.mark.parametrize("linked", [False, True], ids=["alone", "linked"])
async def test_no_command_shows_anything_personal_where_others_read(
    data: Path, linked: bool
) -> None:
    """Each command, with and without more words: the private chat is offered, nothing is shown."""
    async with world(data) as here:
        await live(here, linked=linked)
        before = await here.app.store.export(await here.person())
        for where in PLACES.values():
            texts = [f"/{name}@SalusTestBot {more}".strip() for name, _, more in PARTED]
            for order, said in zip(ALL, await answers(here, texts, where), strict=True):
                if order.split()[0] not in OPEN:
                    assert "private" in said["text"].lower(), order
                    assert "Continue in private" in labels(said), order
        assert [secret for secret in SECRETS if secret in public(here)] == []
        assert here.fake.documents == []
        assert here.fake.photos == []
        after = await here.app.store.export(await here.person())
        for kept in ("measurements", "profile", "accounts"):
            assert after.get(kept) == before.get(kept), kept  # the group changed nothing either


@pytest.mark.parametrize("linked", [False, True], ids=["alone", "linked"])
async def test_no_words_show_anything_personal_where_others_read(data: Path, linked: bool) -> None:
    """Questions about oneself, values, corrections, in two languages, in both kinds of group."""
    words = (
        "what is my weight?", "weight 84.9 kg", "undo", "today", "why?", "趋势", "我的体重是多少？",
        "is my weight ok?", "what did I log yesterday?", "which country am I in?", "yes",
    )  # fmt: skip
    async with world(data) as here:
        await live(here, linked=linked)
        for where in PLACES.values():
            await answers(here, [f"@SalusTestBot {word}" for word in words], where)
        assert [secret for secret in SECRETS if secret in public(here)] == []
        kept = await here.app.store.observations(await here.person())
        assert sorted(o.value for o in kept if o.kind == "weight") == [83.7, 84.1, 84.1, 84.1]


@pytest.mark.parametrize("linked", [False, True], ids=["alone", "linked"])
async def test_in_private_everything_answers_and_only_there(data: Path, linked: bool) -> None:
    """What is offered in private is really there, charts too, and goes to nobody else's chat."""
    async with world(data) as here:
        await live(here, linked=linked)
        await here.ask("hello", user=BEN)
        last = [o for o in ALL if o.split()[0] not in {"forget", "unlink"}]
        for order in [*last, "unlink", "forget"]:
            said = await here.ask(f"/{order}")
            await here.settled()
            assert "private chat and we continue" not in str(said.get("text")), order
        assert {chat for chat, _, _ in here.fake.documents} == {ADA}
        assert {chat for chat, _ in here.fake.photos} == {ADA}
        seen = " ".join(str(m) for m in here.fake.sent(BEN))
        assert [secret for secret in SECRETS if secret in seen] == []


async def test_buttons_of_a_group_do_nothing_private(data: Path) -> None:
    """Forged presses on a public answer: no erasing, no language, no undoing, no values."""
    async with world(data) as here:
        await live(here, linked=False)
        answer = await here.ask("@SalusTestBot how much sleep do adults need?", chat=GROUP)
        await here.settled()
        for forged in ("f:yes", "l:zh", "u:0", "k:", "r:wrong:x", "v:up:x", "x"):
            await here.press(answer, forged)
        kept = await here.app.store.observations(await here.person())
        assert len(kept) == 5
        assert (await here.app.store.profile(await here.person())).lang is None
        assert [secret for secret in SECRETS if secret in public(here)] == []


async def test_two_people_in_a_group_share_no_context(data: Path) -> None:
    """What one asked is not the history of the other, nor of the private chat."""
    async with world(data) as here:
        await here.ask("@SalusTestBot how much sleep do adults need?", chat=GROUP, user=ADA)
        await here.ask("@SalusTestBot why am I tired all the time?", chat=GROUP, user=BEN)
        await here.settled()
        store = here.app.store
        ann, ben = await here.person(ADA), await here.person(BEN)
        in_group = {"platform": "telegram", "chat": str(GROUP), "limit": 9}
        assert [t.asked for t in await store.history(ann, **in_group)] == [
            "how much sleep do adults need?"
        ]
        assert len(await store.history(ben, **in_group)) == 1
        private = {"platform": "telegram", "chat": "1001", "limit": 9}
        assert await store.history(ann, **private) == []


def test_menus_follow_the_commands() -> None:
    """Every command but those for staff is in the private menu; only open ones in a group's."""
    names = [c.name for c in COMMANDS if not c.staff]
    for lang in ("en", "zh"):
        assert [c.command for c in menu(lang)] == names  # type: ignore[arg-type]
        assert [c.command for c in menu(lang, group=True)] == list(IN_GROUPS)  # type: ignore[arg-type]
    assert {"feedback", "link", "unlink", "learn"} <= set(names)
