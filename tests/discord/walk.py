"""A conversation as a person sees it, written down: what was said, shown, offered and pressed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.discord.world import Salus
from tests.fakes.discord_values import Json, Place, Sent, Tap, walk


@dataclass
class Walk:
    """Says, calls, presses and writes the transcript."""

    here: Salus
    lines: list[str] = field(default_factory=list)
    known: dict[int, tuple[str, str]] = field(default_factory=dict)  # text and buttons by message
    grown: dict[int, int] = field(default_factory=dict)

    async def say(self, text: str, place: Place | None = None) -> Sent:
        """Write a direct message, or mention the bot in a place."""
        people, where = self.here.people, place or self.here.dm
        self.lines.append(
            f"you: {text}" if place is None else f"you in #{place.name}: @Salus {text}"
        )
        before = len(people.sent(where))
        await people.say(where, self.here.ada, text, mention_bot=place is not None)
        await self.here.until(lambda: len(people.sent(where)) > before)
        return await self._read()

    async def call(self, command: str, place: Place | None = None, **options: Any) -> Sent:
        """Call a command."""
        shown = "".join(f" {name}: {value}" for name, value in options.items())
        where = f" in #{place.name}" if place is not None else ""
        self.lines.append(f"you{where}: /{command}{shown}")
        tap = await self.here.people.slash(self.here.ada, place or self.here.dm, command, **options)
        await self.here.people.answer(tap, seconds=20)
        return await self._read()

    async def press(self, sent: Sent, label: str) -> Tap:
        """Press the button with this label."""
        self.lines.append(f"you press [{label}]")
        tap = await self.here.people.press(self.here.ada, sent, _data(sent, label))
        await self.here.until(lambda: tap.answer)
        await self._read()
        if tap.modal is not None:
            self._form(tap.modal)
        return tap

    async def choose(self, tap: Tap, label: str) -> None:
        """Choose in the form and send it."""
        self.lines.append(f"you choose ({label})")
        assert tap.modal is not None
        options = {o["label"]: o["value"] for c in walk(tap.modal["components"])
                   for o in c.get("options") or []}  # fmt: skip
        sent = await self.here.people.submit(tap, reason=[options[label]])
        await self.here.until(lambda: sent.answer)
        await self._read()

    async def _read(self) -> Sent:
        """Write down what is new; the last new message."""
        await self.here.settled()
        last: Sent | None = None
        for sent in self.here.people.sent(seen_by=self.here.ada):
            text, buttons = sent.text, labels(sent)
            before = self.known.get(sent.id)
            if before is None or before[0] != text:
                self._write(sent)
                last = sent
            elif before[1] != buttons:
                self.lines.append(f"    (buttons now: {buttons or 'none'})")
            self.known[sent.id] = (text, buttons)
        self.lines.append("")
        return last if last is not None else self.here.people.sent()[-1]

    def _write(self, sent: Sent) -> None:
        edits = [e for e in sent.edits if e.content]
        if edits:
            self.lines.append("    (the answer grows while it is written)")
        where = f" in #{sent.place.name}" if sent.place.name else ""
        only = " (only you see this)" if sent.ephemeral else ""
        for number, line in enumerate(sent.text.split("\n")):
            self.lines.append(
                f"salus{where}{only}: {line}" if not number else f"       {line}".rstrip()
            )
        for file in sent.files:
            self.lines.append(f"       (file: {file.name})")
        if labels(sent):
            self.lines.append(f"       {labels(sent)}")

    def _form(self, form: Json) -> None:
        options = [o["label"] for c in walk(form["components"]) for o in c.get("options") or []]
        self.lines.pop()
        self.lines.append(f"    (a form opens: {form['title']} {' / '.join(options)})")
        self.lines.append("")

    def text(self) -> str:
        """The transcript, with clock times made equal."""
        joined = "\n".join(self.lines).rstrip() + "\n"
        return re.sub(r"\b\d\d:\d\d\b", "hh:mm", joined)


def labels(sent: Sent) -> str:
    """The buttons under a message."""
    return " ".join(f"[{c['label']}]" for c in walk(sent.components) if c.get("type") == 2)


def _data(sent: Sent, label: str) -> str:
    return next(str(c["custom_id"]) for c in walk(sent.components) if c.get("label") == label)
