"""What an operator sets for Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """``base_url`` may be a Bot API server of one's own. Polling while ``webhook_url`` is empty.

    With a webhook, ``webhook_secret`` is required, and ``webhook_port`` is where we listen
    behind the proxy that ends TLS.
    """

    token: str = field(repr=False, default="")
    base_url: str = "https://api.telegram.org"
    webhook_url: str = ""
    webhook_secret: str = field(repr=False, default="")
    webhook_port: int = 8443
    poll_s: int = 25  # how long one poll waits for updates
    per_second: int = 30  # messages of the whole bot
    drafts: bool = True
    # Answers as rich messages. Off: Telegram Web has shown "not supported" in their place while
    # the server took them, so that nothing tells us that somebody cannot read us.
    rich: bool = False
