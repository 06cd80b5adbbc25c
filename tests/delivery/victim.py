"""The process that gets killed: the whole of Salus on Telegram, with a quick scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.adapters.telegram.adapter import TelegramAdapter
from bot.adapters.telegram.config import TelegramSettings
from bot.delivery.office import Times
from bot.delivery.pace import Pace
from bot.store import mailbox, sql  # noqa: F401  # loaded once, before the fork
from tests.fakes.telegram_world import QUICK, make_app

SCRIPT = ["Most adults need at least 7 hours of sleep [1]."] * 10_000


def main(data: str, url: str, token: str, lease_s: float) -> None:
    """Run until somebody kills us."""
    asyncio.run(_run(Path(data), url, token, lease_s))


async def _run(data: Path, url: str, token: str, lease_s: float) -> None:
    app = make_app(data, script=SCRIPT, delay_s=0.05)
    settings = TelegramSettings(token=token, base_url=url, poll_s=5)
    times = Times(lease_s=lease_s, drain_s=2.0, flush_s=1.0)
    adapter = TelegramAdapter(app, settings, times=times, pace=Pace(QUICK))
    await adapter.run(asyncio.Event())
