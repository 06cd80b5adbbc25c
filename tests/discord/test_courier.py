"""One letter at a time: what is repeated, what is looked for first, what is flagged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.discord.acks import Acks
from bot.adapters.discord.address import direct, shared, whisper
from bot.adapters.discord.attempts import Attempts
from bot.adapters.discord.courier import DiscordCourier
from bot.adapters.discord.preview import PREVIEW
from bot.adapters.discord.raw import made_at
from bot.delivery.errors import (
    AmbiguousError,
    FloodedError,
    NotSentError,
    RefusedError,
    UnreachableError,
)
from bot.ids import new_id
from bot.store.letters import Letter, Mailbox, Outcome
from tests.discord.test_behaviour import ANSWER, SLEEP, guild
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_values import Tap
from tests.fakes.discord_world import DiscordWorld


def letter(chat: str, text: str = "hello there", **body: Any) -> Letter:
    """A letter with one sentence."""
    full = {
        "personal": False, "private": False, "method": "send", "spans": [[text, "", ""]],
        "rows": [], "lang": "en",
    } | body  # fmt: skip
    return Letter(id=new_id(), chat=chat, body=full, origin=new_id())


def by_tap(tap: Tap, here: Salus, *, whispered: bool = True, **body: Any) -> Letter:
    """A letter that answers an interaction."""
    kept = {
        "id": tap.id, "token": tap.token, "whisper": whispered, "made": made_at(tap.id).timestamp(),
        "foreign": False, "command": True,
    }  # fmt: skip
    chat = whisper(here.ada.id, tap.place.id) if whispered else shared(tap.place.id)
    return letter(chat, tap=kept, user=here.ada.id, **body)


def courier_of(here: Salus) -> DiscordCourier:
    """The courier at work."""
    assert here.adapter.office is not None
    found = here.adapter.office.sender._courier
    assert isinstance(found, DiscordCourier)
    return found


def mailbox_of(here: Salus) -> Mailbox:
    """The mailbox at work."""
    assert here.adapter.office is not None
    return here.adapter.office.mailbox


async def test_an_old_letter_is_looked_for_before_it_is_sent_again(data: Path) -> None:
    """After the nonce is forgotten, what is there already is found by its words."""
    async with salus(data) as here:
        courier = courier_of(here)
        await here.ask("hello")
        chat, long_ago = direct(here.dm.id), datetime.now(UTC) - timedelta(minutes=10)
        first = letter(chat, "a unique sentence")
        shown = await courier.deliver(replace(first, queued_at=datetime.now(UTC)))
        here.fake.nonces.clear()
        again = await courier.deliver(replace(first, queued_at=long_ago))
        assert again == shown
        other = letter(chat, "another sentence", personal=True, private=True)
        assert await courier.deliver(replace(other, queued_at=long_ago)) != shown
        assert here.people.twins() == []


async def test_our_own_is_found_however_much_was_said_since(data: Path) -> None:
    """Beyond the first hundred messages too; beyond two thousand it counts as unknown."""
    async with salus(data) as here:
        courier = courier_of(here)
        place = await guild(here)
        chat, long_ago = shared(place.id), datetime.now(UTC) - timedelta(minutes=10)
        for number in range(120):
            await here.people.say(place, here.ada, f"and another thing {number}")
        first = letter(chat, "a unique sentence")
        shown = await courier.deliver(replace(first, queued_at=datetime.now(UTC)))
        here.fake.nonces.clear()
        assert await courier.deliver(replace(first, queued_at=long_ago)) == shown
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bot.adapters.discord.courier._PAGES", 1)
            with pytest.raises(AmbiguousError):
                await courier.deliver(replace(first, queued_at=long_ago))


async def test_a_follow_up_that_may_have_arrived_is_flagged_and_not_made_again(data: Path) -> None:
    """Also after a crash, when it comes back as if it had never left; a definite no is free."""
    async with salus(data) as here:
        place = await guild(here)
        courier, mailbox = courier_of(here), mailbox_of(here)
        tap = await here.people.slash(here.ada, place, "help")
        await here.people.answer(tap, seconds=20)
        await here.settled()
        owed = by_tap(tap, here, personal=True, private=True)
        here.fake.fail("flood", "followup.create", seconds=0.1)
        with pytest.raises(FloodedError):
            await courier.deliver(owed)
        await asyncio.sleep(0.15)
        here.fake.fail("drop", "followup.create")
        with pytest.raises(AmbiguousError):
            await courier.deliver(owed)
        with pytest.raises(AmbiguousError):
            await courier.deliver(owed)
        assert len(tap.followups) == 1
        assert tap.followups[0].ephemeral
        clean = by_tap(tap, here)
        assert await courier.deliver(clean)
        crashed = by_tap(tap, here)
        note = Letter(
            id=new_id(), chat=f"!{crashed.id}", body={"personal": False, "method": "note"},
            origin=f"once:{crashed.id}", state="sending",
        )  # fmt: skip
        await mailbox.post([note], now=datetime.now(UTC))
        await mailbox.recover("the next process", resend=True)
        await here.settled()
        with pytest.raises(AmbiguousError):
            await courier.deliver(crashed)


async def test_attempts_are_free_again_after_a_definite_failure(data: Path) -> None:
    """Struck-out notes do not count; the one after them does."""
    async with salus(data) as here:
        notes = Attempts(mailbox_of(here), lambda: datetime.now(UTC))
        owed = letter("E1:2")
        for _ in range(3):
            with pytest.raises(NotSentError):
                async with notes.once(owed):
                    raise NotSentError
        async with notes.once(owed):
            pass
        with pytest.raises(AmbiguousError):
            async with notes.once(owed):
                raise AssertionError


async def test_what_was_refused_for_good_is_apologised_for_once(data: Path) -> None:
    """A part that Discord will not show is owned up to; buttons and apologies are not."""
    async with salus(data) as here:
        courier = courier_of(here)
        await here.ask("hello")
        here.fake.fail("status", "message.create", status=400, code=50035)
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: len(here.people.sent(here.dm)) == 2)
        await here.settled()
        assert "could not be shown" in here.people.sent(here.dm)[1].content
        assert courier.apology(letter("C1", method="keyboard")) is None
        assert courier.apology(letter("C1", sorry=True)) is None
        tap = await here.people.slash(here.ada, here.dm, "help")
        sorry = courier.apology(by_tap(tap, here, method="answer", lang="zh"))
        assert sorry is not None
        assert sorry.body["method"] == "answer"
        assert sorry.body["tap"]["token"] == tap.token


async def test_a_letter_nobody_can_deliver(data: Path) -> None:
    """An unknown kind is refused; a channel that is gone is unreachable; edits find a way."""
    async with salus(data) as here:
        courier = courier_of(here)
        with pytest.raises(RefusedError):
            await courier.deliver(letter("C1", method="sing"))
        with pytest.raises(UnreachableError):
            await courier.deliver(letter("C1"))
        place = await guild(here)
        said = await here.mention(place, "hello")
        edit = letter(shared(place.id), "new words", method="edit", message_id=said.id)
        assert await courier.deliver(edit) == str(said.id)
        assert said.content == "new words"
        said.deleted = True
        assert await courier.deliver(edit) != str(said.id)
        keyboard = letter(shared(place.id), method="keyboard", message_id=said.id)
        assert await courier.deliver(keyboard) == ""
        lost = letter(whisper(1, place.id), method="keyboard", message_id=1, private=True)
        tap = await here.people.slash(here.ada, place, "help")
        lost = replace(by_tap(tap, here, method="keyboard", message_id=1), origin=lost.origin)
        assert await courier.deliver(lost) == ""


async def test_a_breaker_that_is_open_holds_everything_back(data: Path) -> None:
    """Nothing is asked of Discord until some refusals have left the window."""
    async with salus(data) as here:
        await here.ask("hello")
        for _ in range(here.adapter.breaker.most):
            here.adapter.breaker.note(403, {})
        before = len(here.fake.called("message.create"))
        with pytest.raises(FloodedError):
            await courier_of(here).deliver(letter(direct(here.dm.id)))
        assert len(here.fake.called("message.create")) == before


# --- previews that a crash left behind -----------------------------------------------


@asynccontextmanager
async def interrupted(
    data: Path, state: str, make: Callable[[Salus, Letter], Any]
) -> AsyncGenerator[tuple[Salus, DiscordWorld], None]:
    """A question whose first try sent (or perhaps sent) a preview and then died."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        async with salus(data, fake=fake, people=people, ada=ada, script=[ANSWER] * 4) as here:
            await here.ask("hello")
            handler = here.adapter.office.sorter._handler  # type: ignore[union-attr]
            answer, tries = handler._answer, []

            async def fails_once(message: Any, preview: Any) -> Any:
                if not tries:
                    tries.append(preview.origin)
                    left = Letter(
                        id=new_id(), chat=preview.event.chat, origin=preview.origin, part=PREVIEW,
                        state="sending", body={"personal": False, "private": True,
                        "method": "preview", "spans": [["…", "", ""]]},
                    )  # fmt: skip
                    mailbox = mailbox_of(here)
                    await mailbox.post([left], now=datetime.now(UTC))
                    shown = await make(here, left)
                    await mailbox.settle(
                        [Outcome(id=left.id, state=state, platform_message_id=shown)],  # type: ignore[arg-type]
                        now=datetime.now(UTC),
                    )
                    raise RuntimeError("killed")
                return await answer(message, preview)

            handler._answer = fails_once
            await people.dm(ada, SLEEP)
            yield here, people


