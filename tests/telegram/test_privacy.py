"""Privacy by place: no command, question or button makes a personal value public."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.dialogue.commands import COMMANDS
from tests.fakes.telegram_world import world
from tests.telegram.walk import labels

GROUP = -55
SECRETS = ("83.7", "6 h 40", "Portugal", "PT", "lisinopril")


async def test_no_command_shows_anything_personal_in_a_group(data: Path) -> None:
    """Somebody with values, a country and a history tries everything in a group."""
    async with world(data) as here:
        for text in ("weight 83.7 kg", "slept 6 h 40 min", "/country PT", "is lisinopril ok?"):
            await here.ask(text)
        personal = [c.name for c in COMMANDS if c.personal]
        for command in [c.name for c in COMMANDS] + ["country PT", "log weight 83.7 kg"]:
            said = await here.ask(f"/{command}", chat=GROUP)
            if command in personal:
                assert "private" in said["text"].lower()
                assert "Continue in private" in labels(said)
        for words in ("what is my weight?", "weight 83.7 kg", "undo", "today", "why?", "趋势"):
            await here.ask(f"@SalusTestBot {words}", chat=GROUP)
        await here.settled()
        shown = " ".join(m["text"] for m in here.fake.sent(GROUP))
        assert [secret for secret in SECRETS if secret in shown] == []
        kept = await here.app.store.observations(await here.person())
        assert len(kept) == 2  # the group logged nothing
        assert here.fake.documents == []


async def test_two_people_in_a_group_share_no_context(data: Path) -> None:
    """What one asked is not the history of the other, nor of the private chat."""
    async with world(data) as here:
        await here.ask("@SalusTestBot how much sleep do adults need?", chat=GROUP, user=1001)
        await here.ask("@SalusTestBot why am I tired all the time?", chat=GROUP, user=2002)
        await here.settled()
        store = here.app.store
        ann, ben = await here.person(1001), await here.person(2002)
        in_group = {"platform": "telegram", "chat": str(GROUP), "limit": 9}
        assert [t.asked for t in await store.history(ann, **in_group)] == [
            "how much sleep do adults need?"
        ]
        assert len(await store.history(ben, **in_group)) == 1
        private = {"platform": "telegram", "chat": "1001", "limit": 9}
        assert await store.history(ann, **private) == []


@pytest.mark.parametrize("word", ["/export", "/today", "/why", "/trend"])
async def test_in_private_the_same_command_answers(data: Path, word: str) -> None:
    """What is offered in private is really there."""
    async with world(data) as here:
        await here.ask("weight 83.7 kg")
        said = await here.ask(word)
        assert "private chat" not in str(said.get("text"))
