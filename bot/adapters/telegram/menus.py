"""The command menus people see, per scope and language. Failing to set one is no tragedy."""

from __future__ import annotations

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
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


def menu(lang: Lang, *, group: bool = False, admin: bool = False) -> list[BotCommand]:
    """The commands of one scope in one language; ``admin``: of those who look after a group."""
    names = [c.name for c in COMMANDS if not c.staff and (not group or c.name in IN_GROUPS)]
    about = {name: t(f"command.about.{name}", lang) for name in names}
    if admin:
        about["challenge"] = t("command.about.challenge_admin", lang)
    return [BotCommand(name, words) for name, words in about.items()]


async def set_menus(bot: Bot) -> None:
    """English for everybody, Chinese for clients that are set to it."""
    scopes = (
        (BotCommandScopeDefault(), True, False),
        (BotCommandScopeAllPrivateChats(), False, False),
        (BotCommandScopeAllGroupChats(), True, False),
        (BotCommandScopeAllChatAdministrators(), True, True),
    )
    langs: tuple[tuple[Lang, str | None], ...] = (("en", None), ("zh", "zh"))
    try:
        for scope, group, admin in scopes:
            for lang, code in langs:
                offered = menu(lang, group=group, admin=admin)
                await bot.set_my_commands(offered, scope=scope, language_code=code)
    except TelegramError as error:
        logger().warning("command menus not set", error=type(error).__name__)
