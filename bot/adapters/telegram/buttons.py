"""Inline keyboards as plain rows of (label, data or address), and the data behind them.

Data are at most 64 bytes and hold only ids and codes. ``v:`` votes, ``r:`` reasons, ``u:``
takes logged values back, ``k:`` says they are right, ``l:`` chooses a language, ``f:`` forgets,
``b:`` is a button of the dialogue's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.adapters.chat.presses import REASONS
from bot.i18n import t
from bot.model import Lang, Reply, TurnId, Vote

Rows = list[list[list[str]]]  # rows of [label, data]; data that begins with https: is a link


def thumbs(turn: TurnId, voted: Vote | None = None) -> Rows:
    """👍 and 👎; the one that was given carries a tick."""
    up, down = ("👍 ✓" if voted == "up" else "👍"), ("👎 ✓" if voted == "down" else "👎")
    return [[[up, f"v:up:{turn}"], [down, f"v:down:{turn}"]]]


def reasons(turn: TurnId, lang: Lang) -> Rows:
    """The thumbs with 👎 given, and why."""
    offered = [[t(f"telegram.reason.{r}", lang), f"r:{r}:{turn}"] for r in REASONS]
    return [*thumbs(turn, "down"), offered[:2], offered[2:]]


def undo(letter: str, lang: Lang) -> Rows:
    """Under what was logged."""
    right = [t("telegram.button.right", lang), "k:"]
    return [[right, [t("telegram.button.undo", lang), f"u:{letter}"]]]


def languages(lang: Lang) -> Rows:
    """Under the greeting."""
    return [[[t(f"telegram.button.{code}", lang), f"l:{code}"] for code in ("en", "zh")]]


def forget(lang: Lang) -> Rows:
    """Under the question whether to erase."""
    keep = [t("telegram.button.keep", lang), "f:no"]
    return [[keep, [t("telegram.button.erase", lang), "f:yes"]]]


def of(reply: Reply) -> Rows:
    """The dialogue's own buttons."""
    return [[[one.label, f"b:{one.action}"] for one in row] for row in reply.buttons]


def to_private(username: str, lang: Lang) -> Rows:
    """From a group to the private chat."""
    return [[[t("telegram.button.private", lang), f"https://t.me/{username}?start=hello"]]]


def markup(rows: Sequence[Sequence[Sequence[str]]]) -> InlineKeyboardMarkup | None:
    """The library's keyboard; None for no rows."""
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(label, url=data)
                if data.startswith("https://")
                else InlineKeyboardButton(label, callback_data=data)
                for label, data in row
            ]
            for row in rows
        ]
    )
