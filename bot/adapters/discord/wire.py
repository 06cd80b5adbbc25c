"""The calls of an interaction's own token: acknowledging, filling in, following up.

The library repeats a follow-up that was answered 502 and waits out any limit without bound.
A follow-up has no nonce, so doing it twice shows it twice; these calls are therefore made here,
once each, with delivery's names for whatever goes wrong.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from bot.adapters.discord.api import ACKNOWLEDGED, Breaker, Json, name, refusal
from bot.delivery.errors import (
    AmbiguousError,
    DeliveryError,
    FloodedError,
    NotSentError,
    RefusedError,
)

THINKING, UPDATING, TEXT, FORM = 5, 6, 4, 9  # types of a first answer
EPHEMERAL = 1 << 6
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a message; ``about`` is its alt text."""

    name: str
    data: bytes
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. ``path`` begins behind the API's address."""

    method: str
    path: str
    body: Json
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    data: Any
    retry_after: float = 0.0


Send = Callable[[Request], Awaitable[Answer]]


class Http:
    """Sends requests with a session of its own: no bot token belongs on these."""

    def __init__(self, url: str, breaker: Breaker) -> None:
        """``url`` is the API's address."""
        self._url = url.rstrip("/")
        self._breaker = breaker
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: Request) -> Answer:
        """One try. Raises a DeliveryError when nothing came back."""
        if self._session is None:
            trace = [self._breaker.trace()]
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trace_configs=trace)
        data, headers = _payload(request)
        url = self._url + request.path
        try:
            async with self._session.request(
                request.method, url, data=data, headers=headers
            ) as answer:
                return await _read(answer)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise name(error) from error

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _payload(request: Request) -> tuple[str | aiohttp.FormData, dict[str, str]]:
    body = json.dumps(request.body)
    if not request.files:
        return body, {"Content-Type": "application/json"}
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", body)
    for number, file in enumerate(request.files):
        form.add_field(f"files[{number}]", file.data, filename=file.name)
    return form, {}


async def _read(answer: aiohttp.ClientResponse) -> Answer:
    text = await answer.text()
    try:
        data = json.loads(text) if text else {}
    except ValueError:
        data = {}
    wait = data.get("retry_after") if isinstance(data, dict) else None
    if wait is None:
        wait = answer.headers.get("Retry-After", "0")
    try:
        seconds = float(wait)
    except ValueError:
        seconds = 60.0
    return Answer(status=answer.status, data=data, retry_after=seconds)


class Hooks:
    """The calls. Each raises a DeliveryError; an edit is safe to make again."""

    def __init__(self, send: Send, application: int) -> None:
        """``send`` makes one request."""
        self._send = send
        self._application = application

    async def respond(self, id_: int, token: str, kind: int, data: Json | None = None) -> None:
        """The first answer, due within three seconds. Having answered before is no fault."""
        body: Json = {"type": kind} | ({"data": data} if data else {})
        request = Request(method="POST", path=f"/interactions/{id_}/{token}/callback", body=body)
        for last in (False, True):
            try:
                await self._call(request, again=True)
            except NotSentError:
                if last:
                    raise
            else:
                return

    async def fill(self, token: str, body: Json, files: Sequence[File] = ()) -> str:
        """Put text in the place of what was deferred, or change what was pressed; its id."""
        path = f"/webhooks/{self._application}/{token}/messages/@original"
        request = Request(method="PATCH", path=path, body=body, files=tuple(files))
        return _id(await self._call(_numbered(request), again=True))

    async def follow(self, token: str, body: Json, files: Sequence[File] = ()) -> str:
        """One more message; its id. AmbiguousError when it may have arrived."""
        path = f"/webhooks/{self._application}/{token}?wait=true"
        request = Request(method="POST", path=path, body=body, files=tuple(files))
        return _id(await self._call(_numbered(request), again=False))

    async def _call(self, request: Request, *, again: bool) -> object:
        try:
            answer = await self._send(request)
            return _checked(answer)
        except AmbiguousError as error:
            if again:
                raise NotSentError("the same call once more changes nothing") from error
            raise


def _checked(answer: Answer) -> object:
    if 200 <= answer.status < 300:
        return answer.data
    if answer.status == 429:
        raise FloodedError(answer.retry_after)
    if answer.status >= 500:
        raise AmbiguousError(f"status {answer.status}")
    code = answer.data.get("code") if isinstance(answer.data, dict) else 0
    if code == ACKNOWLEDGED:
        return {}
    raise _refusal(answer.status, code if isinstance(code, int) else 0)


def _refusal(status: int, code: int) -> DeliveryError:
    """A 401 here is about the interaction's token, never about the bot's."""
    if status == 401 and not code:
        return RefusedError("status 401")
    return refusal(status, code)


def _numbered(request: Request) -> Request:
    """Files are named in the body too, with their alt texts."""
    if not request.files:
        return request
    listed = attachments(request.files)
    return replace(request, body={**request.body, "attachments": listed})


def attachments(files: Sequence[File]) -> list[Json]:
    """What a body says of its files."""
    return [
        {"id": n, "filename": f.name} | ({"description": f.about[:1024]} if f.about else {})
        for n, f in enumerate(files)
    ]


def _id(data: object) -> str:
    return str(data.get("id") or "") if isinstance(data, dict) else ""
