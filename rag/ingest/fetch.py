"""Fetches one web address for the knowledge base, without ever reaching a private network.

The host must be allowed, all its addresses public, and the connection goes to the very
addresses that were checked, so a name cannot change its meaning in between. Every redirect is
checked anew; no cookies, no proxies, no credentials; size, type and time are limited.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from rag.ingest.address import Target, is_public, parse
from rag.ingest.errors import (
    ContentTypeError,
    FetchError,
    FetchTimeoutError,
    PrivateAddressError,
    RedirectError,
    TooBigError,
)
from rag.ingest.values import MB

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiohttp.abc import ResolveResult

Resolve = Callable[[str, int], Awaitable[list[str]]]
TYPES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt",
    "text/markdown": ".md", "application/pdf": ".pdf", "text/csv": ".csv",
    "text/tab-separated-values": ".tsv", "application/xml": ".xml", "text/xml": ".xml",
    "application/jsonl": ".jsonl", "application/x-ndjson": ".jsonl",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}  # fmt: skip
# Servers that do not know a type say one of these; then the name's ending decides.
_VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 64 * 1024


async def system_addresses(host: str, port: int) -> list[str]:
    """The addresses of a name as the system resolves it; raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """What may be fetched. ``hosts``: see ``address.parse``; none allows nothing.

    ``resolve`` and ``public`` are for tests that have only the loopback.
    """

    hosts: tuple[str, ...] = ()
    max_bytes: int = 20 * MB
    redirects: int = 5
    seconds: float = 30.0
    resolve: Resolve = field(default=system_addresses)
    public: Callable[[str], bool] = field(default=is_public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was delivered: ``url`` after redirects, ``suffix`` of the format, day of fetching."""

    url: str
    data: bytes
    suffix: str
    host: str
    retrieved: date


def fetch(url: str, policy: FetchPolicy) -> Fetched:
    """Fetch one address; raises a FetchError or TooBigError. Not to be called in an event loop."""
    return asyncio.run(fetched(url, policy))


async def fetched(url: str, policy: FetchPolicy) -> Fetched:
    """See ``fetch``."""
    from aiohttp import ClientError

    try:
        async with asyncio.timeout(policy.seconds):
            return await _follow(url, policy)
    except TimeoutError as error:
        raise FetchTimeoutError(seconds=f"{policy.seconds:g}") from error
    except (ClientError, OSError, ValueError) as error:
        raise FetchError(fault=type(error).__name__) from error


async def _follow(url: str, policy: FetchPolicy) -> Fetched:
    secure = False
    for _ in range(policy.redirects + 1):
        target = parse(url, policy.hosts)
        if secure and target.scheme != "https":
            raise RedirectError
        secure = target.scheme == "https"
        found = await _once(target, policy)
        if isinstance(found, Fetched):
            return found
        url = urljoin(target.url, found)
    raise RedirectError


async def _once(target: Target, policy: FetchPolicy) -> Fetched | str:
    """One request: what it delivers, or where it redirects to."""
    addresses = await policy.resolve(target.host, target.port)
    if not addresses or not all(policy.public(address) for address in addresses):
        raise PrivateAddressError(host=target.host)
    async with _session(target, addresses) as session:
        request = session.get(
            target.url,
            allow_redirects=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "Salus knowledge import"},
        )
        async with request as response:
            if response.status in _REDIRECTS:
                location = response.headers.get("Location", "")
                if not location:
                    raise RedirectError
                return location
            if response.status != 200:
                raise FetchError(fault=f"HTTP {response.status}")
            suffix = _suffix(response, target)
            data = await _body(response, policy.max_bytes)
    today = datetime.now(UTC).date()
    return Fetched(url=target.url, data=data, suffix=suffix, host=target.host, retrieved=today)


def _session(target: Target, addresses: list[str]) -> ClientSession:
    """A session that knows one name, with the addresses that were checked, and no other."""
    from aiohttp import ClientSession, DummyCookieJar, TCPConnector
    from aiohttp.abc import AbstractResolver

    class Pinned(AbstractResolver):
        """Answers only for the checked host; aiohttp asks nobody else."""

        async def resolve(
            self,
            host: str,
            port: int = 0,
            family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the interface
        ) -> list[ResolveResult]:
            if host.rstrip(".").lower() != target.host:
                raise OSError("another host than the checked one")
            return [
                {
                    "hostname": host, "host": address, "port": port, "proto": 0, "flags": 0,
                    "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                }
                for address in addresses
            ]  # fmt: skip

        async def close(self) -> None:
            """Nothing is held."""

    connector = TCPConnector(resolver=Pinned(), use_dns_cache=False, force_close=True)
    return ClientSession(
        connector=connector, cookie_jar=DummyCookieJar(), trust_env=False, max_line_size=8190
    )


def _suffix(response: ClientResponse, target: Target) -> str:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    path = urlsplit(target.url).path.lower()
    named = next((s for s in TYPES.values() if path.endswith(s)), "")
    if kind in _VAGUE and named:
        return named
    if kind not in TYPES:
        raise ContentTypeError(type=kind[:80] or "no type")
    return TYPES[kind]


async def _body(response: ClientResponse, limit: int) -> bytes:
    """The body, counted after unpacking, so that a small answer cannot swell."""
    data = bytearray()
    async for piece in response.content.iter_chunked(_CHUNK):
        data += piece
        if len(data) > limit:
            raise TooBigError(size=f"more than {limit // MB}", limit=str(limit // MB))
    return bytes(data)
