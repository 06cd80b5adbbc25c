"""The gateway's sessions, by shard: what each one may have missed is asked of the backfill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.adapters.discord.api import Json
from bot.adapters.discord.backfill import Backfill
from bot.adapters.discord.client import Listening
from bot.adapters.discord.notebook import Notebook


@dataclass
class Sessions:
    """Of one client. ``heard``: until when everything has reached us, as far as it knows."""

    backfill: Backfill
    notebook: Notebook
    clock: Callable[[], datetime]
    heard: Callable[[], datetime | None]
    lost: dict[int, datetime] = field(default_factory=dict)
    missed: dict[int, datetime] = field(default_factory=dict)  # since when, in this session

    def ready(self, shard: int) -> None:
        """A new session: what was said since the last one has to be fetched."""
        since = self.lost.pop(shard, None) or self.notebook.seen or self.clock()
        self.missed[shard] = since
        self.backfill.begin(since)

    def guild(self, shard: int, data: Json) -> None:
        """A server of ours; Discord tells of each at the beginning of a session."""
        if shard in self.missed:
            self.backfill.look(data, self.missed[shard])

    def gone(self, shard: int) -> None:
        """The connection is lost; perhaps it can be resumed."""
        self.lost.setdefault(shard, self.heard() or self.clock())

    def resumed(self, shard: int) -> None:
        """The gateway itself brings what was missed."""
        self.lost.pop(shard, None)

    def listening(self, take: Callable[[Json], None], on_ready: Callable[[], None]) -> Listening:
        """What the client is to tell us."""

        def ready(shard: int) -> None:
            self.ready(shard)
            on_ready()

        return Listening(
            take=take, ready=ready, guild=self.guild, lost=self.gone, resumed=self.resumed
        )
