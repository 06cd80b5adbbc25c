"""From a Message to a Heard: cleaned, its language known, its person looked up, its urgency judged.

Nothing here may wait long or fail: an emergency must get through with everything else down.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import text as texts
from bot.dialogue.turns import Heard, Said
from bot.dialogue.wording import say
from bot.errors import StoreError
from bot.model import Lang, Message, Platform, Profile, UserId
from bot.ports import Store
from bot.safety import Triage

_COMMAND_WORD = re.compile(r"\A/[A-Za-z]+(?:@\w+)?")
_PROFILE_WAIT_S = 0.4  # an emergency does not wait longer for the person's country


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds until a person says otherwise."""

    lang: Lang = "en"
    country: str = ""


async def hear(
    message: Message,
    *,
    store: Store,
    triage: Triage,
    defaults: Defaults,
    education_only: frozenset[Platform] = frozenset(),
) -> Heard:
    """Clean and judge a message. The profile is empty when the store cannot give it at once."""
    text = texts.clean(message.text)
    profile = await _profile_soon(store, message.user)
    lang = _language(text, profile.lang or message.lang or defaults.lang)
    return Heard(
        message=message,
        text=text,
        lang=lang,
        profile=profile,
        triage=triage.assess(text, lang=lang, profile=profile.facts),
        now=_local(message.sent_at, message.tz),
        education=message.place.platform in education_only,
    )


async def _profile_soon(store: Store, user: UserId) -> Profile:
    try:
        async with asyncio.timeout(_PROFILE_WAIT_S):
            return await store.profile(user)
    except (StoreError, TimeoutError):
        return Profile(user=user)


def _language(text: str, hint: Lang) -> Lang:
    """The word of a command is Latin for everybody, so it says nothing about a language."""
    found = texts.language(_COMMAND_WORD.sub("", text), hint=hint)
    return "zh" if found == "zh" else "en" if found == "en" else hint


def _local(at: datetime, tz: str) -> datetime:
    try:
        return at.astimezone(ZoneInfo(tz))
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(UTC)


def unreadable(heard: Heard) -> Said | None:
    """What to say to a message that is empty, wordless, foreign or too long; None otherwise."""
    if not heard.text:
        return say("input.empty", heard, kind="clarify")
    found = texts.language(heard.text, hint=heard.lang)
    if found == "wordless":
        return say("input.wordless", heard, kind="clarify")
    if found == "other":
        return say("input.other_language", heard, kind="clarify")
    length, limit = len(heard.text), texts.MAX_MESSAGE_CHARS
    if length > limit:
        return say("input.too_long", heard, kind="clarify", length=length, limit=limit)
    return None
