"""Every sentence Salus says, looked up by key in locales/; English and Chinese always together."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from rag.types import Lang

LANGS: tuple[Lang, ...] = ("en", "zh")


@cache
def texts(lang: Lang) -> dict[str, str]:
    """All sentences of one language, by key. Each locales/<lang>/*.json owns a group of keys."""
    found: dict[str, str] = {}
    for part in sorted((files("bot") / "locales" / lang).iterdir(), key=lambda p: p.name):
        if part.name.endswith(".json"):
            found |= json.loads(part.read_text(encoding="utf-8"))
    return found


def t(key: str, lang: Lang, /, **values: object) -> str:
    """The sentence for ``key``; a missing key or placeholder raises KeyError, never passes."""
    return texts(lang)[key].format(**values)
