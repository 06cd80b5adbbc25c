"""What a loop runs on: knowledge, prompts and questions."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.rebuilding import PassagesOf
from bot.model import Lang, SearchResult
from bot.ports import Prompts, Retriever
from bot.settings import ROOT


@dataclass(frozen=True)
class World:
    """What a loop runs on: knowledge, prompts, questions, and a folder for all it makes.

    ``panel``: people asked before and after. ``sittings``: of one exam.
    """

    retriever: Retriever
    prompts: Prompts
    passages_of: PassagesOf
    learn_from: Sequence[str]
    unseen: Sequence[str]
    folder: Path
    panel: int = 40
    sittings: int = 8


class Remembering:
    """A Retriever that searches once for a question: knowledge stands still in here."""

    def __init__(self, inner: Retriever) -> None:
        """Nothing is searched yet."""
        self._inner = inner
        self._found: dict[tuple[str, Lang | None, int], SearchResult] = {}

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult:
        """See Retriever."""
        key = (query, lang, limit)
        if key not in self._found:
            self._found[key] = await self._inner.search(query, lang=lang, limit=limit)
        return self._found[key]


def questions() -> list[str]:
    """Our consumer questions in English, shuffled the same way every time."""
    rows = [
        json.loads(line)["text"]
        for name in ("questions_a", "questions_b", "questions_c")
        for line in (ROOT / "tests" / "retrieval" / f"{name}.jsonl").read_text().splitlines()
        if json.loads(line)["lang"] == "en"
    ]
    random.Random(5).shuffle(rows)
    return rows
