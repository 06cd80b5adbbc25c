"""The way to Telegram: through the proxy that the environment names, and looked up once."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from telegram.error import NetworkError

from bot.adapters.telegram.http import AiohttpRequest


class Proxy:
    """Notes which addresses it was asked for and answers itself."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """As the host behind it would."""
        self.asked.append(str(request.url))
        return web.Response(text="through the proxy")


@pytest.fixture
async def proxy() -> AsyncGenerator[Proxy, None]:
    """A forward proxy on this machine."""
    made = Proxy()
    runner = web.ServerRunner(web.Server(made.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_the_environments_proxy_is_used(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host is reached through the proxy; one that goes around it is not."""
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    request = AiohttpRequest(2)
    await request.initialize()
    try:
        status, body = await request.do_request("http://telegram.invalid/bot1/getMe", "POST")
        assert (status, body) == (200, b"through the proxy")
        monkeypatch.delenv("http_proxy")  # known already: the environment is not read again
        await request.do_request("http://telegram.invalid/bot1/getUpdates", "POST")
        assert len(proxy.asked) == 2
        with pytest.raises(NetworkError):
            await request.do_request("http://127.0.0.1:9/bot1/getMe", "POST")
        assert len(proxy.asked) == 2
    finally:
        await request.shutdown()
