"""Many people write at once: everybody is answered in order, side by side, whatever fails."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from bot.delivery.office import PostOffice, Times
from bot.delivery.pace import Limits, Pace
from bot.delivery.room import Room
from bot.errors import StoreLockedError
from bot.store.letters import Body, Mailbox, Parcel
from bot.store.sql import SqlStore
from tests.delivery import order
from tests.delivery.parts import Courier, Echo, arrives

FREE = Limits(chat_s=0.0, burst=10_000, bot=1_000_000, group=1_000_000)
TIMES = Times(lease_s=0.9, drain_s=5, flush_s=5)
Pair = tuple[SqlStore, Mailbox]


async def answered(office: PostOffice, mailbox: Mailbox, stop: asyncio.Event) -> None:
    """Run an office until everything accepted is answered."""

    async def receive(_: asyncio.Event) -> None:
        for _ in range(20_000):
            counts = await mailbox.counts()
            owed = sum(v for k, v in counts.items() if k.endswith((".open", "pending", "sending")))
            if not owed:
                break
            await asyncio.sleep(0.1)
        stop.set()

    await office.run(receive, stop)


@pytest.mark.slow
async def test_many_people_in_order(sqlite: Pair) -> None:
    """Many people, messages with random delays: no inversion, none twice, side by side."""
    await in_order(sqlite, people=120, each=4)


async def in_order(pair: Pair, *, people: int, each: int) -> float:
    """Let everybody write at once; messages handled and answered per second."""
    store, mailbox = pair
    order = [(p, n) for n in range(each) for p in range(people)]
    arrivals = [arrives(i, chat=str(p + 1), text=f"{n}") for i, (p, n) in enumerate(order)]
    courier = Courier(delay=lambda: random.uniform(0, 0.002))
    handler = Echo(slowest=0.02)
    office = PostOffice(mailbox, handler, courier, store, times=TIMES, pace=Pace(FREE))
    started = time.monotonic()
    for at in range(0, len(arrivals), 100):
        await office.accept(arrivals[at : at + 100])
    await answered(office, mailbox, asyncio.Event())
    took = time.monotonic() - started
    for person in range(people):
        assert courier.texts(str(person + 1)) == [str(n) for n in range(each)]
    assert handler.most_at_once > 10
    return len(arrivals) / took


async def test_a_slow_chat_holds_nobody_else(sqlite: Pair) -> None:
    """While one chat's answer takes long, another's comes at once."""
    store, mailbox = sqlite
    courier, stop = Courier(), asyncio.Event()

    class Slow(Echo):
        async def handle(self, parcel: Parcel, unit: object) -> object:  # type: ignore[override]
            if parcel.body["chat"] == "1":
                await asyncio.sleep(1.0)
            return await super().handle(parcel, unit)  # type: ignore[arg-type]

    office = PostOffice(mailbox, Slow(), courier, store, times=TIMES, pace=Pace(FREE))
    await office.accept(
        [arrives(1, chat="1"), arrives(2, chat="2"), arrives(3, chat="1", lane="1!")]
    )
    await answered(office, mailbox, stop)
    assert courier.texts()[0] == "m2"
    assert set(courier.texts()) == {"m1", "m2", "m3"}


async def test_a_poisonous_message_is_given_up_and_its_chat_goes_on(
    sqlite: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight tries, then the person is told, and the next message is answered."""
    monkeypatch.setattr("bot.delivery.sorting.backoff", lambda tries: 0.0)
    store, mailbox = sqlite
    courier = Courier()

    def fail(parcel: Parcel) -> None:
        if parcel.body["text"] == "poison":
            raise ZeroDivisionError

    handler = Echo(fail=fail)
    office = PostOffice(mailbox, handler, courier, store, times=TIMES, pace=Pace(FREE))
    await office.accept([arrives(1, text="poison"), arrives(2, text="fine")])
    await answered(office, mailbox, asyncio.Event())
    assert courier.texts() == ["given up", "fine"]
    assert (await mailbox.counts())["inbox.dead"] == 1


