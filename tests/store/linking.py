"""Linking as the tests of it do it: a code made on Telegram, entered on Discord."""

from __future__ import annotations

from datetime import datetime

from bot.model import Joining, Place, UserId
from bot.store import PersonStore
from tests.store.samples import NOON

CODE, OTHER = "K7MWQ3PR", "ABCD2345"
HOME = Place(platform="telegram", chat="1")
GUILD = Place(platform="discord", chat="9")


async def enter(
    store: PersonStore, code: str = CODE, *, account: str = "9", now: datetime = NOON
) -> Joining:
    """Enter a code on Discord."""
    weighed = await store.weigh_link(code, platform="discord", account=account, now=now)
    done = await store.join(code, platform="discord", account=account, now=now)
    assert weighed == done, "weighing says what joining does"
    return done


async def joined(store: PersonStore, maker: UserId) -> None:
    """Make a code and enter it on Discord."""
    await store.offer_link(maker, CODE, now=NOON)
    assert await enter(store) == Joining(verdict="joined", user=maker)