async def test_a_preview_that_is_there_is_replaced(data: Path) -> None:
    """Known by its id: the final text takes its place."""

    async def there(here: Salus, left: Letter) -> str:
        return await courier_of(here)._rest.post(
            here.dm.id, {"content": "Most adults …"}, nonce=left.nonce
        )

    async with interrupted(data, "sent", there) as (here, people):
        await here.until(lambda: "7 hours" in people.sent(here.dm)[-1].content)
        await here.settled()
        assert len(people.sent(here.dm)) == 2


async def test_a_preview_that_may_be_there_is_found_by_its_nonce(data: Path) -> None:
    """Sent, but nobody noted it: the nonce brings the same message back, and it is replaced."""

    async def perhaps(here: Salus, left: Letter) -> str:
        await courier_of(here)._rest.post(
            here.dm.id, {"content": "Most adults …"}, nonce=left.nonce
        )
        return ""

    async with interrupted(data, "pending", perhaps) as (here, people):
        await here.until(lambda: "7 hours" in people.sent(here.dm)[-1].content)
        await here.settled()
        assert len(people.sent(here.dm)) == 2
        assert "…" not in people.sent(here.dm)[-1].content


async def test_a_preview_that_was_never_sent_is_made_anew(data: Path) -> None:
    """A definite failure leaves nothing to replace."""

    async def never(here: Salus, left: Letter) -> str:
        return ""

    async with interrupted(data, "failed", never) as (here, people):
        await here.until(lambda: "7 hours" in people.sent(here.dm)[-1].content)
        await here.settled()
        assert len(people.sent(here.dm)) == 2


