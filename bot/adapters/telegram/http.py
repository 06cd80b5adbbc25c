"""The library's HTTP over aiohttp: a call costs a third of the processor that httpx takes.

The library leaves this to whoever wants to (BaseRequest). What a failure means for a send hangs
on whether it can have left: ``NEVER_LEFT`` names those that cannot.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

NEVER_LEFT = (
    aiohttp.ClientConnectorError,  # no such host, refused, no way through a proxy, no TLS
    aiohttp.ConnectionTimeoutError,  # of connecting, or of waiting for a free connection
    aiohttp.InvalidURL,
)
_KEEP_S = 10.0  # an idle connection; the other side keeps it longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. ``pool_s``: for a free connection and connecting together."""

    read_s: float = 20.0
    connect_s: float = 10.0
    pool_s: float = 15.0


class AiohttpRequest(BaseRequest):
    """telegram.request.BaseRequest with a pool of ``size`` connections."""

    def __init__(self, size: int, patience: Patience | None = None) -> None:
        """Nothing is opened before ``initialize``."""
        self._size = size
        self._patience = patience or Patience()
        self._session: aiohttp.ClientSession | None = None
        self._ways: dict[str, str | None] = {}

    @property
    def read_timeout(self) -> float:
        """Seconds for an answer."""
        return self._patience.read_s

    async def initialize(self) -> None:
        """Open the pool; nothing is connected yet."""
        if self._session is None or self._session.closed:
            trusted = httpx.create_ssl_context()  # whom the library trusts by itself
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._size, keepalive_timeout=_KEEP_S, ssl=trusted
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401  # the library's own types
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401, ARG002
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        """Status and body. Raises TimedOut and NetworkError, with what happened as their cause."""
        if self._session is None:
            raise RuntimeError("not initialized")
        ours = self._patience
        patience = aiohttp.ClientTimeout(
            total=None,
            connect=_or(pool_timeout, ours.pool_s),
            sock_connect=_or(connect_timeout, ours.connect_s),
            sock_read=_or(read_timeout, ours.read_s),
        )
        try:
            async with self._session.request(
                method,
                url,
                timeout=patience,
                allow_redirects=False,
                proxy=self._way(url),
                **_body(request_data),
            ) as answer:
                return answer.status, await answer.read()
        except asyncio.TimeoutError as error:  # noqa: UP041  # aiohttp's are this one's children
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(f"aiohttp.{type(error).__name__}") from error

    def _way(self, url: str) -> str | None:
        """The proxy to a host, as the library would find it; looked up once for each host."""
        to = urlsplit(url)
        origin = f"{to.scheme}://{to.netloc}"
        if origin not in self._ways:
            around = proxy_bypass(to.hostname or "")
            self._ways[origin] = None if around else getproxies().get(to.scheme)
        return self._ways[origin]


def _or(given: Any, ours: float) -> float | None:  # noqa: ANN401
    """What the caller said, None included, else what holds here."""
    found: float | None = ours if given is BaseRequest.DEFAULT_NONE else given
    return found


def _body(given: RequestData | None) -> dict[str, Any]:
    """A form, with files in parts when there are any."""
    if given is None:
        return {}
    fields, files = given.json_parameters, given.multipart_data
    if not files:
        form = urlencode(fields).encode()
        return {"data": form, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    parts = aiohttp.FormData()
    for name, value in fields.items():
        parts.add_field(name, value)
    for name, (filename, content, mime) in files.items():
        parts.add_field(name, content, filename=filename, content_type=mime)
    return {"data": parts}
