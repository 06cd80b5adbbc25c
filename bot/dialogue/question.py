"""One question on its way through the dialogue."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.dialogue.numbers import OwnNumbers
from bot.model import Lang, Turn

__all__ = ["Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked and all that may help to answer it. ``tenant`` separates model caches."""

    text: str
    search_text: str
    lang: Lang
    tenant: str
    own: OwnNumbers = field(default_factory=OwnNumbers)
    profile: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()
