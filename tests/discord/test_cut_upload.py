"""An upload whose sender dies in the middle leaves nothing behind in the fake."""

from __future__ import annotations

import asyncio
import gc
from urllib.parse import urlsplit

from tests.fakes.discord_server import discord_server

HEAD = (
    "POST /api/v10/channels/1/messages HTTP/1.1\r\nHost: here\r\nAuthorization: Bot token\r\n"
    "Content-Type: multipart/form-data; boundary=cut\r\nContent-Length: 400000\r\n\r\n"
)
PART = (
    '--cut\r\nContent-Disposition: form-data; name="files[0]"; filename="a.png"\r\n'
    "Content-Type: image/png\r\n\r\n"
)


async def test_a_sender_killed_in_the_middle_of_a_file_leaves_no_open_one() -> None:
    """An open temporary file would be told as a fault of whatever test runs when it is found."""
    async with discord_server() as fake:
        at = urlsplit(fake.url)
        _, line = await asyncio.open_connection(at.hostname, at.port)
        line.write((HEAD + PART).encode() + b"x" * 200_000)
        await line.drain()
        await asyncio.sleep(0.2)
        assert line.transport is not None
        line.transport.abort()
        await asyncio.sleep(0.2)
    gc.collect()
