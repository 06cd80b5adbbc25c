"""A preview never harms the answer it precedes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.telegram.api import make_bot
from bot.adapters.telegram.config import TelegramSettings
from bot.adapters.telegram.events import Event
from bot.adapters.telegram.preview import PREVIEW, Preview, Previews
from bot.delivery.office import utc_now
from bot.delivery.pace import Limits, Pace
from bot.model import Reply
from bot.store.letters import Mailbox
from tests.delivery.parts import opened
from tests.fakes.telegram_server import FakeTelegram, telegram_server

SAID = Reply(text="Most adults", kind="answer", lang="en", final=False)
HERE = Event(kind="said", chat=5, private=True, user=5, sent_at=datetime.now(UTC))
GROUP = replace(HERE, chat=-6, private=False)


@asynccontextmanager
async def previews(data: Path) -> AsyncGenerator[tuple[FakeTelegram, Previews, Mailbox], None]:
    """Previews on a fake, with budget to spare."""
    async with telegram_server() as fake, opened(f"sqlite:///{data / 'salus.sqlite3'}", data) as s:
        fake.chat(5)
        fake.chat(-6)
        bot = make_bot(TelegramSettings(token=fake.token, base_url=fake.url))
        await bot.initialize()
        pace = Pace(Limits(chat_s=0.0, bot=1000, group=1000))
        try:
            yield fake, Previews(bot=bot, mailbox=s[1], pace=pace, clock=utc_now), s[1]
        finally:
            await bot.shutdown()


async def grow(preview: Preview, *texts: str) -> None:
    """Snapshots, as if time passed between them."""
    for text in texts:
        preview.last = float("-inf")
        await preview.show(replace(SAID, text=text))


async def test_a_draft_grows_and_a_flood_ends_it(data: Path) -> None:
    """429 on a draft: no more previews, and the chat is left in silence for as long as asked."""
    async with previews(data) as (fake, shared, _):
        preview = shared.of(HERE, "7")
        await grow(preview, "a", "", "a b")
        await preview.show(replace(SAID, text="too soon"))
        assert [c.params["text"] for c in fake.called("sendMessageDraft")] == ["a …", "a b …"]
        fake.flooded_until[5] = fake.clock() + 9
        await grow(preview, "a b c", "a b c d")
        assert len(fake.called("sendMessageDraft")) == 3
        assert preview.over
        assert shared.pace.take("5", utc_now().timestamp()) > 7


async def test_a_group_message_grows_and_is_known(data: Path) -> None:
    """Sent once, then edited; the mailbox knows its id; long texts are cut for the preview."""
    async with previews(data) as (fake, shared, mailbox):
        preview = shared.of(GROUP, "8")
        await grow(preview, "a", "字" * 9000)
        assert len(fake.sent(-6)) == 1
        assert len(fake.sent(-6)[0]["text"]) <= 4096
        kept = await mailbox.letter_of("8", PREVIEW)
        assert kept is not None
        assert (kept.state, kept.platform_message_id) == ("sent", str(preview.message))
        await preview._edit(((await _same(fake)),))  # the same text again is no fault
        await preview.show(replace(SAID, text="my weight", personal=True))
        assert "weight" not in fake.sent(-6)[0]["text"]


async def _same(fake: FakeTelegram) -> object:
    from bot.delivery.rich import Span

    return Span(fake.sent(-6)[0]["text"])


async def test_a_preview_that_may_have_arrived_is_flagged(data: Path) -> None:
    """Its answer got lost: unknown, no second one, the final text will be a message of its own."""
    async with previews(data) as (fake, shared, mailbox):
        fake.fail("drop")
        preview = shared.of(GROUP, "9")
        await grow(preview, "a", "a b")
        assert len(fake.sent(-6)) == 1
        assert preview.message == 0
        kept = await mailbox.letter_of("9", PREVIEW)
        assert kept is not None
        assert kept.state == "unknown"


async def test_a_blocked_chat_or_a_lost_database_only_ends_the_preview(data: Path) -> None:
    """Nothing is raised."""
    async with previews(data) as (fake, shared, mailbox):
        fake.blocked.add(5)
        preview = shared.of(HERE, "10")
        await grow(preview, "a")
        assert preview.over

        async def gone(*args: object, **kwargs: object) -> None:
            from bot.errors import StoreLockedError

            raise StoreLockedError

        mailbox.post = gone  # type: ignore[method-assign]
        group = shared.of(GROUP, "11")
        await grow(group, "a")
        assert group.over
