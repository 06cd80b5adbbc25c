"""A few seconds of the load run: nothing lost, nothing doubled, and it is measured at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.telegram.load import Found, run


@pytest.mark.slow
async def test_a_short_load_loses_and_doubles_nothing(data: Path) -> None:
    """Five seconds at forty a second, over the wire, in a process of its own.

    The bar for speed is the command's: a busy test machine says little about it.
    """
    found = await run(data, seconds=5.0, rate=40.0)
    assert found.said == 200
    assert (found.lost, found.doubled) == (0, 0)
    assert (found.missing_values, found.doubled_values) == (0, 0)
    assert len(found.accept) == found.said
    assert found.rss
    assert "durable accept p95" in found.table()


def test_growth_is_the_slope_of_the_second_half() -> None:
    """A warm-up is not a leak; a steady rise is."""
    flat = Found(rss=[(0.0, 100.0), (60.0, 200.0), (120.0, 200.0), (180.0, 200.0), (240.0, 200.0)])
    assert flat.growth() == 0
    rising = Found(rss=[(60.0 * n, 100.0 + 3 * n) for n in range(10)])
    assert round(rising.growth(), 6) == 3
    assert Found().growth() == Found().rate == Found().percentile(0.95) == 0
