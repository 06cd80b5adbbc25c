"""One person on both platforms at once: two adapters over one database."""

from __future__ import annotations

import re
from pathlib import Path

from tests.discord.world import salus
from tests.fakes.telegram_world import world


async def test_the_other_platform_is_told_in_private(tmp_path: Path) -> None:
    """A code from Telegram entered on Discord is told on Telegram; /unlink there, on Discord."""
    async with world(tmp_path) as phone, salus(tmp_path) as desk:
        told = await phone.ask("/link")
        found = re.search(r"/link (\w{4}-\w{4})", told["text"])
        assert found
        assert "Linked" in (await desk.ask(f"/link {found[1]}")).content
        await phone.until(lambda: len(phone.fake.sent(1001)) == 2)
        assert phone.fake.sent(1001)[-1]["text"].startswith("A Discord account was just linked")
        await phone.ask("/unlink")
        await desk.until(lambda: len(desk.people.sent(desk.dm)) == 2)
        assert desk.people.sent(desk.dm)[-1].content.startswith("A Telegram account of yours")
