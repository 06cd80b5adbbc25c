"""Small parts by themselves: names of errors, the notebook, what is owed to nobody."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.adapters.discord import address
from bot.adapters.discord.api import (
    ExpiredError,
    GoneMessageError,
    WrongTokenError,
    name,
    named,
    quiet,
    refusal,
)
from bot.adapters.discord.events import Event
from bot.adapters.discord.letters import Paper, Picture
from bot.adapters.discord.notebook import MOST, Notebook
from bot.adapters.discord.raw import made_at
from bot.delivery.errors import (
    AmbiguousError,
    FloodedError,
    NotSentError,
    RefusedError,
    UnreachableError,
)
from bot.errors import StoreLockedError
from bot.model import Profile, Reply
from bot.store.letters import Parcel
from tests.discord.world import salus
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [
        (404, 10015, ExpiredError),
        (404, 10062, ExpiredError),
        (401, 50027, ExpiredError),
        (401, 0, WrongTokenError),
        (404, 10008, GoneMessageError),
        (403, 50007, UnreachableError),
        (403, 50001, UnreachableError),
        (403, 0, UnreachableError),
        (400, 50035, RefusedError),
        (403, 50005, RefusedError),
    ],
)
def test_what_a_definite_no_means(status: int, code: int, found: type[Exception]) -> None:
    """By Discord's own code first, by the HTTP status else."""
    assert type(refusal(status, code)) is found


def test_what_the_librarys_errors_mean() -> None:
    """Long waits are floods; what never left may go again; the rest is not known."""
    assert isinstance(name(discord.RateLimited(40.0)), FloodedError)
    refused = aiohttp.ClientConnectorError(None, OSError())  # type: ignore[arg-type]
    assert isinstance(name(refused), NotSentError)
    assert isinstance(name(aiohttp.ServerDisconnectedError()), AmbiguousError)
    assert isinstance(name(TimeoutError()), AmbiguousError)
    with pytest.raises(NotSentError), named(safe=True):
        raise TimeoutError
    with pytest.raises(AmbiguousError), named():
        raise TimeoutError


def test_the_librarys_log_goes_through_ours_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It may hold tokens and what people said; debug records are not made at all."""
    quiet()
    quiet()
    found = logging.getLogger("discord")
    ours = [handler for handler in found.handlers if type(handler).__name__ == "_OurLog"]
    assert len(ours) == 1
    assert not found.isEnabledFor(logging.DEBUG)
    logging.getLogger("discord.http").warning("https://x/webhooks/1/SECRET said chest pain")
    shown = "".join(capsys.readouterr())
    assert "discord.http" in shown
    assert "SECRET" not in shown
    assert "chest" not in shown


class Locked(FakeStore):
    """A store that cannot write now."""

    async def save_profile(self, profile: Profile) -> None:
        """Never."""
        raise StoreLockedError


async def test_the_notebook_keeps_what_is_new_and_forgets_what_is_gone() -> None:
    """New chats at once, times now and then, whispers never; a fault keeps it for later."""
    store = FakeStore()
    book = Notebook(store, 7)
    await book.load()
    assert (book.chats(), book.seen) == ({}, None)
    for chat in ("D1", "C2", "E3:4", "U5", "D1"):
        book.note(chat)
    await book.keep(NOW, NOW)
    again = Notebook(store, 7)
    await again.load()
    assert list(again.chats().items()) == [("D1", 0), ("C2", 0)]
    assert again.seen == NOW
    await book.keep(NOW + timedelta(seconds=5), NOW + timedelta(seconds=5))
    await again.load()
    assert again.seen == NOW  # written once a minute
    await book.keep(NOW + timedelta(seconds=90), NOW + timedelta(seconds=90))
    book.drop("C2")
    await book.keep(NOW + timedelta(seconds=91))
    await again.load()
    assert list(again.chats()) == ["D1"]
    for number in range(MOST + 5):
        book.note(f"C{number}")
    assert len(book.chats()) == MOST
    broken = Notebook(Locked(), 7)
    broken.note("D1")
    for _ in range(2):
        with pytest.raises(StoreLockedError):
            await broken.keep(NOW)


async def test_the_notebook_knows_from_where_a_channel_is_unread() -> None:
    """The earliest place counts, survives a restart, and goes when all is accepted."""
    store = FakeStore()
    book = Notebook(store, 7)
    await book.load()
    book.note("D1")
    book.owe("D1", 50)
    book.owe("D1", 90)
    book.meet(11, "D2")
    book.note("D1")
    await book.keep(NOW)
    again = Notebook(store, 7)
    await again.load()
    assert again.chats() == {"D1": 50, "D2": 0}
    assert (again.met(11), again.met(12)) == (True, False)
    again.caught_up("D1")
    again.forget(11, 2)
    await again.keep(NOW)
    await book.load()
    assert (book.chats(), book.met(11)) == ({"D1": 0}, False)


def test_a_chart_is_for_nobody_elses_eyes() -> None:
    """Pictures are personal: a channel gets none, direct messages do."""
    reply = Reply(text="as you asked", kind="command", lang="en")
    chart = [Picture(png=b"\x89PNG", about="a line that rises")]
    for chat, expected in (("C5", 1), ("D5", 2), ("E1:5", 2)):
        event = Event(kind="said", chat=chat, channel=5, user=1, sent_at=made_at(1 << 60))
        letters = Paper(event=event, origin="1").reply(reply, pictures=chart)
        assert len(letters) == expected
        files = [x.body["file"] for x in letters if "file" in x.body]
        assert [f["about"] for f in files] == ["a line that rises"] * (expected - 1)
        assert all(x.body["personal"] for x in letters if "file" in x.body)


def test_addresses_say_who_reads_along() -> None:
    """Only a channel is read by others; each carries its number."""
    made = [address.direct(1), address.person(2), address.whisper(3, 4), address.shared(5)]
    assert [address.private(a) for a in made] == [True, True, True, False]
    assert [address.number(a) for a in made] == [1, 2, 4, 5]
    assert [address.whispered(a) for a in made] == [False, False, True, False]


async def test_what_cannot_be_answered_is_owned_up_to(data: Path) -> None:
    """After too many tries the person is told; of presses and nonsense nobody is."""
    async with salus(data) as here:
        assert here.adapter.office is not None
        handler = here.adapter.office.sorter._handler
        said = {"id": "9", "channel_id": "8", "author": {"id": "7"}, "content": "hello"}

        def parcel(kind: str, body: dict[str, object]) -> Parcel:
            return Parcel(seq=1, lane="x", body={"t": kind, "d": body}, tries=8, received_at=NOW)

        owed = handler.give_up(parcel("MESSAGE_CREATE", said))
        assert "could not answer" in str(owed[0].body)
        assert handler.give_up(parcel("MESSAGE_CREATE", {})) == []
        assert handler.give_up(parcel("NONSENSE", {})) == []
