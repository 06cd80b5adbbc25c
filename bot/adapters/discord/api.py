"""What each error of the library means to delivery, a breaker, and quiet logs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord

from bot.delivery.errors import (
    AmbiguousError,
    DeliveryError,
    FloodedError,
    LockedOutError,
    NotSentError,
    RefusedError,
    UnreachableError,
)
from bot.logs import logger

Json = dict[str, Any]
FAULTS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
# Never left this machine. A connector error is also an OSError, so it stands first.
_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_GONE = frozenset({10003, 10004, 10007, 10013, 50001, 50007, 50013, 50278})
_NO_TOKEN = frozenset({10015, 10062, 50027})  # the interaction is over, or never was
NO_MESSAGE = 10008
ACKNOWLEDGED = 40060  # an interaction that was answered before
THREAD_EXISTS = 160004


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who the bot is; ``application`` owns its interactions."""

    id: int
    application: int
    username: str


class WrongTokenError(LockedOutError):
    """Discord does not know the token."""

    key = "discord.wrong_token"


class IntentError(LockedOutError):
    """The message-content intent was asked for and is not switched on."""

    key = "discord.no_intent"


class ClosedError(LockedOutError):
    """Discord closed the gateway for good; ``code`` says why."""

    key = "discord.closed"


class ExpiredError(DeliveryError):
    """The interaction's token is dead: the answer has to go another way."""


class GoneMessageError(RefusedError):
    """The message to be changed is not there any more; trying again brings none back."""


@contextmanager
def named(*, safe: bool = False) -> Iterator[None]:
    """Raise delivery's names for the library's errors.

    ``safe``: the call may be made twice without a second effect (a nonce, an edit).
    """
    try:
        yield
    except FAULTS as error:
        found = name(error)
        if safe and isinstance(found, AmbiguousError):
            raise NotSentError(type(error).__name__) from error
        raise found from error


def name(error: BaseException) -> DeliveryError:
    """What an error means for the letter that met it."""
    if isinstance(error, discord.RateLimited):
        return FloodedError(error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _http(error)
    if isinstance(error, _NEVER_LEFT):
        return NotSentError(type(error).__name__)
    return AmbiguousError(type(error).__name__)


def _http(error: discord.HTTPException) -> DeliveryError:
    if error.status == 429:
        return FloodedError(_wait(error))
    if error.status >= 500:
        return AmbiguousError(f"status {error.status}")
    return refusal(error.status, error.code)


def refusal(status: int, code: int) -> DeliveryError:
    """What a definite no means, by HTTP status and Discord's own code."""
    if code in _NO_TOKEN:
        return ExpiredError(f"code {code}")
    if status == 401:
        return WrongTokenError("token")
    if code == NO_MESSAGE:
        return GoneMessageError("message")
    if code in _GONE or (status == 403 and not code):
        return UnreachableError(f"code {code}")
    return RefusedError(f"status {status}, code {code}")


def _wait(error: discord.HTTPException) -> float:
    """Seconds of a 429 that the library did not wait out (the proxy in front, or the fifth)."""
    return seconds(error.response.headers.get("Retry-After", ""))


# --- not being shut out ------------------------------------------------------


@dataclass
class Breaker:
    """Knows when nothing at all may be sent, to no chat.

    That is while Discord limits the whole bot (a global 429, or one of the proxy in front), and
    when too many answers were 401, 403 or 429: it bans an address for 10,000 of those in 10
    minutes, so from ``most`` on we wait until some have left the window. A 429 of a resource
    shared with others is not counted there, nor here.
    """

    most: int = 1500
    window_s: float = 600.0
    clock: Callable[[], float] = time.monotonic
    seen: deque[float] = field(default_factory=deque)
    until: float = 0.0  # of a limit on everything, by ``clock``

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """One answer came."""
        shared = headers.get("X-RateLimit-Scope") == "shared"
        if status in {401, 403} or (status == 429 and not shared):
            self.seen.append(self.clock())
        if status == 429 and ("X-RateLimit-Global" in headers or "Via" not in headers):
            self.until = max(self.until, self.clock() + seconds(headers.get("Retry-After", "")))

    def wait(self) -> float:
        """Seconds until something may be sent; 0 while all is well."""
        now = self.clock()
        while self.seen and self.seen[0] <= now - self.window_s:
            self.seen.popleft()
        wait = max(0.0, self.until - now)
        if len(self.seen) < self.most:
            return wait
        return max(wait, self.seen[len(self.seen) - self.most] + self.window_s - now)

    def check(self) -> None:
        """Raise FloodedError while open."""
        wait = self.wait()
        if wait > 0:
            logger().error("nothing may be sent", state="open", count=len(self.seen))
            raise FloodedError(wait)

    def trace(self) -> aiohttp.TraceConfig:
        """Hooks that see every answer, also those the library deals with by itself."""
        config = aiohttp.TraceConfig()

        async def ended(
            _: aiohttp.ClientSession, __: SimpleNamespace, params: aiohttp.TraceRequestEndParams
        ) -> None:
            self.note(params.response.status, params.response.headers)

        config.on_request_end.append(ended)
        return config


def seconds(written: str) -> float:
    """A Retry-After; a minute where there is none."""
    try:
        return float(written)
    except ValueError:
        return 60.0


# --- logs --------------------------------------------------------------------


class _OurLog(logging.Handler):
    """Says that the library said something, never what: it may hold tokens and words."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        logger().log(
            record.levelno,
            "discord.py",
            name=record.name,
            where=f"{record.filename}:{record.lineno}",
            error=kind,
        )


def quiet() -> None:
    """Let the library log through us, from INFO on; its debug records hold whole messages."""
    found = logging.getLogger("discord")
    found.setLevel(logging.INFO)
    found.propagate = False
    if not any(isinstance(handler, _OurLog) for handler in found.handlers):
        found.handlers[:] = [_OurLog()]


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, or until ``stop``."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
