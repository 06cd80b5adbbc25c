"""A Generator that says what the test wrote for it, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from bot.errors import AdapterMissingError, ModelError
from bot.model import ChatMessage, Generation, Lang


class ScriptedGenerator:
    """Each item of ``script`` is one answer: a text, or a ModelError to raise (midway)."""

    def __init__(
        self,
        script: Sequence[str | ModelError],
        *,
        languages: frozenset[Lang] = frozenset({"en", "zh"}),
        delay_s: float = 0.0,
        break_after: str = "",
        adapters: frozenset[str] = frozenset(),
    ) -> None:
        """``break_after`` is streamed before an error is raised; ``adapters`` are there."""
        self.adapters = adapters
        self.asked_for: list[str | None] = []
        self.script = list(script)
        self.prompts: list[Sequence[ChatMessage]] = []
        self.tenants: list[str] = []
        self.closed = 0
        self._languages = languages
        self._delay = delay_s
        self._break_after = break_after

    @property
    def name(self) -> str:
        """A name no real model has."""
        return "scripted"

    @property
    def adapter(self) -> str:
        """No adapter."""
        return ""

    @property
    def languages(self) -> frozenset[Lang]:
        """What the test gave."""
        return self._languages

    async def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Yield the next script item word by word."""
        self.asked_for.append(adapter)
        if adapter and adapter not in self.adapters:
            raise AdapterMissingError(adapter)
        self.prompts.append(prompt)
        self.tenants.append(tenant)
        item = self.script.pop(0)
        text = self._break_after if isinstance(item, ModelError) else item
        said = ""
        try:
            for word in text.split(" "):
                await asyncio.sleep(self._delay)
                said = f"{said} {word}" if said else word
                yield Generation(text=said)
            if isinstance(item, ModelError):
                raise item
            yield Generation(text=said, finish="stop")
        finally:
            self.closed += 1
