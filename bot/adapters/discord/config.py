"""What an operator sets for Discord."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.settings import Settings

API_URL = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordSettings:
    """``metrics``: people may log and see values of their own; off by the platform's policy.

    ``shards`` 0: as many gateway connections as Discord advises. An empty ``gateway_url``: the
    one Discord names.
    """

    token: str = field(repr=False, default="")
    api_url: str = API_URL
    gateway_url: str = ""
    metrics: bool = False
    message_content: bool = False
    shards: int = 0


def discord_settings(settings: Settings) -> DiscordSettings:
    """The part of the settings that Discord needs."""
    token = settings.discord_token
    return DiscordSettings(
        token=token.get_secret_value() if token else "",
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        metrics=settings.discord_metrics,
        message_content=settings.discord_message_content,
        shards=settings.discord_shards,
    )
