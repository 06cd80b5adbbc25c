"""The part of the settings that the admin page needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.errors import SettingsError
from bot.model import Lang
from bot.settings import Settings

_HERE = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the page listens and how people reach it.

    ``hosts`` are the only values of a request's Host that are answered; ``origins`` those of
    Origin. ``secure``: people come over TLS, so cookies say so. ``fetch_hosts``: where
    documents may be fetched from.
    """

    host: str
    port: int
    url: str
    hosts: frozenset[str]
    origins: frozenset[str]
    secure: bool
    fetch_hosts: tuple[str, ...] = ()
    lang: Lang | None = None


def web_settings(settings: Settings) -> WebSettings:
    """Where SALUS_ADMIN_LISTEN says. SettingsError when it listens to others without an address."""
    name, _, port = settings.admin_listen.rpartition(":")
    return made(name, int(port), settings)


def made(name: str, port: int, settings: Settings) -> WebSettings:
    """The settings for one address; port 0 is filled in by who listens."""
    here = name in {*_HERE, "::1"}
    if not here and not settings.admin_url:
        fault = f"SALUS_ADMIN_LISTEN={name}:{port} can be reached from elsewhere"
        raise SettingsError(
            f"{fault}; SALUS_ADMIN_URL must say under which address",
            name="SALUS_ADMIN_URL", fault="is needed when the page listens to other machines",
        )  # fmt: skip
    own = {f"http://{local}:{port}" for local in _HERE} if here else set()
    given = {settings.admin_url} if settings.admin_url else set()
    origins = {_origin(address) for address in own | given}
    return WebSettings(
        host=name.strip("[]"),
        port=port,
        url=settings.admin_url or f"http://{name}:{port}",
        hosts=frozenset(origin.partition("://")[2] for origin in origins),
        origins=frozenset(origins),
        secure=settings.admin_url.startswith("https://"),
        fetch_hosts=tuple(h for h in re.split(r"[\s,]+", settings.kb_hosts) if h),
        lang=settings.lang or None,
    )


def _origin(address: str) -> str:
    """Scheme, host and port as a browser names them: without the scheme's own port."""
    parts = urlsplit(address)
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"
