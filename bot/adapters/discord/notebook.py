"""What one bot remembers between runs: where it was spoken to, until when it listened, and
which commands it has told Discord about.

Discord lists no direct-message channels to a bot and keeps no events for one that was away, so
the channels have to be remembered. They are kept in the store, sealed like everything of a
person's, as the profile of somebody who does not exist: the bot itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.model import Profile, UserId
from bot.ports import Store

MOST = 5000  # channels; those spoken in longest ago are left out
_EVERY = timedelta(seconds=60)


class Notebook:
    """Of one bot. Every method that reads or writes may raise a StoreError."""

    def __init__(self, store: Store, bot: int) -> None:
        """``store`` is the real one."""
        self._store = store
        self._owner = UserId(f"discord-bot:{bot}")
        self._profile = Profile(user=self._owner)
        self._chats: dict[str, None] = {}  # addresses, newest last
        self._new = False
        self._written = datetime.min.replace(tzinfo=UTC)
        self._writing = asyncio.Lock()
        self.seen: datetime | None = None
        self.commands = ""

    async def load(self) -> None:
        """Read what was written last."""
        self._profile = await self._store.profile(self._owner)
        facts = self._profile.facts
        self._chats = dict.fromkeys(facts.get("chats", "").split())
        self.commands = facts.get("commands", "")
        seen = facts.get("seen", "")
        self.seen = datetime.fromisoformat(seen) if seen else None

    def chats(self) -> list[str]:
        """Where we were spoken to, newest first."""
        return list(reversed(self._chats))

    def note(self, chat: str) -> None:
        """Somebody speaks to us in ``chat``."""
        if chat[:1] not in {"C", "D"}:
            return
        self._new = self._new or chat not in self._chats
        self._chats.pop(chat, None)
        self._chats[chat] = None
        if len(self._chats) > MOST:
            self._chats.pop(next(iter(self._chats)))

    def drop(self, chat: str) -> None:
        """It is gone, or its person asked to be forgotten."""
        if chat in self._chats:
            del self._chats[chat]
            self._new = True

    async def keep(
        self, now: datetime, seen: datetime | None = None, *, all_: bool = False
    ) -> None:
        """Write, if there is a new chat, or time has passed, or ``all_``.

        ``seen``: everything said before then has been accepted.
        """
        if seen is not None:
            self.seen = seen
        if not (self._new or all_ or now - self._written > _EVERY):
            return
        async with self._writing:
            facts = {
                "chats": " ".join(self._chats),
                "commands": self.commands,
                "seen": self.seen.isoformat() if self.seen else "",
            }
            self._new = False
            try:
                await self._store.save_profile(replace(self._profile, facts=facts))
            except BaseException:
                self._new = True
                raise
            self._written = now
