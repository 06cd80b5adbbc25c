"""After a long silence between us and Telegram: one word to those who may have written meanwhile.

Telegram drops what waits for more than a day, so nobody would ever know. When receiving works
again after that long, every private chat of the week before is told once, through the outbox.
The notices carry the silence's own name, so that a crash half-way doubles none.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from bot.adapters.telegram.letters import notice
from bot.errors import StoreError
from bot.i18n import t
from bot.logs import logger
from bot.store.letters import Letter, Mailbox
from bot.store.notices import Notices, RecentChat

KEPT_FOR = timedelta(hours=24)  # how long Telegram keeps updates (Bot API, getUpdates)
_RECENT = timedelta(days=7)
_EVERY = timedelta(minutes=1)  # how often it is noted that receiving works
_AT_ONCE = 100


class Absence:
    """Call ``received`` whenever receiving has worked."""

    def __init__(self, notices: Notices, mailbox: Mailbox) -> None:
        """Nothing is looked up before the first time."""
        self._notices = notices
        self._mailbox = mailbox
        self._noted: datetime | None = None

    async def received(self, now: datetime) -> int:
        """Note it, and owe the notices after a long silence; how many. Never raises."""
        if self._noted is not None and now - self._noted < _EVERY:
            return 0
        try:
            last = await self._notices.heard()
            told = 0
            if last is not None and now - last > KEPT_FOR:
                told = await self._tell(last, now)
                logger().warning("out of reach for more than a day", count=told)
            await self._notices.note(now)
        except StoreError as error:  # said again at the next time
            logger().warning("receiving not noted", error=type(error).__name__)
            return 0
        self._noted = now
        return told

    async def _tell(self, last: datetime, now: datetime) -> int:
        letters: list[Letter] = []
        for one in await self._notices.recent(last - _RECENT):
            chat = one.chat.partition("/")[0]
            if chat.isdecimal() and await self._mailbox.reachable(chat):
                letters.append(_letter(one, last))
        for start in range(0, len(letters), _AT_ONCE):
            await self._mailbox.post(letters[start : start + _AT_ONCE], now=now)
        return len(letters)


def _letter(one: RecentChat, last: datetime) -> Letter:
    """The same for the same silence and person, however often it is made."""
    silence = f"{last.isoformat()} {one.user}"
    origin = f"away:{hashlib.sha256(silence.encode()).hexdigest()[:32]}"
    return notice(one.chat, t("telegram.away", one.lang), one.lang, origin)
