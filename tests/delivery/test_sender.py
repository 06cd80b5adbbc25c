"""Each failure of a send does exactly what reliability.md asks, and nothing to other chats."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.delivery.errors import (
    AmbiguousError,
    DeliveryError,
    FloodedError,
    LockedOutError,
    MovedError,
    NotSentError,
    RefusedError,
    UnreachableError,
)
from bot.delivery.pace import Limits, Pace
from bot.delivery.sender import Sender
from bot.errors import StoreLockedError
from bot.store.letters import Letter, Mailbox
from bot.store.sql import SqlStore
from tests.delivery.parts import START, Clock, Courier, note, raising

Pair = tuple[SqlStore, Mailbox]


def made(mailbox: Mailbox, courier: Courier, clock: Clock) -> Sender:
    """A sender with room to spare."""
    limits = Limits(burst=100, bot=1000)
    return Sender(mailbox, courier, holder="me", clock=clock, pace=Pace(limits))


async def rounds(sender: Sender, count: int = 5) -> None:
    """Let it work for a while at one moment of the clock."""
    for _ in range(count):
        await sender.step()
        await sender.idle()


async def state(mailbox: Mailbox, letter: Letter) -> str:
    """A letter's state."""
    found = await mailbox.letter(letter.id)
    assert found is not None
    return found.state


async def test_a_letter_that_another_process_took_is_not_sent_too(sqlite: Pair) -> None:
    """A process that slept through its lease has read what to send, and finds it taken."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a"), note("8", "b")], now=START)
    courier, slow = Courier(), mailbox.heads

    async def asleep(**asked: object) -> list[Letter]:
        found = await slow(**asked)  # type: ignore[arg-type]
        await mailbox.mark_sending([found[0].id], "another")
        return found

    mailbox.heads = asleep  # type: ignore[method-assign]
    await rounds(made(mailbox, courier, Clock()), 1)
    assert courier.texts() == ["b"]


async def test_letters_of_a_chat_arrive_in_order(sqlite: Pair) -> None:
    """Three letters go out one after another and are settled as sent."""
    _, mailbox = sqlite
    letters = [note("7", x) for x in "abc"]
    await mailbox.post(letters, now=START)
    courier = Courier()
    await rounds(made(mailbox, courier, Clock()))
    assert courier.texts() == ["a", "b", "c"]
    assert await mailbox.counts() == {"outbox.sent": 3}


async def test_nothing_sent_is_tried_again_with_patience(sqlite: Pair) -> None:
    """Connection refused: the letter waits a little, then goes; no copy, no flag."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a")], now=START)
    clock, courier = Clock(), Courier(answer=raising(NotSentError(), times=2))
    sender = made(mailbox, courier, clock)
    await rounds(sender)
    assert len(courier.tried) == 1  # not at once
    for _ in range(5):
        clock.later(2)
        await rounds(sender)
    assert courier.texts() == ["a"]
    assert (sender.tally.retried, sender.tally.unknown) == (2, 0)


async def test_an_ambiguous_send_is_flagged_and_not_repeated(sqlite: Pair) -> None:
    """No answer came: unknown, counted, and the next part still goes."""
    _, mailbox = sqlite
    first, second = note("7", "a"), note("7", "b")
    await mailbox.post([first, second], now=START)
    clock, courier = Clock(), Courier(answer=raising(AmbiguousError()))
    sender = made(mailbox, courier, clock)
    await rounds(sender)
    clock.later(3600)
    await rounds(sender)
    assert [x.body["text"] for x in courier.tried] == ["a", "b"]
    assert (await state(mailbox, first), await state(mailbox, second)) == ("unknown", "sent")
    assert sender.tally.unknown == 1


async def test_a_flooded_chat_waits_and_others_do_not(sqlite: Pair) -> None:
    """429: silence in that chat for exactly as long as asked; the try does not count."""
    _, mailbox = sqlite
    slow = note("7", "slow")
    await mailbox.post([slow, note("7", "after"), note("8", "other")], now=START)

    def answer(letter: Letter) -> None:
        if letter.chat == "7" and clock.now < START + timedelta(seconds=30):
            raise FloodedError(30)

    clock, courier = Clock(), Courier(answer=answer)
    sender = made(mailbox, courier, clock)
    await rounds(sender)
    assert courier.texts() == ["other"]
    clock.later(29.9)
    await rounds(sender)
    assert len(courier.tried) == 2
    clock.later(0.1)
    await rounds(sender)
    assert courier.texts("7") == ["slow", "after"]
    found = await mailbox.letter(slow.id)
    assert found is not None
    assert found.tries == 0


async def test_a_blocked_chat_is_left_alone(sqlite: Pair) -> None:
    """403: everything owed to the chat is dropped, and it is known to be unreachable."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a"), note("7", "b"), note("8", "c")], now=START)
    courier = Courier(answer=raising(UnreachableError()))
    await rounds(made(mailbox, courier, Clock()))
    assert courier.texts() == ["c"]
    assert await mailbox.counts() == {"outbox.failed": 2, "outbox.sent": 1}
    assert not await mailbox.reachable("7")


async def test_a_moved_group_gets_its_letter_at_the_new_place(sqlite: Pair) -> None:
    """The chat is re-keyed and the letter sent again, once."""
    _, mailbox = sqlite
    await mailbox.post([note("-5", "hello", private=False)], now=START)
    courier = Courier(answer=raising(MovedError("-1005")))
    await rounds(made(mailbox, courier, Clock()))
    assert [(x.chat, x.body["text"]) for x in courier.taken] == [("-1005", "hello")]


async def test_a_refused_part_is_excused_and_later_parts_go(sqlite: Pair) -> None:
    """400 for good: failed, a short apology, and the rest still arrives; no apology for that."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "bad"), note("7", "good")], now=START)
    courier = Courier(answer=raising(RefusedError()))
    await rounds(made(mailbox, courier, Clock()))
    assert courier.texts() == ["good", "sorry"]
    courier = Courier(answer=raising(RefusedError(), times=9))
    await mailbox.post([note("8", "bad")], now=START)
    await rounds(made(mailbox, courier, Clock()))
    assert [x.body["text"] for x in courier.tried] == ["bad", "sorry"]


