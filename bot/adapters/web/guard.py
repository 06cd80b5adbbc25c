"""The outermost layer of the page: who it answers, how much it reads, what a browser may do.

A plain ASGI layer around everything, errors included, so that no answer leaves without its
headers and nothing unexpected leaves with its message.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.adapters.web.config import WebSettings
from bot.logs import failed

MB = 1024 * 1024
FORM_BYTES = 1 * MB
UPLOAD_BYTES = 64 * MB  # all files of one upload
UPLOAD_PATH = "/add"
STATIC = "/static/"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with it a browser calls the origin of its own forms "null"
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_YEAR = 31_536_000


class TooLargeError(Exception):
    """The body is longer than its path may take."""


class Guard:
    """Wraps the application; see the module."""

    def __init__(self, app: ASGIApp, settings: Callable[[], WebSettings]) -> None:
        """``settings`` are asked at every request: a port of 0 is known only when it listens."""
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one event of the server's life."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        settings, headers = self._settings(), Headers(scope=scope)
        answer = _Answer(
            send, static=unquote(scope["path"]).startswith(STATIC), tls=settings.secure
        )
        refused = _refusal(scope, headers, settings)
        if refused is not None:
            await refused(scope, receive, answer)
            return
        try:
            await self._app(scope, _Counted(receive, _limit(scope)), answer)
        except TooLargeError:
            await answer.instead(413, "That is more than this page takes at once.", scope, receive)
        except Exception as error:  # noqa: BLE001  # the one catch-all of this edge
            failed("admin page", error)
            await answer.instead(500, "Something went wrong here; it was noted.", scope, receive)


class _Answer:
    """Sends an answer with our headers; remembers whether one has begun."""

    def __init__(self, send: Send, *, static: bool, tls: bool) -> None:
        self._send = send
        self._static = static
        self._tls = tls
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if not self._static:
                headers["Cache-Control"] = "no-store"
            if self._tls:
                headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
        await self._send(message)

    async def instead(self, status: int, text: str, scope: Scope, receive: Receive) -> None:
        """A plain answer, unless another one has begun."""
        if not self.begun:
            headers = {"Connection": "close"} if status == 413 else None
            await PlainTextResponse(text, status, headers)(scope, receive, self)


class _Counted:
    """Receives a body and raises TooLargeError beyond the limit, whatever its headers said."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise TooLargeError
        return message


def _limit(scope: Scope) -> int:
    return UPLOAD_BYTES if scope["path"] == UPLOAD_PATH else FORM_BYTES


def _refusal(scope: Scope, headers: Headers, settings: WebSettings) -> PlainTextResponse | None:
    """A wrong host, a foreign form, or a body that says itself that it is too long."""
    if headers.get("host", "").lower() not in settings.hosts:
        return PlainTextResponse("This page is not served under that name.", 421)
    if scope["method"] not in {"GET", "HEAD"}:
        origin = headers.get("origin")
        foreign = headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
        if foreign or (origin is not None and origin.lower() not in settings.origins):
            return PlainTextResponse("This form came from another page.", 403)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _limit(scope):
        return PlainTextResponse(
            "That is more than this page takes at once.", 413, {"Connection": "close"}
        )
    return None
