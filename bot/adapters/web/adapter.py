"""Serves the admin page until it is told to stop, beside the chat platforms."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

from bot.adapters.web.config import WebSettings, made
from bot.adapters.web.site import make_site
from bot.app import App
from bot.errors import SettingsError
from bot.i18n import t

if TYPE_CHECKING:
    from rag.access import Access
    from rag.library import Knowledge

Say = Callable[[str], None]
_DRAIN_S = 3  # for requests that are being answered
_JOB_S = 5.0  # for reading, checking or publishing; what takes longer ends with the process


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: signals belong to who supervises us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


class WebAdapter:
    """One served page. ``run`` returns when ``stop`` is set and everything is drained."""

    def __init__(self, app: App, settings: WebSettings, *, say: Say) -> None:
        """Nothing listens yet."""
        self._app = app
        self._settings = settings
        self._say = say
        self.url = settings.url
        self.port = settings.port
        self.make_access: Callable[[Knowledge], Access] | None = None  # with other costs, in tests

    async def run(self, stop: asyncio.Event) -> None:
        """Listen, answer, drain. SettingsError when the address cannot be listened on."""
        listener = self._listen()
        try:
            port = listener.getsockname()[1]
            if self._settings.port != port:  # 0: any free one
                self._settings = made(self._settings.host, port, self._app.settings)
            self.url, self.port = self._settings.url, port
            asgi, site = make_site(
                lambda: self._settings,
                self._app.retriever.knowledge,
                self._app.store,
                self._app.workshop,
                self.make_access,
            )
            server = _Server(_config(asgi))
            self._say(t("web.serving", self._settings.lang or "en", url=self.url))
            stopping = asyncio.create_task(_stop(server, stop))
            try:
                await server.serve(sockets=[listener])
            finally:
                stopping.cancel()
                await asyncio.gather(stopping, return_exceptions=True)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_JOB_S):
                        await site.drain()
        finally:
            listener.close()

    def _listen(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(64)
        except OSError as error:
            listener.close()
            fault = f"cannot listen on {host}:{port} ({error.strerror})"
            raise SettingsError(fault, name="SALUS_ADMIN_LISTEN", fault=fault) from error
        return listener


def _config(asgi: object) -> uvicorn.Config:
    return uvicorn.Config(
        asgi,  # type: ignore[arg-type]
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
        lifespan="off", ws="none", http="h11", loop="asyncio", timeout_keep_alive=5,
        timeout_graceful_shutdown=_DRAIN_S, h11_max_incomplete_event_size=16_384,
        limit_concurrency=64,
    )  # fmt: skip


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
