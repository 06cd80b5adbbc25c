"""Logging by plain sentence: store what is clear, ask about what is not, take back on undo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from bot.dialogue.turns import Heard, Said
from bot.i18n import t
from bot.metrics.answer import resolve
from bot.metrics.words import ask_text, confirm
from bot.model import Ask, Lang, Observation, ObservationId, ParsedMetrics, Profile
from bot.ports import Store

PENDING_ASK = "ask"
PENDING_AT = "at"
_PENDING_LASTS = timedelta(minutes=30)


class Logbook:
    """What people log. Values enter the store only when they are clear and possible."""

    def __init__(self, store: Store) -> None:
        """Everything is kept in the store; nothing in memory."""
        self._store = store

    async def log(self, heard: Heard, parsed: ParsedMetrics) -> Said:
        """Store the clear readings, ask about the first unclear one; say both."""
        lines: list[str] = []
        ids: list[ObservationId] = []
        if parsed.observations:
            ids = await self._store.add_observations(heard.profile.user, parsed.observations)
            tz = heard.message.tz
            lines.append(confirm(parsed.observations, heard.lang, heard.now, tz))
        if parsed.asks:
            await self._remember(heard.profile, parsed.asks[0], heard.now)
            lines.append(ask_text(parsed.asks[0], heard.lang, now=heard.now, tz=heard.message.tz))
        return Said(
            text="\n".join(lines),
            kind="logged" if ids else "clarify",
            personal=True,
            undo=tuple(ids),
        )

    async def settle(self, heard: Heard) -> Said | None:
        """If this message answers our open question, store the value; None when it does not."""
        ask = pending_ask(heard.profile, heard.now)
        if ask is None:
            return None
        await self._store.save_profile(without_pending(heard.profile))
        if heard.text.strip().lower().rstrip(".!。！") in _NO:
            return Said(text=t("log.dropped", heard.lang), kind="command", personal=True)
        value = resolve(ask, heard.text, now=heard.now, tz=heard.message.tz)
        if value is None:
            return None
        return await self.log(heard, ParsedMetrics(observations=(value,)))

    async def undo(self, heard: Heard) -> Said:
        """Take back everything the last logging message stored."""
        ids = await self._store.last_logged(heard.profile.user)
        taken = await self._store.remove_observations(heard.profile.user, ids)
        return Said(text=undone(taken, heard.lang), kind="command", personal=True)

    async def _remember(self, profile: Profile, ask: Ask, now: datetime) -> None:
        asked = {PENDING_ASK: dump_ask(ask), PENDING_AT: now.isoformat()}
        pending = {**without_pending(profile).pending, **asked}
        await self._store.save_profile(replace(profile, pending=pending))


def undone(count: int, lang: Lang) -> str:
    """What is said when ``count`` values were taken back."""
    if not count:
        return t("log.nothing_to_undo", lang)
    return t(f"log.undone.{'one' if count == 1 else 'many'}", lang, count=count)


_NO = frozenset(
    {"no", "nope", "no thanks", "cancel", "forget it", "不", "不是", "不用", "取消", "算了"}
)


def without_pending(profile: Profile) -> Profile:
    """The profile with no question of ours open; work on the knowledge goes on."""
    kept = {k: v for k, v in profile.pending.items() if k.startswith("kb")}
    return replace(profile, pending=kept)


def pending_ask(profile: Profile, now: datetime) -> Ask | None:
    """The open question, while it is fresh."""
    raw, at = profile.pending.get(PENDING_ASK), profile.pending.get(PENDING_AT)
    if not raw or not at or now - datetime.fromisoformat(at) > _PENDING_LASTS:
        return None
    return load_ask(raw)


def dump_ask(ask: Ask) -> str:
    """An Ask as JSON text, for the profile's pending field."""
    return json.dumps(asdict(ask), default=lambda value: value.isoformat(), ensure_ascii=False)


def load_ask(raw: str) -> Ask:
    """The Ask back from ``dump_ask``."""
    data = json.loads(raw)
    options = tuple(_observation(o) for o in data.pop("options"))
    return Ask(**data, options=options)


def _observation(data: Mapping[str, object]) -> Observation:
    return Observation(**{**data, "at": datetime.fromisoformat(str(data["at"]))})  # type: ignore[arg-type]
