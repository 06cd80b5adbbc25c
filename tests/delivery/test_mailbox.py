"""The mailbox on both databases: accepted once, claimed in order, settled once, sealed at rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import UserId
from bot.store.letters import Arrival, Mailbox, Office, Outcome
from bot.store.mailbox import open_mailbox
from bot.store.sql import SqlStore
from tests.delivery.parts import START, arrives, note
from tests.store.samples import weight

Both = tuple[SqlStore, Mailbox]


async def test_an_event_is_accepted_once(both: Both) -> None:
    """The same event under the same or another id is taken once, whatever its order."""
    _, mailbox = both
    first = [arrives(5, echo="m:1"), arrives(3), arrives(5, echo="m:1")]
    assert await mailbox.accept(first, now=START) == 2
    assert await mailbox.accept([arrives(5), arrives(9, echo="m:1")], now=START) == 0
    assert await mailbox.accept([arrives(4)], now=START) == 1  # a lower id is not an old one
    assert await mailbox.accept([], now=START) == 0


async def test_a_lane_gives_its_oldest_and_waits_for_it(both: Both) -> None:
    """One arrival per chat is out at a time; other chats go on; the express lane is another."""
    _, mailbox = both
    await mailbox.accept(
        [
            arrives(1, chat="a"),
            arrives(2, chat="a"),
            arrives(3, chat="b"),
            arrives(4, chat="a", lane="a!"),
        ],
        now=START,
    )
    out = await mailbox.claim("me", now=START, limit=10)
    assert [p.body["text"] for p in out] == ["m1", "m3", "m4"]
    assert await mailbox.claim("me", now=START, limit=10) == []

    async def nothing() -> list[object]:
        return []

    await mailbox.finish(out[0], nothing, now=START)  # type: ignore[arg-type]
    assert [p.body["text"] for p in await mailbox.claim("me", now=START, limit=10)] == ["m2"]


async def test_what_cannot_wait_goes_first(both: Both) -> None:
    """Judged after it was kept, an arrival overtakes everything, and so does its answer."""
    _, mailbox = both
    await mailbox.accept(
        [*(arrives(n, chat=str(n)) for n in range(5)), arrives(5, chat="0")], now=START
    )
    assert await mailbox.claim("me", now=START, limit=9, urgent=True) == []
    (_, *_, late) = await mailbox.waiting(after=0, limit=9)
    await mailbox.hasten(late, lane="0!")
    (first,) = await mailbox.claim("me", now=START, limit=1, urgent=True)
    assert first.body["text"] == "m5"
    rest = await mailbox.claim("me", now=START, limit=9)
    assert [p.body["text"] for p in rest] == [f"m{n}" for n in range(5)]
    await mailbox.accept(
        [Arrival(dedup="9", chat="9", body={"text": "m9"}, urgent=True)], now=START
    )
    assert len(await mailbox.claim("me", now=START, limit=1, urgent=True)) == 1
    assert await mailbox.waiting(after=0, limit=9) == []

    await mailbox.post([note("1", "a"), note("2", "b"), note("2", "c")], now=START)
    await mailbox.post([replace(note("2", "get help"), urgent=True)], now=START)
    assert [x.body["text"] for x in await mailbox.heads(now=START)] == ["b", "a"]


async def test_another_holder_takes_over_what_was_left(both: Both) -> None:
    """What a dead process had claimed is claimed by the next; what it was sending is unknown."""
    _, mailbox = both
    await mailbox.accept([arrives(1)], now=START)
    await mailbox.post([note("7", "hello"), note("8", "hello")], now=START)
    (claimed,) = await mailbox.claim("dead", now=START, limit=10)
    assert claimed.tries == 1
    out = await mailbox.heads(now=START)
    await mailbox.mark_sending([out[0].id], "dead")
    (again,) = await mailbox.claim("alive", now=START, limit=10)
    assert (again.seq, again.tries) == (claimed.seq, 2)
    assert await mailbox.recover("alive", resend=False) == 1
    assert (await mailbox.counts())["outbox.unknown"] == 1
    lost = await mailbox.letter(out[0].id)
    assert lost is not None
    assert (lost.state, lost.body) == ("unknown", {})


async def test_with_a_nonce_what_was_being_sent_goes_again(both: Both) -> None:
    """Where the platform drops doubles, a send of a dead process is repeated under its nonce."""
    _, mailbox = both
    await mailbox.post([note("7", "hello")], now=START)
    (letter,) = await mailbox.heads(now=START)
    await mailbox.mark_sending([letter.id], "dead")
    assert await mailbox.recover("alive", resend=True) == 1
    (again,) = await mailbox.heads(now=START)
    assert (again.id, again.nonce) == (letter.id, letter.nonce)
    assert len(letter.nonce) == 25


async def test_effects_replies_and_end_are_one(both: Both) -> None:
    """When committing fails nothing of it stays; when it succeeds everything is there, once."""
    store, mailbox = both
    await mailbox.accept([arrives(1)], now=START)
    (parcel,) = await mailbox.claim("me", now=START, limit=1)
    ann = UserId("ann")

    async def breaks() -> list[object]:
        await store.add_observations(ann, [weight()])
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        await mailbox.finish(parcel, breaks, now=START)  # type: ignore[arg-type]
    assert await store.observations(ann) == []

    async def works() -> list[object]:
        await store.add_observations(ann, [weight()])
        return [note("7", "kept", origin=str(parcel.seq))]

    await mailbox.finish(parcel, works, now=START)  # type: ignore[arg-type]
    await mailbox.finish(parcel, works, now=START)  # type: ignore[arg-type]
    assert len(await store.observations(ann)) == 1  # as when two processes had handled it
    assert [x.body["text"] for x in await mailbox.heads(now=START)] == ["kept"]
    assert (await mailbox.counts())["inbox.done"] == 1


async def test_a_letter_is_queued_once(both: Both) -> None:
    """Origin and part name a letter: a second copy changes nothing."""
    _, mailbox = both
    await mailbox.post([note("7", "a", origin="o"), note("7", "b", origin="o", part=1)], now=START)
    await mailbox.post([note("7", "c", origin="o")], now=START)
    counts = await mailbox.counts()
    assert counts == {"outbox.pending": 2}


async def test_a_waiting_letter_holds_its_chat_only(both: Both) -> None:
    """A letter with a time to wait for keeps later ones of its chat back, no others."""
    _, mailbox = both
    await mailbox.post([note("7", "one"), note("7", "two"), note("8", "three")], now=START)
    first = (await mailbox.heads(now=START))[0]
    await mailbox.mark_sending([first.id], "me")
    until = START + timedelta(seconds=30)
    await mailbox.settle(
        [Outcome(id=first.id, state="pending", not_before=until, counts=True)], now=START
    )
    assert [x.body["text"] for x in await mailbox.heads(now=START)] == ["three"]
    assert await mailbox.next_due(now=START) == until
    (waited, _) = await mailbox.heads(now=until)
    assert (waited.body["text"], waited.tries) == ("one", 1)
    assert (
        await mailbox.heads(now=START, busy=[x.lane for x in await mailbox.heads(now=START)]) == []
    )


async def test_a_moved_chat_keeps_everything(both: Both) -> None:
    """Under its new id a chat has its waiting arrivals, its letters and what they remember."""
    _, mailbox = both
    await mailbox.accept([arrives(1, chat="-5")], now=START)
    await mailbox.post([note("-5", "hello")], now=START)
    await mailbox.rekey("-5", "-1005")
    (letter,) = await mailbox.heads(now=START)
    assert (letter.chat, letter.body["text"]) == ("-1005", "hello")
    await mailbox.accept([arrives(2, chat="-1005")], now=START)
    assert len(await mailbox.claim("me", now=START, limit=10)) == 1  # one lane now


async def test_an_unreachable_chat_is_owed_nothing(both: Both) -> None:
    """Blocked: what waited is dropped and the chat is known for it, until it lets us in again."""
    _, mailbox = both
    await mailbox.post([note("7", "a"), note("7", "b"), note("8", "c")], now=START)
    await mailbox.set_reachable("7", False, now=START)
    assert not await mailbox.reachable("7")
    assert await mailbox.reachable("8")
    assert [x.body["text"] for x in await mailbox.heads(now=START)] == ["c"]
    await mailbox.set_reachable("7", True, now=START)
    assert await mailbox.reachable("7")


async def test_one_office_one_holder(both: Both) -> None:
    """A second process waits until the first lets go or its time is over."""
    _, mailbox = both
    until = START + timedelta(seconds=3)
    assert await mailbox.hold("a", now=START, until=until)
    assert not await mailbox.hold("b", now=START, until=until)
    assert await mailbox.hold("a", now=START, until=until)
    assert await mailbox.hold("b", now=until, until=until + timedelta(seconds=3))
    await mailbox.let_go("a")
    assert not await mailbox.hold("a", now=until, until=until)
    await mailbox.let_go("b")
    assert await mailbox.hold("a", now=until, until=until)


async def test_offices_do_not_see_each_other(sqlite: Both) -> None:
    """Two bots in one database keep their post apart."""
    store, mailbox = sqlite
    other = open_mailbox(store, Office(platform="telegram", bot="2"))
    await mailbox.accept([arrives(1)], now=START)
    await mailbox.post([note("7", "mine")], now=START)
    assert await other.accept([arrives(1)], now=START) == 1
    assert await other.heads(now=START) == []
    assert await other.counts() == {"inbox.open": 1}


async def test_what_is_said_is_sealed_and_goes_when_it_has_served(data: Path, sqlite: Both) -> None:
    """No word of a message or an answer is on the disk in the plain, nor afterwards at all."""
    _, mailbox = sqlite
    secret = "my zebra weighs seventy"
    await mailbox.accept([arrives(1, chat="4242424242", text=secret)], now=START)
    await mailbox.post([note("4242424242", secret)], now=START)
    files = [data / name for name in ("salus.sqlite3", "salus.sqlite3-wal")]
    raw = b"".join(map(Path.read_bytes, files))
    assert b"zebra" not in raw
    assert b"4242424242" not in raw
    (letter,) = await mailbox.heads(now=START)
    await mailbox.mark_sending([letter.id], "me")
    await mailbox.settle([Outcome(id=letter.id, state="sent", platform_message_id="9")], now=START)
    found = await mailbox.letter_shown("4242424242", "9")
    assert found is not None
    assert found.body == {}


async def test_purge_keeps_what_is_owed(both: Both) -> None:
    """Only what is through and old goes."""
    _, mailbox = both
    await mailbox.accept([arrives(1), arrives(2, chat="b")], now=START)
    (first, _) = await mailbox.claim("me", now=START, limit=9)
    await mailbox.bury(first, [note("7", "sorry", origin=str(first.seq))], now=START)
    later = START + timedelta(days=3)
    assert await mailbox.purge(before=later) == 1
    assert await mailbox.counts() == {"inbox.open": 1, "outbox.pending": 1}
    await mailbox.forget_chat("7")
    assert await mailbox.counts() == {"inbox.open": 1}
