"""Receives updates by webhook: a small HTTP server that answers 200 only after the commit.

The secret is compared in constant time before the body is read. TLS ends at the proxy before us.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.adapters.telegram.api import Json
from bot.errors import SettingsError, StoreError

PATH = "/telegram"
_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_MAX_BYTES = 1 << 20


@asynccontextmanager
async def serve(
    port: int, secret: str, accept: Callable[[Json], Awaitable[None]]
) -> AsyncIterator[int]:
    """Listen on ``port`` (0: any); yields the port. SettingsError without a secret."""
    if not secret:
        fault = "a webhook needs a secret"
        raise SettingsError(fault, name="SALUS_TELEGRAM_WEBHOOK_SECRET", fault=fault)
    from aiohttp import web

    async def receive(request: web.Request) -> web.Response:
        given = request.headers.get(_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return web.Response(status=403)
        try:
            update = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400)
        if not isinstance(update, dict):
            return web.Response(status=400)
        try:
            await accept(update)
        except StoreError:
            return web.Response(status=503)  # Telegram keeps it and comes again
        return web.Response()

    app = web.Application(client_max_size=_MAX_BYTES)
    app.router.add_post(PATH, receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104  # behind a proxy
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
