"""A conversation as a person sees it, written down: what was said, shown, offered and pressed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram_server import Json
from tests.fakes.telegram_world import World

_SHOWN = {"sendMessage", "sendDocument", "sendPhoto", "sendRichMessage", "editMessageText"}


@dataclass
class Walk:
    """Says, presses and writes the transcript."""

    world: World
    user: int = 1001
    name: str = "you"
    lang: str = "en"
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """From here on everything the bot does is written down."""
        self._calls = len(self.world.fake.calls)

    async def say(self, text: str, **where: Any) -> Json:
        """Write something and read what comes."""
        self.lines.append(f"{self.name}: {text}" if text else f"{self.name}:")
        await self.world.ask(text, user=self.user, **where)
        return await self._read()

    async def send(self, document: dict[str, Json], **where: Any) -> Json:
        """Send a file and read what comes."""
        name = document["document"]["file_name"]
        self.lines.append(f"{self.name}: (file: {name})")
        await self.world.ask("", user=self.user, **document, **where)
        return await self._read()

    async def read(self) -> Json:
        """Read what came while others acted."""
        return await self._read()

    async def press(self, message: Json, label: str) -> Json:
        """Press the button with this label under a message."""
        verb = "press" if self.name == "you" else "presses"
        self.lines.append(f"{self.name} {verb} [{label}]")
        await self.world.press(message, data_of(message, label), user=self.user, lang=self.lang)
        return await self._read()

    async def _read(self) -> Json:
        await self.world.settled()
        fake = self.world.fake
        calls, self._calls = fake.calls[self._calls :], len(fake.calls)
        shown: Json = {}
        drafts = sum(call.method == "sendMessageDraft" for call in calls)
        if drafts:
            self.lines.append("    (the answer grows while it is written)")
        for call in calls:
            if not self._ours(call):
                continue
            if call.status != 200:
                self.lines.append(f"    (refused: {call.error})")
            elif call.method in _SHOWN:
                shown = call.result
                if call.method == "editMessageText" and self.name != "you":
                    self.lines.append("    (in its place)")
                self._write(shown)
            elif call.method == "answerCallbackQuery" and call.params.get("text"):
                self.lines.append(f"    (a note appears: {call.params['text']})")
            elif call.method == "editMessageReplyMarkup":
                buttons = labels(call.result)
                self.lines.append(f"    (buttons now: {buttons or 'none'})")
        self.lines.append("")
        return fake.messages.get((shown["chat"]["id"], shown["message_id"]), {}) if shown else {}

    def _ours(self, call: Any) -> bool:
        """Whether a call is about this person's chat."""
        chat = call.params.get("chat_id")
        return self.name == "you" or chat is None or str(chat) == str(self.user)

    def _write(self, message: Json) -> None:
        text = message.get("text") or message.get("caption", "")
        for number, line in enumerate(text.split("\n")):
            to = "salus" if self.name == "you" else f"salus to {self.name}"
            self.lines.append(f"{to}: {line}" if number == 0 else f"       {line}".rstrip())
        if "document" in message:
            self.lines.append(f"       (file: {message['document']['file_name']})")
        if "photo" in message:
            self.lines.append("       (a picture, with the words above as its caption)")
        if labels(message):
            self.lines.append(f"       {labels(message)}")

    def text(self) -> str:
        """The transcript, with clock times made equal."""
        joined = "\n".join(self.lines).rstrip() + "\n"
        return re.sub(r"\b\d\d:\d\d\b", "hh:mm", joined)


def labels(message: Json) -> str:
    """The buttons under a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return " ".join(f"[{button['text']}]" for row in rows for button in row)


def data_of(message: Json, label: str) -> str:
    """What is behind a button."""
    rows = message["reply_markup"]["inline_keyboard"]
    found = {button["text"]: button.get("callback_data", "") for row in rows for button in row}
    return str(found[label])
