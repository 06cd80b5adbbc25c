"""Where the patterns of named concepts and cues occur in one sentence, at a cost linear in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bot.safety.pattern import Pattern
from rag.types import Lang

_SHORTEST_PREFIX = 2


class Mention(NamedTuple):
    """A place in a sentence view where a pattern of ``name`` matched."""

    name: str
    start: int
    end: int


class Matcher:
    """Finds the mentions of many patterns in one sentence, trying only those that can match."""

    def __init__(self, patterns: Mapping[str, Sequence[Pattern]], lang: Lang) -> None:
        """``patterns`` by name; those of the other language are left out."""
        self._lang = lang
        self._whole: dict[str, list[tuple[str, Pattern]]] = {}
        self._start: dict[str, list[tuple[str, Pattern]]] = {}
        for name, group in patterns.items():
            for pattern in group:
                if pattern.lang == lang:
                    self._index(name, pattern)

    def find(self, view: str) -> list[Mention]:
        """All mentions in this view of a sentence, in order."""
        if not view:
            return []
        found = {
            Mention(name, *match.span())
            for name, pattern in self._candidates(view)
            for match in pattern.regex.finditer(view)
        }
        return sorted(found, key=lambda m: (m.start, m.end, m.name))

    def _index(self, name: str, pattern: Pattern) -> None:
        for anchor in pattern.anchors:
            if self._lang == "zh":
                self._start.setdefault(anchor[:2], []).append((name, pattern))
            elif anchor.endswith("*"):
                self._start.setdefault(anchor[:-1], []).append((name, pattern))
            else:
                self._whole.setdefault(anchor, []).append((name, pattern))

    def _candidates(self, view: str) -> Iterable[tuple[str, Pattern]]:
        seen: dict[int, tuple[str, Pattern]] = {}
        for key in self._keys(view):
            for entry in self._start.get(key, ()):
                if self._lang == "en" or any(a in view for a in entry[1].anchors):
                    seen[id(entry)] = entry
        if self._lang == "en":
            for word in set(view.split()):
                for entry in self._whole.get(word, ()):
                    seen[id(entry)] = entry
        return seen.values()

    def _keys(self, view: str) -> set[str]:
        if self._lang == "zh":
            return {view[i : i + n] for i in range(len(view)) for n in (1, 2)}
        return {w[:n] for w in set(view.split()) for n in range(_SHORTEST_PREFIX, len(w) + 1)}
