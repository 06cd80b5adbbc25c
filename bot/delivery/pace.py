"""How often a bot may write: to one chat, to one group, and altogether.

Telegram's published guidance: about one message a second to a chat, 20 a minute to a group,
30 a second over all; edits and drafts count. What must arrive takes its turn with ``take``;
previews ask ``spare`` and give way: they never use the budget's last part.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Messages per window of seconds. ``burst`` may go to one chat at once after a silence."""

    chat_s: float = 1.0
    burst: int = 3
    group: int = 20
    group_window_s: float = 60.0
    bot: int = 30
    bot_window_s: float = 1.0
    spare: float = 0.7  # previews may use this share of a group's and the bot's budget


@dataclass
class Pace:
    """One bot's budget. Times are seconds of any clock that does not go back."""

    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Nothing was sent yet."""
        self._free_at: dict[str, float] = {}  # when the chat's bucket is full again
        self._groups: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()
        self._silent: dict[str, float] = {}

    def take(self, chat: str, now: float, *, group: bool = False) -> float:
        """Take a turn: 0 when it is ours, else the seconds to wait before asking again."""
        wait = self._wait(chat, now, group=group, share=1.0)
        if wait <= 0:
            self._note(chat, now, group=group)
            return 0.0
        return wait

    def spare(self, chat: str, now: float, *, group: bool = False) -> bool:
        """Take a turn for a preview, only where nothing that must arrive would miss it."""
        if self._free_at.get(chat, now) > now:  # a full bucket: the final text never waits
            return False
        if self._wait(chat, now, group=group, share=self.limits.spare) > 0:
            return False
        self._note(chat, now, group=group)
        return True

    def silence(self, chat: str, until: float) -> None:
        """The platform wants nothing in this chat before ``until``."""
        self._silent[chat] = max(until, self._silent.get(chat, until))

    def _wait(self, chat: str, now: float, *, group: bool, share: float) -> float:
        limits = self.limits
        slack = (limits.burst - 1) * limits.chat_s
        waits = [
            self._silent.get(chat, now) - now,
            self._free_at.get(chat, now) - slack - now,
            _until_free(self._all, int(limits.bot * share), limits.bot_window_s, now),
        ]
        if group:
            sent = self._groups.setdefault(chat, deque())
            waits.append(_until_free(sent, int(limits.group * share), limits.group_window_s, now))
        return max(waits)

    def _note(self, chat: str, now: float, *, group: bool) -> None:
        self._free_at[chat] = max(self._free_at.get(chat, now), now) + self.limits.chat_s
        self._all.append(now)
        if group:
            self._groups.setdefault(chat, deque()).append(now)
        if len(self._free_at) > 4096:
            self._tidy(now)

    def _tidy(self, now: float) -> None:
        """Chats that may be written to freely need no memory."""
        self._free_at = {c: at for c, at in self._free_at.items() if at > now}
        self._silent = {c: at for c, at in self._silent.items() if at > now}
        window = self.limits.group_window_s
        self._groups = {c: q for c, q in self._groups.items() if q and q[-1] > now - window}


def _until_free(sent: deque[float], most: int, window: float, now: float) -> float:
    """Seconds until fewer than ``most`` lie within the window."""
    while sent and sent[0] <= now - window:
        sent.popleft()
    return sent[len(sent) - most] + window - now if len(sent) >= most else 0.0
