"""The process on Telegram is killed with SIGKILL while people write; see kill_telegram.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.kill_telegram import run
from tests.delivery.tally import Plan


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_when_the_process_is_killed(data: Path) -> None:
    """Every accepted message has its effect once and its reply once, or a flag saying why not."""
    found = await run(data, Plan(6, seed=5))
    assert found.counts["accepted"] > 5
    assert found.good, found.table()
    assert min(found.back_s, default=0) < 5  # the bar for all of them is the long run's