async def test_a_wrong_token_stops_the_sender_and_loses_nothing(sqlite: Pair) -> None:
    """Locked out: the letter stays owed, and the office hears of it."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a")], now=START)
    sender = made(mailbox, Courier(answer=raising(LockedOutError())), Clock())
    await sender.step()
    await sender.idle()
    with pytest.raises(LockedOutError):
        await sender.step()
    assert (await mailbox.counts())["outbox.pending"] == 1


@pytest.mark.parametrize("error", [DeliveryError(), ZeroDivisionError()])
async def test_an_unforeseen_fault_is_given_up_after_eight_tries(
    sqlite: Pair, error: Exception
) -> None:
    """A letter that never goes becomes dead and frees its chat."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "cursed"), note("7", "fine")], now=START)

    def answer(letter: Letter) -> None:
        if letter.body["text"] == "cursed":
            raise error

    clock, courier = Clock(), Courier(answer=answer)
    sender = made(mailbox, courier, clock)
    for _ in range(12):
        await rounds(sender, 2)
        clock.later(61)
    assert courier.texts() == ["fine"]
    assert len(courier.tried) == 9
    assert await mailbox.counts() == {"outbox.dead": 1, "outbox.sent": 1}


async def test_an_outage_of_hours_loses_nothing_and_one_of_a_day_gives_up(sqlite: Pair) -> None:
    """Unreachable platform: after six hours the letter goes; after a day nobody wants it."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a")], now=START)
    clock, courier = Clock(), Courier(answer=raising(NotSentError(), times=200))
    sender = made(mailbox, courier, clock)
    for _ in range(199):
        await rounds(sender, 1)
        clock.later(110)
    assert (await mailbox.counts())["outbox.pending"] == 1
    clock.later(86_400)
    courier.answer = raising(NotSentError())
    await rounds(sender)
    assert await mailbox.counts() == {"outbox.dead": 1}


async def test_personal_text_is_stopped_at_the_edge(sqlite: Pair) -> None:
    """A body that lies about its chat, or says nothing, does not leave."""
    _, mailbox = sqlite
    lying = note("-5", "my weight", personal=True, private=True)
    silent = note("-6", "what is this?", personal=None)
    await mailbox.post([lying, silent], now=START)
    courier = Courier()
    await rounds(made(mailbox, courier, Clock()))
    assert courier.tried == []
    assert await mailbox.counts() == {"outbox.failed": 2}


async def test_a_locked_database_after_the_send_doubles_nothing(sqlite: Pair) -> None:
    """What left is settled when the database is back; it is never sent twice."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a")], now=START)
    settle, fails = mailbox.settle, [2]

    async def locked(*args: object, **kwargs: object) -> None:
        if fails[0]:
            fails[0] -= 1
            raise StoreLockedError("busy")
        await settle(*args, **kwargs)  # type: ignore[arg-type]

    mailbox.settle = locked  # type: ignore[method-assign]
    courier = Courier()
    await rounds(made(mailbox, courier, Clock()))
    assert courier.texts() == ["a"]
    assert await mailbox.counts() == {"outbox.sent": 1}


async def test_a_locked_database_before_the_send_delays_it(sqlite: Pair) -> None:
    """Nothing leaves that is not noted first."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a")], now=START)
    heads, fails = mailbox.heads, [1]

    async def locked(*args: object, **kwargs: object) -> list[Letter]:
        if fails[0]:
            fails[0] -= 1
            raise StoreLockedError("busy")
        return await heads(*args, **kwargs)  # type: ignore[arg-type]

    mailbox.heads = locked  # type: ignore[method-assign]
    courier = Courier()
    sender = made(mailbox, courier, Clock())
    assert await sender.step() == 0.5
    assert courier.tried == []
    await rounds(sender)
    assert courier.texts() == ["a"]


async def test_while_the_lease_is_in_doubt_nothing_leaves(sqlite: Pair) -> None:
    """Two processes never send side by side."""
    _, mailbox = sqlite
    await mailbox.post([note("7", "a")], now=START)
    courier = Courier()
    sender = Sender(mailbox, courier, holder="me", clock=Clock(), may_send=lambda: False)
    await sender.step()
    assert courier.tried == []


async def test_stopping_sends_on_what_can_go(sqlite: Pair) -> None:
    """At the end of the run the outbox is emptied as far as it can be at once."""
    _, mailbox = sqlite
    stop = asyncio.Event()
    stop.set()
    await mailbox.post([note("7", "a"), note("7", "b"), note("8", "c")], now=START)
    courier = Courier()
    await made(mailbox, courier, Clock()).run(stop)
    assert sorted(courier.texts()) == ["a", "b", "c"]
