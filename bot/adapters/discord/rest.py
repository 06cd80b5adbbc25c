"""The calls made with the bot's own token, through the library's client and its rate limits."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import discord
from discord.http import Route

from bot.adapters.discord.api import THREAD_EXISTS, Breaker, Json, named
from bot.adapters.discord.raw import snowflake_at
from bot.adapters.discord.wire import File, attachments

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
PAGE = 100  # messages Discord gives at once


class Rest:
    """Each call raises a DeliveryError. All are safe to make twice, by nonce or by nature."""

    def __init__(self, client: discord.Client, breaker: Breaker) -> None:
        """The client has logged in; ``breaker`` says when nothing may be asked for at all."""
        self._client = client
        self._breaker = breaker

    async def post(
        self, channel: int, body: Json, *, nonce: str, files: Sequence[File] = ()
    ) -> str:
        """A new message; its id. The same nonce again within some minutes gives the same one."""
        body = {**body, "nonce": nonce, "enforce_nonce": True}
        return await self._do(Route("POST", _MESSAGES, channel_id=channel), body, files)

    async def edit(
        self, channel: int, message: int, body: Json, files: Sequence[File] = ()
    ) -> None:
        """Change a message of ours; what ``body`` does not name stays."""
        route = Route("PATCH", _MESSAGE, channel_id=channel, message_id=message)
        await self._do(route, body, files)

    async def direct(self, user: int) -> int:
        """The person's direct-message channel, opened when there is none."""
        self._breaker.check()
        with named(safe=True):
            made = await self._client.http.start_private_message(user)
        return int(made["id"])

    async def thread(self, channel: int, message: int, name: str) -> int:
        """A thread that begins at a message; its id, which is the message's."""
        with named(safe=True):
            try:
                await self._client.http.start_thread_with_message(
                    channel, message, name=name[:100], auto_archive_duration=1440
                )
            except discord.HTTPException as error:
                if error.code != THREAD_EXISTS:
                    raise
        return message

    async def after(self, channel: int, since: int | datetime) -> list[Json]:
        """Up to a hundred messages that follow an id or a time, oldest first."""
        start = since if isinstance(since, int) else snowflake_at(since)
        self._breaker.check()
        with named(safe=True):
            found = await self._client.http.logs_from(channel, PAGE, after=start)
        return sorted((dict(one) for one in found), key=lambda m: int(m["id"]))

    async def typing(self, channel: int) -> None:
        """Show for ten seconds that something is coming."""
        self._breaker.check()
        with named(safe=True):
            await self._client.http.send_typing(channel)

    async def download(self, url: str) -> bytes:
        """An attachment. Raises a DeliveryError."""
        with named(safe=True):
            return await self._client.http.get_from_cdn(url)

    @property
    def me(self) -> str:
        """Our own id."""
        return str(self._client.user.id) if self._client.user else ""

    async def _do(self, route: Route, body: Json, files: Sequence[File]) -> str:
        with named(safe=True):
            if not files:
                return str((await self._client.http.request(route, json=body))["id"])
            given = [discord.File(io.BytesIO(f.data), f.name) for f in files]
            text = json.dumps({**body, "attachments": attachments(files)})
            form: list[dict[str, Any]] = [{"name": "payload_json", "value": text}]
            form += [
                {
                    "name": f"files[{number}]",
                    "value": file.fp,
                    "filename": file.filename,
                    "content_type": "application/octet-stream",
                }
                for number, file in enumerate(given)
            ]
            made = await self._client.http.request(route, files=given, form=form)
            return str(made["id"])
