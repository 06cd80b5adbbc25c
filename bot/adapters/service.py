"""``salus run``: every configured platform in one process, each on its own feet.

One that fails is started again with growing pauses while the others go on; one that is locked
out (a wrong token) stays down and says why. SIGTERM and SIGINT drain and end within 10 seconds.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress

from bot.adapters.discord.config import DiscordSettings, discord_settings
from bot.adapters.telegram.config import TelegramSettings
from bot.app import App
from bot.delivery.errors import LockedOutError
from bot.delivery.sorting import backoff
from bot.errors import SalusError, SettingsError
from bot.i18n import t
from bot.logs import logger
from bot.model import Lang
from bot.settings import Settings

Say = Callable[[str], None]
Run = Callable[[asyncio.Event], Awaitable[None]]
DRAIN_S = 10.0
SWITCH_S = 0.001  # a thread that searches gives way to receiving and sending after so long


def telegram_settings(settings: Settings) -> TelegramSettings:
    """The part of the settings that Telegram needs."""
    token, secret = settings.telegram_token, settings.telegram_webhook_secret
    return TelegramSettings(
        token=token.get_secret_value() if token else "",
        base_url=settings.telegram_base_url,
        webhook_url=settings.telegram_webhook_url,
        webhook_secret=secret.get_secret_value() if secret else "",
        webhook_port=settings.telegram_webhook_port,
        per_second=settings.telegram_per_second,
    )


async def run(
    app: App,
    telegram: TelegramSettings | None = None,
    *,
    discord: DiscordSettings | None = None,
    say: Say | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Run what ``app.settings`` configure until a signal or ``stop``; the exit code.

    0 after a clean stop, 2 when nothing is configured, 3 when every platform is locked out.
    ``telegram`` and ``discord`` stand in for what the settings say.
    """
    tell = say or _to_stderr
    lang: Lang = "zh" if app.settings.lang == "zh" else "en"
    try:
        adapters = _adapters(
            app,
            telegram or telegram_settings(app.settings),
            discord or discord_settings(app.settings),
            tell,
        )
    except SettingsError as error:
        tell(t(error.key, lang, **error.details))
        return error.exit_code
    if not adapters:
        tell(t("service.no_platform", lang))
        return SettingsError.exit_code
    stopping = stop or asyncio.Event()
    _on_signals(stopping)
    sys.setswitchinterval(SWITCH_S)
    beside = [
        asyncio.create_task(_warm(app)),
        asyncio.create_task(app.keep_adapters(_adapters_log)),
    ]
    try:
        ended = await supervise(adapters, stopping, lang, tell)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return 0 if ended else 3


def _adapters_log(what: object) -> None:
    """What was loaded or unloaded, or why that could not be seen to."""
    if isinstance(what, Exception):
        logger().warning("adapters not seen to", error=type(what).__name__)
    else:
        logger().info("adapters loaded or unloaded")


def _adapters(
    app: App, telegram: TelegramSettings, discord: DiscordSettings, say: Say
) -> dict[str, Run]:
    """Every configured platform by name; libraries of the others are not even loaded."""
    found: dict[str, Run] = {}
    if telegram.token:
        from bot.adapters.telegram.adapter import TelegramAdapter

        found["Telegram"] = TelegramAdapter(app, telegram, say=say).run
    if discord.token:
        from bot.adapters.discord.adapter import DiscordAdapter

        found["Discord"] = DiscordAdapter(app, discord, say=say).run
    if app.settings.admin_listen:
        from bot.adapters.web.adapter import WebAdapter
        from bot.adapters.web.config import web_settings

        found["Admin page"] = WebAdapter(app, web_settings(app.settings), say=say).run
    return found


async def supervise(adapters: Mapping[str, Run], stop: asyncio.Event, lang: Lang, say: Say) -> bool:
    """Keep every adapter running until ``stop``; False when all of them are locked out."""
    tasks = [
        asyncio.create_task(_one(name, run, stop, lang, say)) for name, run in adapters.items()
    ]
    waiting = asyncio.create_task(stop.wait())
    everything = asyncio.create_task(_all(tasks))
    try:
        await asyncio.wait({everything, waiting}, return_when=asyncio.FIRST_COMPLETED)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(everything), DRAIN_S - 0.5)
    finally:
        for task in (waiting, *tasks):
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(waiting, everything, return_exceptions=True)
    return stop.is_set() or any(result is True for result in results)


async def _all(tasks: Collection[asyncio.Task[bool]]) -> None:
    await asyncio.wait(tasks)


async def _one(name: str, run: Run, stop: asyncio.Event, lang: Lang, say: Say) -> bool:
    """One adapter, again and again; False when it is locked out."""
    faults = 0
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await run(stop)
        except BaseExceptionGroup as group:
            error: BaseException = _first(group)
        except Exception as fault:  # noqa: BLE001  # one platform's fault is not the others'
            error = fault
        else:
            break
        if isinstance(error, LockedOutError | SettingsError):
            say(t(error.key, lang, **error.details))
            return False
        if asyncio.get_running_loop().time() - started > 60:
            faults = 0
        faults += 1
        wait = backoff(faults + 1, most=60.0)
        kind = error.key if isinstance(error, SalusError) else ""
        logger().error("adapter failed", platform=name, error=type(error).__name__, key=kind)
        say(t("service.restarting", lang, name=name, seconds=max(1, round(wait))))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
    say(t("service.stopped", lang, name=name))
    return True


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The fault that says most: being locked out, else the first."""
    found = [_first(e) if isinstance(e, BaseExceptionGroup) else e for e in group.exceptions]
    locked = [e for e in found if isinstance(e, LockedOutError | SettingsError)]
    return (locked or found)[0]


async def _warm(app: App) -> None:
    """Load what the first question needs, while nobody waits for it."""
    try:
        await app.warm()
    except Exception as error:  # noqa: BLE001  # it shows when the first question is asked
        logger().info("not warm", error=type(error).__name__)


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not in a main thread
            loop.add_signal_handler(number, stop.set)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
