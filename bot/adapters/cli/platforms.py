"""Whether the configured chat platforms know their token: one question to each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.settings import Settings

_PATIENCE_S = 8.0
_CONTENT_FLAGS = (1 << 18) | (1 << 19)  # an application that may read message content


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a platform said. ``fault`` is empty when all is well; ``mend`` says what to do."""

    platform: str
    detail: str
    fault: bool = False
    mend: str = ""


async def look(settings: Settings) -> list[Seen]:
    """Ask every configured platform who we are, side by side."""
    work = []
    if settings.telegram_token is not None:
        work.append(
            _telegram(settings.telegram_base_url, settings.telegram_token.get_secret_value())
        )
    if settings.discord_token is not None:
        work.append(_discord(settings, settings.discord_token.get_secret_value()))
    return list(await asyncio.gather(*work))


async def _telegram(base: str, token: str) -> Seen:
    mend = "check SALUS_TELEGRAM_TOKEN and SALUS_TELEGRAM_BASE_URL"
    status, body = await _get(f"{base}/bot{token}/getMe", {})
    found = body.get("result")
    if status == 200 and isinstance(found, dict):
        return Seen(platform="telegram", detail=f"@{found.get('username', '')}")
    return Seen(platform="telegram", detail=_why(status), fault=True, mend=mend)


async def _discord(settings: Settings, token: str) -> Seen:
    """Who we are there, and whether a wished-for intent is switched on."""
    headers = {"Authorization": f"Bot {token}"}
    mend = "check SALUS_DISCORD_TOKEN and SALUS_DISCORD_API_URL"
    base = settings.discord_api_url
    status, me = await _get(f"{base}/users/@me", headers)
    if status != 200:
        return Seen(platform="discord", detail=_why(status), fault=True, mend=mend)
    values = "values of one's own on" if settings.discord_metrics else "education only"
    detail = f"{me.get('username', '')}; {values}"
    if settings.discord_message_content:
        status, application = await _get(f"{base}/applications/@me", headers)
        if status == 200 and not int(application.get("flags") or 0) & _CONTENT_FLAGS:
            mend = "switch the message-content intent on in the Developer Portal, or unset "
            mend += "SALUS_DISCORD_MESSAGE_CONTENT"
            return Seen(platform="discord", detail=detail, fault=True, mend=mend)
    return Seen(platform="discord", detail=detail)


def _why(status: int) -> str:
    return {0: "cannot be reached", 401: "the token is not accepted"}.get(
        status, f"answers with HTTP status {status}"
    )


async def _get(url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """(status, JSON object); status 0 when nothing came back."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.get(url) as answer,
        ):
            body = await answer.json(content_type=None)
            return answer.status, body if isinstance(body, dict) else {}
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return 0, {}
