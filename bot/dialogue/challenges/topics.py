"""The challenges there are: reviewed texts of knowledge/challenges.yaml, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.settings import ROOT
from rag.types import Lang

FILE = ROOT / "knowledge" / "challenges.yaml"
PAGES = ROOT / "knowledge" / "pages"
_ASKED_AT = frozenset({9, 20})  # the hours there are words for


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One topic in one language. ``why`` stands in ``page``, as ``source`` says it."""

    title: str
    do: str
    question: str
    why: str
    page: str
    source: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """``ask`` is a local hour; ``night``: it is asked about the night before."""

    id: str
    icon: str
    ask: int
    night: bool
    words: Mapping[Lang, Words]


@cache
def topics() -> Mapping[str, Topic]:
    """All, in their order. Raises ValueError for data that is not as it must be."""
    import yaml

    found = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {topic.id: topic for topic in map(_topic, found["topics"])}


def _topic(raw: Mapping[str, Any]) -> Topic:
    if raw["ask"] not in _ASKED_AT:
        raise ValueError(f"{raw['id']}: asked at an hour that has no words")
    langs: tuple[Lang, ...] = ("en", "zh")
    return Topic(
        id=str(raw["id"]),
        icon=str(raw["icon"]),
        ask=int(raw["ask"]),
        night=raw.get("night") is True,
        words={lang: _words(raw[lang], lang) for lang in langs},
    )


def _words(raw: Mapping[str, str], lang: Lang) -> Words:
    """A topic's words, with the organisation as the page names it."""
    import yaml

    text = (PAGES / lang / f"{raw['page']}.md").read_text(encoding="utf-8")
    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    sources = {one["id"]: one for one in yaml.safe_load(head)["sources"]}
    if (
        f"{raw['why']} [^{raw['source']}]" not in body
        and f"{raw['why']}[^{raw['source']}]" not in body
    ):
        raise ValueError(f"{raw['page']} ({lang}) does not say so: {raw['why']}")
    return Words(**raw, organisation=str(sources[raw["source"]]["organisation"]))
