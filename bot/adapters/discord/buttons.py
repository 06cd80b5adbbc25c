"""Buttons as plain rows of (label, data or address), the form for a reason, and the data behind.

Data are at most 100 characters and hold only ids and codes. ``v:`` votes, ``r:`` reasons,
``u:`` takes logged values back, ``k:`` says they are right, ``l:`` chooses a language, ``f:``
forgets, ``b:`` is one of the dialogue's own, ``t:`` opens a thread, ``p:`` continues in direct
messages. A vote carries the id of whoever asked: others are told so at once, and no form opens
for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.adapters.chat.presses import REASONS
from bot.i18n import t
from bot.model import Lang, Reply, TurnId, Vote

Rows = list[list[list[str]]]  # rows of [label, data]; data that begins with https: is a link
_ROW, _BUTTON, _SELECT, _LABEL = 1, 2, 3, 18  # component types
_PLAIN, _DANGER, _LINK = 2, 4, 5  # button styles


def thumbs(turn: TurnId, asker: int, voted: Vote | None = None) -> Rows:
    """👍 and 👎; the one that was given carries a tick."""
    up, down = ("👍 ✓" if voted == "up" else "👍"), ("👎 ✓" if voted == "down" else "👎")
    return [[[up, f"v:up:{turn}:{asker}"], [down, f"v:down:{turn}:{asker}"]]]


def undo(letter: str, lang: Lang) -> Rows:
    """Under what was logged."""
    right = [t("discord.button.right", lang), "k:"]
    return [[right, [t("discord.button.undo", lang), f"u:{letter}"]]]


def languages(lang: Lang) -> Rows:
    """Under the greeting."""
    return [[[t(f"discord.button.{code}", lang), f"l:{code}"] for code in ("en", "zh")]]


def forget(lang: Lang) -> Rows:
    """Under the question whether to erase."""
    keep = [t("discord.button.keep", lang), "f:no"]
    return [[keep, [t("discord.button.erase", lang), "f:yes"]]]


def thread(turn: TurnId, asker: int, lang: Lang) -> Rows:
    """Under an answer in a channel."""
    return [[[t("discord.button.thread", lang), f"t:{turn}:{asker}"]]]


def of(reply: Reply) -> Rows:
    """The dialogue's own buttons."""
    return [[[one.label, f"b:{one.action}"] for one in row] for row in reply.buttons]


def to_private(lang: Lang) -> Rows:
    """From a channel to direct messages."""
    return [[[t("discord.button.private", lang), "p:"]]]


def side_by_side(*found: Rows) -> Rows:
    """Short rows joined into one, five buttons at most."""
    joined = [button for rows in found for row in rows for button in row]
    return [joined[i : i + 5] for i in range(0, len(joined), 5)]


def components(rows: Sequence[Sequence[Sequence[str]]]) -> list[dict[str, Any]]:
    """As Discord wants them."""
    return [{"type": _ROW, "components": [_button(*b) for b in row]} for row in rows if row]


def _button(label: str, data: str) -> dict[str, Any]:
    if data.startswith("https://"):
        return {"type": _BUTTON, "style": _LINK, "label": label[:80], "url": data}
    style = _DANGER if data == "f:yes" else _PLAIN
    return {"type": _BUTTON, "style": style, "label": label[:80], "custom_id": data[:100]}


def form(data: str, lang: Lang) -> dict[str, Any]:
    """The form behind 👎: one choice; ``data`` are those of the button."""
    options = [{"label": t(f"discord.reason.{r}", lang), "value": r} for r in REASONS]
    choice = {"type": _SELECT, "custom_id": "reason", "options": options, "required": True}
    label = {"type": _LABEL, "label": t("discord.reason.which", lang), "component": choice}
    return {
        "title": t("discord.reason.title", lang),
        "custom_id": f"r:{data.removeprefix('v:down:')}",
        "components": [label],
    }
