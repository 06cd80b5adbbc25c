"""What each answer of Telegram means for the letter that met it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.adapters.telegram.api import make_bot, name
from bot.adapters.telegram.config import TelegramSettings
from bot.adapters.telegram.courier import TelegramCourier
from bot.delivery.errors import (
    AmbiguousError,
    DeliveryError,
    LockedOutError,
    MovedError,
    NotSentError,
    PrivacyError,
    RefusedError,
    UnreachableError,
)
from bot.store.letters import Letter
from tests.fakes.telegram_server import FakeTelegram, telegram_server

BODY = {"personal": False, "private": True, "method": "send", "keyboard": [], "lang": "en"}

REFUSED = aiohttp.ClientConnectorError(
    ConnectionKey("h", 443, True, True, None, None, None), ConnectionRefusedError(111, "refused")
)


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    """As the library raises it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (ChatMigrated(-100), MovedError),
        (Forbidden("bot was blocked by the user"), UnreachableError),
        (InvalidToken("Unauthorized"), LockedOutError),
        (InvalidToken("Not Found: method not found"), RefusedError),
        (EndPointNotFound("Endpoint 'sendX' not found in Bot API"), RefusedError),
        (BadRequest("chat not found"), UnreachableError),
        (BadRequest("not enough rights to send text messages to the chat"), UnreachableError),
        (BadRequest("BUTTON_DATA_INVALID"), RefusedError),
        (Conflict("two"), NotSentError),
        (NetworkError("Internal Server Error"), NotSentError),
        (caused(TimedOut(), aiohttp.SocketTimeoutError("late")), AmbiguousError),
        (caused(TimedOut(), aiohttp.ConnectionTimeoutError("full or far")), NotSentError),
        (caused(NetworkError("x"), REFUSED), NotSentError),
        (caused(NetworkError("x"), aiohttp.InvalidURL("x:")), NotSentError),
        (caused(NetworkError("x"), aiohttp.ServerDisconnectedError()), AmbiguousError),
        (caused(NetworkError("x"), aiohttp.ClientOSError(104, "reset")), AmbiguousError),
        (caused(NetworkError("x"), aiohttp.ClientPayloadError("broken off")), AmbiguousError),
        (TelegramError("Invalid server response"), AmbiguousError),
    ],
)
def test_names(error: TelegramError, means: type[DeliveryError]) -> None:
    """Only what surely never left may go again."""
    assert type(name(error)) is means


@asynccontextmanager
async def courier() -> AsyncGenerator[tuple[FakeTelegram, TelegramCourier], None]:
    """A courier on a fake with one private chat."""
    async with telegram_server() as fake:
        fake.chat(5)
        fake.chat(-6)
        bot = make_bot(TelegramSettings(token=fake.token, base_url=fake.url))
        await bot.initialize()
        try:
            yield fake, TelegramCourier(bot)
        finally:
            await bot.shutdown()


def letter(chat: str = "5", **body: object) -> Letter:
    """A letter of one span."""
    whole = BODY | {"spans": [["hello", "", ""]]} | body
    return Letter(id="a" * 26, chat=chat, body=whole, origin="1", queued_at=datetime.now(UTC))


async def test_edits_are_harmless_to_repeat() -> None:
    """Not modified is done; a message that is gone is sent anew; a lost answer is tried again."""
    async with courier() as (fake, carries):
        first = int(await carries.deliver(letter()))
        again = letter(method="edit", message_id=first)
        assert await carries.deliver(again) == str(first)
        fresh = await carries.deliver(letter(method="edit", message_id=999))
        assert int(fresh) > first
        fake.fail("drop", "editMessageText")
        with pytest.raises(NotSentError):
            await carries.deliver(letter(method="edit", message_id=first, spans=[["x", "", ""]]))
        keys = letter(method="keyboard", message_id=first, keyboard=[[["ok", "k:"]]])
        assert await carries.deliver(keys) == ""
        assert await carries.deliver(keys) == ""
        fake.fail("status", "editMessageReplyMarkup", status=500)
        with pytest.raises(NotSentError):
            await carries.deliver(keys)
        long_button = letter(keyboard=[[["ok", "k" * 65]]])
        with pytest.raises(RefusedError):
            await carries.deliver(long_button)


async def test_what_is_too_long_after_all_goes_in_smaller_parts() -> None:
    """A letter above the limit is split at the edge; an empty or unknown one is refused."""
    async with courier() as (fake, carries):
        await carries.deliver(letter(spans=[["word " * 1500, "", ""]]))
        assert len(fake.sent(5)) == 4
        for odd in ({"spans": [[" ", "", ""]]}, {"method": "shout"}):
            with pytest.raises(RefusedError):
                await carries.deliver(letter(**odd))


async def test_an_answer_that_cannot_be_read_is_no_reason_to_send_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message is out; only the library stumbled over what Telegram said about it."""
    async with courier() as (fake, carries):
        monkeypatch.setattr(fake, "_keep", lambda message: {"message_id": 7, "date": "soon"})
        for body in ({}, {"method": "edit", "message_id": 1}):
            with pytest.raises(AmbiguousError):
                await carries.deliver(letter(**body))


async def test_the_edge_stops_personal_text_for_a_group() -> None:
    """Whatever the letter claims, a chat id below zero is no private chat."""
    async with courier() as (fake, carries):
        with pytest.raises(PrivacyError):
            await carries.deliver(letter(chat="-6", personal=True))
        assert fake.sent() == []
        assert carries.group("-6")
        assert not carries.private("-6")


async def test_an_apology_is_short_and_only_once() -> None:
    """In the person's language and topic; none for buttons, none for an apology."""
    async with courier() as (_, carries):
        sorry = carries.apology(letter(lang="zh", thread=9))
        assert sorry is not None
        assert sorry.body["thread"] == 9
        assert "抱歉" in sorry.body["spans"][0][0]
        assert carries.apology(sorry) is None
        assert carries.apology(letter(method="keyboard", message_id=1)) is None
