"""Rich messages: for answers in private, behind a latch, and never at an answer's cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.chat.spans import as_spans, fold_of
from bot.adapters.telegram.api import Latch
from bot.adapters.telegram.courier import TelegramCourier
from bot.adapters.telegram.letters import Paper
from bot.adapters.telegram.render import as_rich
from bot.delivery.errors import AmbiguousError, FloodedError
from bot.delivery.rich import parse, plain
from bot.model import Citation, Reply
from bot.store.letters import Letter
from tests.fakes.telegram_server import RefusedError, _rich_text
from tests.fakes.telegram_world import world
from tests.telegram.test_courier import courier
from tests.telegram.test_preview import HERE
from tests.telegram.walk import labels

SLEEP = "how much sleep do adults need?"
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."
CITED = Citation(
    id="p", number=1, title="Sleep & you", url="https://example.org/?a=1&b=2", quote="q"
)
REPLY = Reply(
    text="Most <adults> need **7 hours** [1].\n\n- one\n- two\nlast", kind="answer", lang="en",
    citations=(CITED,),
)  # fmt: skip


def letter(reply: Reply = REPLY) -> Letter:
    """An answer as a letter."""
    return Paper(event=HERE, origin="1", username="x").reply(reply)[0]


def test_an_answer_as_rich_html() -> None:
    """Paragraphs, a list, links; the sources behind a summary; everything else escaped."""
    spans = as_spans(REPLY, REPLY.text)
    link = "https://example.org/?a=1&amp;b=2"
    assert as_rich(spans, fold_of(REPLY, REPLY.text)) == (
        f'<p>Most &lt;adults&gt; need <b>7 hours</b> <a href="{link}">[1]</a>.</p>'
        "<ul><li>one</li><li>two</li></ul><p>last</p>"
        "<details><summary><b>Sources</b></summary>"
        f'<p><a href="{link}">[1] Sleep &amp; you</a></p></details>'
    )


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab*`[1]-•\n <>&字", max_size=80))
def test_rich_html_is_well_formed_and_loses_nothing(text: str) -> None:
    """Whatever the text, every tag closes and every visible character is there."""
    reply = Reply(text=text, kind="answer", lang="en", citations=(CITED,))
    spans = as_spans(reply, text)
    shown = _rich_text({"rich_message": {"html": as_rich(spans, fold_of(reply, text))}})

    def kept(value: str) -> str:
        return "".join(c for c in value if c not in "-• \n")

    assert kept(shown) == kept(plain(spans))
    assert kept(_rich_text({"rich_message": {"html": as_rich(parse(f"x\n{text}"))}}))


async def test_answers_are_rich_where_it_is_turned_on(data: Path) -> None:
    """Draft and answer are rich with their buttons; a log confirmation stays what it was."""
    async with world(
        data, server={"rich": True}, telegram={"rich": True}, script=[ANSWER], delay_s=0.03
    ) as here:
        said = await here.ask(SLEEP)
        assert "rich_message" in said
        assert "👍" in labels(said)
        assert here.fake.called("sendRichMessageDraft")
        assert here.fake.called("sendMessageDraft") == []
        await here.settled()
        await here.press(said, said["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
        assert [v.vote for v in await here.app.store.votes()] == ["up"]
        assert "rich_message" not in await here.ask("weight 70 kg")


async def test_off_by_default(data: Path) -> None:
    """Though the server could: some clients cannot."""
    async with world(data, server={"rich": True}) as here:
        assert "rich_message" not in await here.ask(SLEEP)


async def test_off_for_good_after_a_refusal(data: Path) -> None:
    """A server without it is asked once; every answer arrives as HTML, none twice."""
    async with world(data, telegram={"rich": True}, script=[ANSWER] * 3, delay_s=0.03) as here:
        for _ in range(2):
            said = await here.ask(SLEEP)
            assert "rich_message" not in said
            await here.settled()
        refused = [c for c in here.fake.calls if c.method.startswith("sendRich")]
        assert len(refused) == 1
        assert len(here.fake.sent()) == 2


async def test_one_odd_message_does_not_turn_it_off_and_a_lost_one_is_not_repeated() -> None:
    """400 about the content: this one as HTML. No answer at all: unknown, as for any send."""
    async with courier() as (fake, carries):
        fake.rich = True
        latch = Latch(on=True)
        rich = TelegramCourier(carries._bot, rich=latch)
        assert "rich_message" in fake.messages[5, int(await rich.deliver(letter()))]
        real = fake._do_send_rich_message

        async def odd(params: object) -> object:
            raise RefusedError(400, "Bad Request: can't parse rich message")

        fake._do_send_rich_message = odd  # type: ignore[assignment,method-assign]
        assert "rich_message" not in fake.messages[5, int(await rich.deliver(letter()))]
        assert latch.on
        fake._do_send_rich_message = real  # type: ignore[method-assign]
        before = len(fake.sent(5))
        fake.fail("drop", "sendRichMessage")
        with pytest.raises(AmbiguousError):
            await rich.deliver(letter())
        assert len(fake.sent(5)) == before + 1
        fake.flooded_until[5] = fake.clock() + 9
        with pytest.raises(FloodedError):
            await rich.deliver(letter())
        assert latch.on


def test_only_short_private_answers_can_be_rich() -> None:
    """Groups, emergencies and answers of several parts go as they always did."""
    from dataclasses import replace

    assert letter().body["fold"]
    group = Paper(event=replace(HERE, chat=-6, private=False), origin="1", username="x")
    assert "fold" not in group.reply(REPLY)[0].body
    assert "fold" not in letter(replace(REPLY, kind="emergency")).body
    assert "fold" not in letter(replace(REPLY, citations=())).body
    assert "fold" not in letter(replace(REPLY, text="long " * 2000)).body
