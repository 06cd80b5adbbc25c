"""The parts of an upload, in memory.

aiohttp's ``request.post()`` keeps files in temporary ones and forgets them when the sender is
killed in the middle, which these fakes exist to see.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import BodyPartReader, web


@dataclass(frozen=True)
class SentFile:
    """A file of a form."""

    filename: str
    content: bytes


async def parts(request: web.Request) -> dict[str, str | SentFile]:
    """Fields and files by name. HTTPRequestEntityTooLarge over the application's limit."""
    found: dict[str, str | SentFile] = {}
    size, most = 0, request.client_max_size
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read(decode=True))
        size += len(content)
        if 0 < most < size:
            raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=size)
        name = part.name or ""
        found[name] = SentFile(part.filename, content) if part.filename else content.decode()
    return found
