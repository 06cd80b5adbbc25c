"""The process is killed with SIGKILL while people write; see kill.py for the long run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.kill import run


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_when_the_process_is_killed(data: Path) -> None:
    """Every accepted message has its effect once and its reply once, or a flag saying why not."""
    found = await run(data, rounds=6, seed=5)
    assert found.messages > 5
    assert (found.lost_updates, found.lost_effects, found.doubled_effects) == (0, 0, 0)
    assert found.doubled_replies == 0
    assert found.inversions == 0
    assert found.missing_replies <= found.unknown
    assert max(found.back_s) < 5
