"""``salus run`` with Discord, and what ``salus doctor`` says of the platforms."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.adapters import service
from bot.adapters.cli import platforms
from bot.adapters.discord.config import discord_settings
from bot.adapters.telegram.config import TelegramSettings
from bot.settings import Settings
from tests.discord.world import discord_app
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_world import DiscordWorld, pointed_at
from tests.fakes.telegram_server import telegram_server


async def test_both_platforms_run_in_one_process(data: Path) -> None:
    """Each is answered on its own; one stop ends both."""
    said: list[str] = []
    stop = asyncio.Event()
    async with telegram_server() as telegram, discord_server() as fake:
        app = discord_app(data)
        given = {"discord_token": fake.token, "discord_api_url": fake.url}
        given |= {"discord_gateway_url": fake.gateway_url, "data_dir": str(data)}
        settings = discord_settings(Settings.model_validate(given))
        assert "token" not in repr(settings) or fake.token not in repr(settings)
        there = TelegramSettings(token=telegram.token, base_url=telegram.url, poll_s=5)
        with pointed_at(fake):
            running = asyncio.create_task(
                service.run(app, there, discord=settings, say=said.append, stop=stop)
            )
            people = DiscordWorld(fake)
            ada = people.user("Ada")
            await people.connected(seconds=15)
            await people.dm(ada, "hello")
            await telegram.say("hello")
            await people.until(lambda: people.sent() and telegram.sent(), seconds=15)
            stop.set()
            assert await asyncio.wait_for(running, 10) == 0
        await app.store.close()
    assert {"Telegram has stopped.", "Discord has stopped."} <= set(said)


async def test_what_is_set_is_looked_at() -> None:
    """Who we are on each platform, and the mend for a wrong token or a missing intent."""
    async with telegram_server() as telegram, discord_server() as fake:
        given = {
            "telegram_token": telegram.token,
            "telegram_base_url": telegram.url,
            "discord_token": fake.token,
            "discord_api_url": fake.url,
        }
        found = await platforms.look(Settings.model_validate(given))
        assert [(s.platform, s.fault) for s in found] == [("telegram", False), ("discord", False)]
        assert "education only" in found[1].detail
        wished = given | {"discord_message_content": True}
        found = await platforms.look(Settings.model_validate(wished))
        assert found[1].fault
        assert "Developer Portal" in found[1].mend
        wrong = given | {"telegram_token": "1:x", "discord_token": "x"}
        found = await platforms.look(Settings.model_validate(wrong))
        assert [s.fault for s in found] == [True, True]
        assert "not accepted" in found[1].detail
    found = await platforms.look(Settings.model_validate(given))
    assert [s.detail for s in found] == ["cannot be reached"] * 2
    assert await platforms.look(Settings()) == []
