"""The process on Discord is killed with SIGKILL while people write; see kill_discord.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.kill_discord import run


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_when_the_process_is_killed(data: Path) -> None:
    """Every accepted message has its effect once and its reply once, or a flag saying why not."""
    found = await run(data, rounds=4, seed=5)
    assert found.accepted > 5
    assert (found.lost, found.doubled_effects) == (0, 0)
    assert (found.doubled_replies, found.nonce_doubles) == (0, 0)
    assert found.inversions == 0
    assert found.missing_replies <= found.unknown
    assert min(found.back_s) < 5  # the bar for all of them is the long run's: see kill.py
