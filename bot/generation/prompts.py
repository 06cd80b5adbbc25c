"""Prompts from files: LangChain templates in ``prompts/``, versioned by their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.model import ChatMessage

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate

VARIABLES = frozenset(
    "language sentences no_answer passages metrics profile history question".split()
)


@dataclass(frozen=True)
class PromptBook:
    """One prompt: a system and a user text. ``build`` raises KeyError for a missing variable."""

    system: str
    user: str

    @classmethod
    def load(cls, folder: Path) -> PromptBook:
        """Read ``system.txt`` and ``user.txt``; raises OSError when one is missing."""
        return cls(
            system=(folder / "system.txt").read_text(encoding="utf-8"),
            user=(folder / "user.txt").read_text(encoding="utf-8"),
        )

    @cached_property
    def version(self) -> str:
        """Twelve hex digits over the exact texts; recorded with every turn."""
        return hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()[:12]

    def warm(self) -> None:
        """Load the template library now; ``build`` would at its first call. Raises KeyError."""
        _ = self._template

    def build(self, **values: str) -> list[ChatMessage]:
        """The filled prompt. Values are data: braces inside them are not variables."""
        messages = self._template.format_messages(**values)
        roles = {"system": "system", "human": "user"}
        return [
            ChatMessage(role=roles[m.type], content=str(m.content))  # type: ignore[arg-type]
            for m in messages
        ]

    @cached_property
    def _template(self) -> ChatPromptTemplate:
        from langchain_core.prompts import ChatPromptTemplate

        template = ChatPromptTemplate.from_messages(
            [("system", self.system.strip()), ("human", self.user.strip())]
        )
        unknown = set(template.input_variables) - VARIABLES
        if unknown:
            raise KeyError(f"prompt variables nobody fills: {sorted(unknown)}")
        return template
