"""The command tree, in two languages, told to Discord only when it has changed.

The tree describes; it runs nothing. What people call is taken raw, stored and handled like
every other event, so that a command survives a crash between being called and answered.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.adapters.discord.api import FAULTS
from bot.adapters.discord.taps import CHECK, LOG
from bot.dialogue.commands import COMMANDS
from bot.i18n import t, texts
from bot.logs import logger

_BY_BUTTON = frozenset({"good", "bad"})  # thumbs are under every answer
_STAFF = frozenset(c.name for c in COMMANDS if c.staff)
_Any = app_commands.Command[Any, ..., None] | app_commands.ContextMenu


class Tree(app_commands.CommandTree[discord.Client]):
    """The commands, as Discord shows them."""

    def __init__(self, client: discord.Client, *, metrics: bool) -> None:
        """Metric commands do not exist where values are not allowed."""
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        for command in _commands(metrics=metrics):
            self.add_command(command)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:  # noqa: ARG002
        """The library runs none of them."""
        return False


class Chinese(app_commands.Translator):
    """Descriptions for clients set to Chinese."""

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002  # one text per key
    ) -> str | None:
        """The Chinese sentence for a key."""
        key = string.extras.get("key")
        chinese = locale in {discord.Locale.chinese, discord.Locale.taiwan_chinese}
        return t(key, "zh")[:100] if key and chinese else None


def _callbacks() -> dict[str, Any]:
    """What the library reads the options from; none of these is ever called."""
    found = (*_about_health(), *_about_the_person(), *_about_the_knowledge())
    return {callback.__name__: callback for callback in found}


def _about_health() -> tuple[Any, ...]:
    told = app_commands.describe

    @told(question=_said("discord.option.question"), public=_said("discord.option.public"))
    async def ask(
        interaction: discord.Interaction[Any], question: str, public: bool = False
    ) -> None: ...

    @told(text=_said("discord.option.text"))
    async def log(interaction: discord.Interaction[Any], text: str) -> None: ...

    @told(kind=_said("discord.option.kind"))
    async def trend(interaction: discord.Interaction[Any], kind: str = "") -> None: ...

    @told(words=_said("discord.option.words"))
    async def feedback(interaction: discord.Interaction[Any], words: str = "") -> None: ...

    return ask, log, trend, feedback


def _about_the_person() -> tuple[Any, ...]:
    told = app_commands.describe

    @told(language=_said("discord.option.language"))
    @app_commands.choices(language=_choices(("English", "en"), ("中文", "zh")))
    async def language(interaction: discord.Interaction[Any], language: str) -> None: ...

    @told(country=_said("discord.option.country"))
    async def country(interaction: discord.Interaction[Any], country: str) -> None: ...

    @told(code=_said("discord.option.code"))
    async def link(interaction: discord.Interaction[Any], code: str = "") -> None: ...

    @told(answer=_said("discord.option.answer"))
    @app_commands.choices(answer=_choices(("yes / 是", "yes"), ("no / 否", "no")))
    async def learn(interaction: discord.Interaction[Any], answer: str = "") -> None: ...

    @told(what=_said("discord.option.challenge"))
    @app_commands.choices(
        what=_choices(("show or start / 查看或发起", "show"), ("end / 结束", "end"))
    )
    async def challenge(interaction: discord.Interaction[Any], what: str = "") -> None: ...

    return language, country, link, learn, challenge


def _about_the_knowledge() -> tuple[Any, ...]:
    """For those with a role; in servers only whoever manages one is offered it."""

    @app_commands.describe(words=_said("discord.option.kb"), file=_said("discord.option.file"))
    async def kb(
        interaction: discord.Interaction[Any],
        words: str = "",
        file: discord.Attachment | None = None,
    ) -> None: ...

    return (kb,)


def _choices(*pairs: tuple[str, str]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=value) for name, value in pairs]


async def _nothing(interaction: discord.Interaction[Any]) -> None: ...


async def _on_message(interaction: discord.Interaction[Any], message: discord.Message) -> None: ...


def _commands(*, metrics: bool) -> list[_Any]:
    """What can be said anywhere, plus /ask; what is about values only where they are allowed."""
    callbacks = _callbacks()
    known = [c.name for c in COMMANDS if metrics or not c.values]
    found: list[_Any] = [
        app_commands.Command(
            name=name,
            description=_said(_about(name)),
            callback=callbacks.get(name, _nothing),
        )
        for name in ["ask", *known]
        if name not in _BY_BUTTON
    ]
    for command in found:
        if command.name in _STAFF:
            command.default_permissions = discord.Permissions(manage_guild=True)
    found.append(_menu(CHECK, "discord.menu.check"))
    if metrics:
        found.append(_menu(LOG, "discord.menu.log"))
    return found


def _about(name: str) -> str:
    ours = f"discord.about.{name}"
    return ours if ours in texts("en") else f"command.about.{name}"


def _said(key: str) -> locale_str:
    return locale_str(t(key, "en")[:100], key=key)


def _menu(name: str, key: str) -> app_commands.ContextMenu:
    return app_commands.ContextMenu(name=locale_str(name, key=key), callback=_on_message)


async def sync(tree: Tree, known: str) -> str:
    """Tell Discord the commands unless it knows them; the mark of what it knows now.

    Failing is no tragedy: people still have messages, and the next start tries again.
    """
    await tree.set_translator(Chinese())
    mark = await fingerprint(tree)
    if mark == known:
        return known
    try:
        await tree.sync()
    except (*FAULTS, app_commands.AppCommandError) as error:
        logger().warning("commands not told", error=type(error).__name__)
        return known
    return mark


async def fingerprint(tree: Tree) -> str:
    """The mark of a tree: the same for the same commands in the same words."""
    translator = Chinese()
    found = [
        await command.get_translated_payload(tree, translator) for command in tree.get_commands()
    ]
    payload = json.dumps(
        sorted(found, key=lambda c: (c.get("type", 1), c["name"])), sort_keys=True, default=str
    )
    application = str(tree.client.application_id)
    return hashlib.sha256(f"{application} {payload}".encode()).hexdigest()