async def test_a_database_that_is_locked_for_a_while_loses_nothing(
    sqlite: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finishing fails twice; the message is handled again and answered once."""
    monkeypatch.setattr("bot.delivery.sorting.backoff", lambda tries: 0.05)
    store, mailbox = sqlite
    finish, fails = mailbox.finish, [2]

    async def locked(*args: object, **kwargs: object) -> None:
        if fails[0]:
            fails[0] -= 1
            raise StoreLockedError("busy")
        await finish(*args, **kwargs)  # type: ignore[arg-type]

    mailbox.finish = locked  # type: ignore[method-assign]
    courier, handler = Courier(), Echo()
    office = PostOffice(mailbox, handler, courier, store, times=TIMES, pace=Pace(FREE))
    await office.accept([arrives(1), arrives(2)])
    await answered(office, mailbox, asyncio.Event())
    assert courier.texts() == ["m1", "m2"]
    assert len(handler.handled) == 4


async def test_an_emergency_overtakes_a_backlog_of_others(sqlite: Pair) -> None:
    """With every place taken and hundreds waiting, words that cannot wait are answered next."""
    store, mailbox = sqlite
    courier, stop = Courier(), asyncio.Event()

    def express(body: Body) -> str:
        return f"{body['chat']}!" if "chest" in body["text"] else ""

    office = PostOffice(
        mailbox, Echo(slowest=0.4), courier, store, times=TIMES, pace=Pace(FREE), express=express
    )
    await office.accept([arrives(n, chat=str(n % 150)) for n in range(300)])
    running = asyncio.create_task(answered(office, mailbox, stop))
    while not courier.taken:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    before = len(courier.taken)
    await office.accept([arrives(900, chat="7", text="chest pain")])
    await running
    texts = courier.texts()
    assert before < texts.index("chest pain") < before + 140 < len(texts) == 301


async def test_a_second_process_waits_and_takes_over(sqlite: Pair) -> None:
    """While one holds the office the other does nothing; when it ends the other goes on."""
    store, mailbox = sqlite
    courier = Courier()
    first = PostOffice(mailbox, Echo(), courier, store, times=TIMES, pace=Pace(FREE))
    second = PostOffice(mailbox, Echo(), courier, store, times=TIMES, pace=Pace(FREE))
    stop_first, stop_second = asyncio.Event(), asyncio.Event()
    running: list[str] = []

    async def receive_first(stop: asyncio.Event) -> None:
        running.append("first")
        await stop.wait()

    async def receive_second(stop: asyncio.Event) -> None:
        running.append("second")
        await stop.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(receive_first, stop_first))
        await asyncio.sleep(0.3)
        tasks.create_task(second.run(receive_second, stop_second))
        await asyncio.sleep(1.2)
        assert running == ["first"]
        stop_first.set()
        for _ in range(100):
            await asyncio.sleep(0.02)
            if running == ["first", "second"]:
                break
        await second.accept([arrives(1)])
        await asyncio.sleep(0.3)
        stop_second.set()
    assert running == ["first", "second"]
    assert courier.texts() == ["m1"]


def test_less_at_once_while_the_loop_is_late() -> None:
    """Late looks close the room down to its least; timely ones open it again, one by one."""
    room = Room(most=20, least=4)
    for _ in range(40):
        room.felt(0.2)
    assert room.now == 4
    for _ in range(30):
        room.felt(0.0)
    assert 4 < room.now <= 20
    for _ in range(30):
        room.felt(0.0)
    assert room.now == 20


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_whole_adapters_keep_order(tmp_path: Path, platform: str) -> None:
    """A dozen people on the platform's fake; the long version is tests.delivery.order."""
    found = await order.run(platform, tmp_path, people=12, each=4, pause_s=0.05)
    assert (found.answers, found.inversions) == (48, 0)
    assert found.side_by_side > 3
