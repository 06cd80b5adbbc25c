"""The process that gets killed: the whole of Salus on Discord, with a quick scripted model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import discord  # noqa: F401  # loaded once, before the fork
import matplotlib.backends.backend_agg  # noqa: F401

from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.config import DiscordSettings
from bot.delivery.office import Times
from bot.delivery.pace import Pace
from bot.logs import configure
from bot.store import mailbox, sql  # noqa: F401
from tests.fakes.telegram_world import QUICK, make_app

SCRIPT = ["Most adults need at least 7 hours of sleep [1]."] * 10_000


@dataclass(frozen=True)
class Where:
    """What a process is told."""

    data: str
    url: str
    gateway: str
    token: str
    lease_s: float


def main(where: Where) -> None:
    """Run until somebody kills us."""
    configure("error")
    asyncio.run(_run(where))


async def _run(where: Where) -> None:
    app = make_app(Path(where.data), script=SCRIPT, delay_s=0.05)
    settings = DiscordSettings(
        token=where.token, api_url=where.url, gateway_url=where.gateway, metrics=True
    )
    times = Times(lease_s=where.lease_s, drain_s=2.0, flush_s=1.0)
    adapter = DiscordAdapter(app, settings, times=times, pace=Pace(QUICK))
    await adapter.run(asyncio.Event())
