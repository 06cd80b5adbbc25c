"""The command menus people see, per scope and language. Failing to set one is no tragedy."""

from __future__ import annotations

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)
from telegram.error import TelegramError

from bot.dialogue.commands import COMMANDS
from bot.i18n import t
from bot.logs import logger
from bot.model import Lang

IN_GROUPS = (
    "help",
    "challenge",
    "privacy",
)  # everything else is personal or changes something personal


def menu(lang: Lang, *, group: bool = False) -> list[BotCommand]:
    """The commands of one scope in one language."""
    names = [c.name for c in COMMANDS if not c.staff and (not group or c.name in IN_GROUPS)]
    return [BotCommand(name, t(f"command.about.{name}", lang)) for name in names]


async def set_menus(bot: Bot) -> None:
    """English for everybody, Chinese for clients that are set to it."""
    scopes = (
        (BotCommandScopeDefault(), True),
        (BotCommandScopeAllPrivateChats(), False),
        (BotCommandScopeAllGroupChats(), True),
    )
    langs: tuple[tuple[Lang, str | None], ...] = (("en", None), ("zh", "zh"))
    try:
        for scope, group in scopes:
            for lang, code in langs:
                await bot.set_my_commands(menu(lang, group=group), scope=scope, language_code=code)
    except TelegramError as error:
        logger().warning("command menus not set", error=type(error).__name__)