async def test_a_preview_too_old_for_its_nonce_is_given_up(data: Path) -> None:
    """Nobody knows where it is: flagged, and the final text is a message of its own."""
    async with salus(data) as here:
        old = letter(direct(here.dm.id), "…", method="preview")
        with pytest.raises(AmbiguousError):
            await courier_of(here).deliver(
                replace(old, queued_at=datetime.now(UTC) - timedelta(minutes=9))
            )


async def test_a_preview_that_is_flooded_leaves_the_final_text_alone(data: Path) -> None:
    """Silence for as long as the chat wants it, then the whole answer."""
    async with salus(data, script=[" ".join([ANSWER] * 4)], delay_s=0.05) as here:
        here.fake.fail("flood", "message.create", seconds=31.0)
        await here.people.dm(here.ada, SLEEP)
        await here.until(lambda: here.fake.invalid_requests)
        await asyncio.sleep(1.0)
        assert here.people.sent(here.dm) == []
        assert here.fake.early == 0


async def test_acknowledgements_are_waited_for() -> None:
    """An answer waits for it; one that never came means another way; old ones count as made."""
    acks = Acks()
    assert await acks.done(1)
    acks.begin(2)
    acks.end(2, well=False)
    assert not await acks.done(2)
    for number in range(5000):
        acks.begin(number)
    assert len(acks._open) <= 4097
