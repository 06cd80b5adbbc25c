"""The driver of generated updates notices what is wrong: a run that cannot fail proves nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from bot.logs import failed, logger
from tests.delivery.fuzz import Faults, Scene, Tally, concerns_us


class _Reader:
    """The reading half of a scene."""

    def __init__(self, taken: Callable[[], bool], reason: str) -> None:
        self._taken, self._reason = taken, reason

    def reads(self, _: dict[str, Any]) -> bool:
        return self._taken()

    def why_not(self, _: dict[str, Any]) -> str:
        return self._reason


def _sorted(taken: Callable[[], bool], reason: str, text: str = "hello") -> Tally:
    tally = Tally("telegram", generated=1)
    concerns_us(cast("Scene", _Reader(taken, reason)), {"text": text}, tally)
    return tally


def test_what_is_left_alone_needs_a_reason() -> None:
    """Taken or left alone, against the rules it is a failure, and a reading that raises a crash."""
    assert _sorted(lambda: False, "a bot's message").ignored == {"a bot's message": 1}
    assert _sorted(lambda: False, "").failed == {"left alone without a reason": 1}
    assert _sorted(lambda: True, "a bot's message").failed == {"taken although: a bot's message": 1}
    assert _sorted(lambda: True, "", text="\ud800").ignored.total() == 1
    crashed = _sorted(lambda: bool(1 // 0), "")
    assert not crashed.good
    assert crashed.unread == 1
    assert "ZeroDivisionError" in crashed.table()


def test_an_update_without_an_end_is_lost_and_a_stuck_lane_is_not_good() -> None:
    """Generated is the sum of all ends; what is missing shows."""
    tally = Tally("discord", generated=3, answered=1, ignored=Counter(why=1))
    assert tally.lost == 1
    assert tally.good
    tally.stuck = {"in 7"}
    assert not tally.good


async def test_caught_errors_count_as_crashes() -> None:
    """Ours, those of tasks nobody awaited and those of libraries; given-up letters do not."""
    found: Counter[str] = Counter()
    with Faults(found):
        logger().error("message not handled", error="KeyError", count=1)
        logger().error("letter given up", state="dead", count=8)
        logger().warning("no updates", error="TimedOut")
        try:
            {}["x"]
        except KeyError as error:
            failed("event not read", error)
        logging.getLogger("aiohttp.server").error("Error handling request")
        asyncio.get_running_loop().call_exception_handler({"message": "Task exception"})
    assert found.total() == 4
    logger().error("message not handled", error="KeyError")
    assert found.total() == 4
