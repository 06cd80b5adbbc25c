"""What one bot remembers between runs: where it was spoken to, until when it listened, and
which commands it has told Discord about.

Discord lists no direct-message channels to a bot and keeps no events for one that was away, so
the channels have to be remembered, each with the place from which it still has to be read. They
are kept in the store, sealed like everything of a person's, as the profile of somebody who does
not exist: the bot itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.adapters.discord import address
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
        self._chats: dict[str, int] = {}  # address: the message after which it is unread, or 0
        self._met: dict[str, None] = {}  # people whose direct messages are among them
        self._new = False
        self._written = datetime.min.replace(tzinfo=UTC)
        self._writing = asyncio.Lock()
        self.seen: datetime | None = None
        self.commands = ""

    async def load(self) -> None:
        """Read what was written last."""
        self._profile = await self._store.profile(self._owner)
        facts = self._profile.facts
        noted = (entry.partition("@") for entry in facts.get("chats", "").split())
        self._chats = {chat: int(unread or 0) for chat, _, unread in noted}
        self._met = dict.fromkeys(facts.get("met", "").split())
        self.commands = facts.get("commands", "")
        seen = facts.get("seen", "")
        self.seen = datetime.fromisoformat(seen) if seen else None

    # --- channels

    def chats(self) -> dict[str, int]:
        """Where we were spoken to, newest first; after which message each is unread, or 0."""
        return dict(reversed(self._chats.items()))

    def knows(self, chat: str) -> bool:
        """Whether we were spoken to there."""
        return chat in self._chats

    def note(self, chat: str) -> None:
        """Somebody speaks to us in ``chat``."""
        if chat[:1] in {"C", "D"}:
            self._new = self._new or chat not in self._chats
            self._chats[chat] = self._chats.pop(chat, 0)
            if len(self._chats) > MOST:
                self._chats.pop(next(iter(self._chats)))

    def owe(self, chat: str, after: int) -> None:
        """What follows the message ``after`` in a noted chat has still to be read."""
        before = self._chats[chat]
        self._chats[chat] = min(before or after, after)
        self._new = self._new or self._chats[chat] != before

    def caught_up(self, chat: str) -> None:
        """Everything in it has been accepted."""
        if self._chats.get(chat):
            self._chats[chat] = 0
            self._new = True

    def drop(self, chat: str) -> None:
        """It is gone, or its person asked to be forgotten."""
        if chat in self._chats:
            del self._chats[chat]
            self._new = True

    # --- people

    def met(self, user: int) -> bool:
        """Whether the person's direct messages are known."""
        return str(user) in self._met

    def meet(self, user: int, chat: str) -> None:
        """Their direct messages are ``chat``."""
        if not self.met(user):
            self._met[str(user)] = None
            self._new = True
            if len(self._met) > MOST:
                self._met.pop(next(iter(self._met)))
        if not self.knows(chat):
            self.note(chat)

    def forget(self, user: int, channel: int) -> None:
        """A person asked for it."""
        self.drop(address.direct(channel))
        if self.met(user):
            del self._met[str(user)]
            self._new = True

    # --- writing

    async def keep(
        self, now: datetime, seen: datetime | None = None, *, all_: bool = False
    ) -> None:
        """Write, if there is something new, or time has passed, or ``all_``.

        ``seen``: everything said before then has been accepted, but for what is unread.
        """
        if seen is not None:
            self.seen = seen
        if not (self._new or all_ or now - self._written > _EVERY):
            return
        async with self._writing:
            noted = (f"{chat}@{unread}" if unread else chat for chat, unread in self._chats.items())
            facts = {
                "chats": " ".join(noted),
                "met": " ".join(self._met),
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
