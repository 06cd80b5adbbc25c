"""The terminal: a chat for people, transcripts in a pipe, JSON lines for programs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from bot.adapters import render
from bot.adapters.cli import jsonl
from bot.app import App
from bot.dialogue.curating.front import Ways
from bot.errors import SalusError, UnfetchedError
from bot.i18n import t
from bot.logs import failed, logger
from bot.model import Errand, Lang, Message, Place, Press, Reply, Upload
from rag.types import KnowledgeError

MOST_BYTES = 20 << 20  # the limit of the readers


async def message(app: App, who: str, text: str) -> Message:
    """What was typed, as a Message from the terminal.

    The person is looked up for every message: after /forget the one before is gone for good.
    """
    place = Place(platform="console", chat="terminal", private=True)
    user = await app.person("console", who)
    return Message(
        user=user,
        place=place,
        text=text,
        sent_at=datetime.now(UTC),
        tz=zone(app),
        account=who,
    )


def zone(app: App) -> str:
    """The person's time zone: the setting, else the machine's, else UTC."""
    if app.settings.tz:
        return app.settings.tz
    with suppress(OSError):
        parts = Path("/etc/localtime").resolve().parts
        if "zoneinfo" in parts:
            return "/".join(parts[parts.index("zoneinfo") + 1 :])
    return "UTC"


async def final_reply(app: App, who: str, text: str, offered: Reply | None = None) -> Reply:
    """The final reply to one message; a fault of ours becomes a plain word, never a traceback.

    ``offered`` is the reply before, whose buttons may be typed by number.
    """
    lang: Lang = "zh" if app.settings.lang == "zh" else "en"
    last = Reply(text=t("error.unexpected", lang), kind="clarify", lang=lang)
    try:
        chosen = await pressed(app, who, text, offered)
        if chosen is not None:
            last = chosen
        else:
            async with aclosing(app.dialogue.respond(await message(app, who, text))) as replies:
                async for reply in replies:
                    if reply.final:
                        last = reply
        for errand in last.errands:
            async for reply in done(app, errand):
                if reply.final:
                    last = reply
    except Exception as error:  # noqa: BLE001  # the one catch-all of this edge
        failed("reply failed", error)
    return last


async def done(app: App, errand: Errand) -> AsyncGenerator[Reply, None]:
    """What a reply owed, done at once: a terminal has one person, who waits for it."""
    if errand.place.platform != "console":
        return  # for somebody else, where the bot is: not from here
    async with aclosing(app.dialogue.run(errand, Ways(fetch=fetched, hold=_nobody))) as replies:
        async for reply in replies:
            yield reply


async def fetched(upload: Upload) -> bytes:
    """The bytes of a file on this machine, named by its own person. Raises UnfetchedError."""

    def read() -> bytes:
        path = Path(upload.name).expanduser()
        if path.stat().st_size > MOST_BYTES:
            raise UnfetchedError("too big")
        return path.read_bytes()

    try:
        return await asyncio.to_thread(read)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnfetchedError(type(error).__name__) from error


async def _nobody() -> None:
    """Nobody else writes in this chat meanwhile."""


async def pressed(app: App, who: str, text: str, offered: Reply | None) -> Reply | None:
    """The button whose number was typed; None when the words are no number of one."""
    buttons = [one for row in offered.buttons for one in row] if offered is not None else []
    if offered is None or not text.strip().isdecimal() or not 0 < int(text) <= len(buttons):
        return None
    said = await message(app, who, text)
    action = buttons[int(text) - 1].action
    press = Press(
        user=said.user, place=said.place, account=who, action=action, at=said.sent_at,
        lang=offered.lang,
    )  # fmt: skip
    return await app.dialogue.press(press)


def choices(reply: Reply) -> str:
    """The buttons of a reply, to be typed by number."""
    buttons = [one for row in reply.buttons for one in row]
    listed = "  ".join(f"{n} {one.label}" for n, one in enumerate(buttons, start=1))
    return t("curate.choose", reply.lang, choices=listed) if listed else ""


async def chat_json(app: App, who: str, stream: TextIO | None = None) -> None:
    """One message per line in, one JSON object per final reply out."""
    reply: Reply | None = None
    async for line in lines(stream or sys.stdin):
        reply = await final_reply(app, who, line, reply)
        jsonl.emit(render.as_json(reply))


async def chat_pipe(app: App, who: str, stream: TextIO | None = None) -> None:
    """A transcript: each line as it was asked, then the answer and its sources."""
    reply: Reply | None = None
    async for line in lines(stream or sys.stdin):
        if not line.strip():
            continue
        print(f"> {line.strip()[:400]}\n", flush=True)
        reply = await final_reply(app, who, line, reply)
        print(reply.text)
        if reply.buttons:
            print(f"\n{choices(reply)}")
        sources = render.sources_text(reply)
        print(f"\n{sources}\n" if sources else "", flush=True)
    if left_out := unread(app, reply.lang if reply else "en"):
        print(left_out, file=sys.stderr)


def unread(app: App, lang: Lang) -> str:
    """That pages are missing from what is searched, for whoever looks after them; or nothing."""
    problems = app.retriever.problems
    if not problems:
        return ""
    return t("console.unread", lang, count=len(problems), first=problems[0])


async def lines(stream: TextIO) -> AsyncGenerator[str, None]:
    """Lines of a stream without their ends, read in a thread."""
    while line := await asyncio.to_thread(stream.readline):
        yield line.rstrip("\r\n")


class Terminal:
    """The interactive chat."""

    def __init__(self, app: App, who: str) -> None:
        """Colours only when the terminal has them; rich decides."""
        from rich.console import Console

        self._app = app
        self._who = who
        self._lang: Lang = "zh" if app.settings.lang == "zh" else "en"
        self._before: Reply | None = None
        self._told_unread = False
        self._out = Console(highlight=False, soft_wrap=False)

    async def run(self) -> None:
        """Welcome, then read and answer until end of input."""
        with suppress(ImportError):
            import readline  # noqa: F401  # line editing and history for input()
        self._out.print(t("console.welcome", self._lang), style="bold")
        warming = asyncio.create_task(self._warm())
        try:
            while (text := await self._ask()) is not None:
                if text.strip():
                    await self._answer(text)
        finally:
            warming.cancel()
            with suppress(asyncio.CancelledError):
                await warming
            self._out.print()

    async def _warm(self) -> None:
        try:
            await self._app.warm()
        except (SalusError, KnowledgeError) as error:
            logger().info("not warm", error=type(error).__name__)

    async def _ask(self) -> str | None:
        try:
            return await asyncio.to_thread(input, "\n" + t("console.prompt", self._lang))
        except EOFError:
            return None

    async def _answer(self, text: str) -> None:
        """Show checked sentences as they come; the final reply always stands in full."""
        shown = ""
        reply: Reply | None = None
        waiting = self._out.status(t("console.looking", self._lang))
        waiting.start()
        try:
            reply = await pressed(self._app, self._who, text, self._before)
            if reply is not None:
                shown = self._grow(shown, reply)
            else:
                async with aclosing(
                    self._app.dialogue.respond(await message(self._app, self._who, text))
                ) as replies:
                    async for reply in replies:
                        waiting.stop()
                        shown = self._grow(shown, reply)
            for errand in reply.errands if reply is not None else ():
                async for reply in done(self._app, errand):
                    shown = self._grow(shown, reply)
        except Exception as error:  # noqa: BLE001  # the one catch-all of this edge
            failed("reply failed", error)
            self._out.print(t("error.unexpected", self._lang), style="red")
            return
        finally:
            waiting.stop()
        self._out.print()
        self._before = reply
        if reply is not None:
            self._lang = reply.lang
            self._below(reply)

    def _grow(self, shown: str, reply: Reply) -> str:
        """Print what is new; when the text was replaced, print it whole on a new line."""
        style = "bold red" if reply.kind in {"emergency", "crisis"} else ""
        text = reply.text
        if shown and text.startswith(shown):
            self._out.print(text[len(shown) :], end="", markup=False, style=style)
        elif shown:
            self._out.print(f"\n{text}", end="", markup=False, style=style)
        else:
            self._out.print(text, end="", markup=False, style=style)
        return text

    def _below(self, reply: Reply) -> None:
        sources = render.sources_text(reply)
        if sources:
            self._out.print(f"\n{sources}", style="dim", markup=False)
        if reply.buttons:
            self._out.print(f"\n{choices(reply)}", style="dim", markup=False)
        if reply.votable and reply.citations:
            self._out.print(t("console.rate", reply.lang), style="dim", markup=False)
        if not self._told_unread and (left_out := unread(self._app, reply.lang)):
            self._told_unread = True
            self._out.print(f"\n{left_out}", style="yellow", markup=False)
