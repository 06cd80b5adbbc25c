"""``salus run``: one clear line for each way to fail, and a prompt end on SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from bot.adapters.service import run, supervise
from bot.adapters.telegram.config import TelegramSettings
from tests.fakes.telegram_server import telegram_server
from tests.fakes.telegram_world import make_app


async def test_nothing_configured(data: Path) -> None:
    """One line says what to set."""
    said: list[str] = []
    assert await run(make_app(data), TelegramSettings(), say=said.append) == 2
    assert len(said) == 1
    assert "SALUS_TELEGRAM_TOKEN or SALUS_DISCORD_TOKEN" in said[0]


async def test_a_wrong_token(data: Path) -> None:
    """One line, exit code 3, no retries, and the token is not in it."""
    said: list[str] = []
    async with telegram_server() as fake:
        settings = TelegramSettings(token="1:wrong", base_url=fake.url)
        app = make_app(data, lang="zh")
        assert await run(app, settings, say=said.append) == 3
    assert len(said) == 1
    assert "令牌" in said[0]
    assert "1:wrong" not in said[0] + repr(settings)


async def test_sigterm_drains_and_ends(data: Path) -> None:
    """An answer that is due goes out; the process ends well within ten seconds."""
    said: list[str] = []
    async with telegram_server() as fake:
        settings = TelegramSettings(token=fake.token, base_url=fake.url, poll_s=20)
        app = make_app(data)
        running = asyncio.create_task(run(app, settings, say=said.append))
        while not fake.polls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await fake.say("hello")
        while fake.updates:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        started = time.monotonic()
        assert await asyncio.wait_for(running, 10) == 0
        assert time.monotonic() - started < 8
        assert len(fake.sent()) == 1
        await app.store.close()
    assert said[-1] == "Telegram has stopped."


async def test_one_failing_platform_does_not_stop_another() -> None:
    """The broken one is started again and again, the other runs on."""
    said: list[str] = []
    stop, ticks, faults = asyncio.Event(), [0], [0]

    async def works(stop: asyncio.Event) -> None:
        while not stop.is_set():
            ticks[0] += 1
            await asyncio.sleep(0.01)

    async def breaks(stop: asyncio.Event) -> None:
        faults[0] += 1
        raise ExceptionGroup("two", [ZeroDivisionError(), ValueError()])

    task = asyncio.create_task(supervise({"A": works, "B": breaks}, stop, "en", said.append))
    await asyncio.sleep(2.0)
    stop.set()
    assert await task
    assert ticks[0] > 20
    assert faults[0] >= 2
    assert said[0].startswith("B stopped unexpectedly")
