"""Charts of a reply, drawn as pictures."""

from __future__ import annotations

import asyncio

from bot.adapters.discord.letters import Picture
from bot.model import Reply


async def drawn(reply: Reply) -> list[Picture]:
    """One picture for each chart; drawing is slow, so it is done in a thread."""
    if not reply.charts:
        return []
    from bot.charts.png import draw

    return [
        Picture(png=await asyncio.to_thread(draw, chart), about=chart.alt) for chart in reply.charts
    ]
