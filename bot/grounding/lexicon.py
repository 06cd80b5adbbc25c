"""The words the checks know: meanings of phrases in English and Chinese, and medicine names.

Data live in ``lexicon_{en,zh}.yaml`` beside this file and in ``knowledge/medicines.yaml``;
this module reads them once, on first use, and finds their phrases in a text (longest first).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from bot.grounding.words import Token, tokens
from rag.types import Lang

__all__ = ["Found", "Lexicon", "Sense", "lexicon", "medicine_class"]

MEDICINE = "medicine"
_MAX_WORDS = 6


@dataclass(slots=True)
class Sense:
    """All that one phrase can mean; ``keys`` are its meanings for comparing content."""

    keys: set[str] = field(default_factory=set)
    entities: set[tuple[str, str]] = field(default_factory=set)
    axes: set[tuple[str, int]] = field(default_factory=set)
    negator: bool = False
    negated: bool = False  # the word holds its own "not": unsafe, ineffective
    idiom: bool = False  # looks like a negation, is none: "not only", 不仅
    weight: float = 1.0


class Found(NamedTuple):
    """A phrase found in a text; ``sense`` is None for a plain word or a run of characters."""

    text: str
    start: int
    end: int
    sense: Sense | None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's phrases. ``find`` walks a text once."""

    lang: Lang
    senses: Mapping[tuple[str, ...], Sense]
    han: re.Pattern[str] | None
    suffix: re.Pattern[str]
    suffix_exceptions: frozenset[str]

    def find(self, text: str) -> list[Found]:
        """Every phrase and every other word (or Chinese run) of ``text``, in order."""
        if self.han is None:
            return self._words(text, 0, len(text))
        found: list[Found] = []
        position = 0
        for match in self.han.finditer(text):
            found += self._words(text, position, match.start())
            found.append(Found(match.group(), *match.span(), self._han_sense(match.group())))
            position = match.end()
        return found + self._words(text, position, len(text))

    def _han_sense(self, phrase: str) -> Sense:
        """The listed sense, else a medicine: only medicine endings match without being listed."""
        listed = self.senses.get((phrase,))
        return listed or Sense(keys={phrase}, entities={(MEDICINE, phrase)}, weight=2.0)

    def _words(self, text: str, start: int, end: int) -> list[Found]:
        """Latin words (and, for Chinese, the characters between known phrases)."""
        if start >= end:
            return []
        words = [Token(t.stem, t.start + start, t.end + start) for t in tokens(text[start:end])]
        found: list[Found] = []
        index = 0
        while index < len(words):
            size, sense = self._longest(words, index)
            first, last = words[index], words[index + size - 1]
            found.append(
                Found(
                    " ".join(t.stem for t in words[index : index + size]),
                    first.start,
                    last.end,
                    sense,
                )
            )
            index += size
        if self.han is not None:
            found += [
                Found(m.group(), m.start(), m.end(), None)
                for m in _HAN_RUN.finditer(text, start, end)
            ]
            found.sort(key=lambda f: f.start)
        return found

    def _longest(self, words: list[Token], index: int) -> tuple[int, Sense | None]:
        for size in range(min(_MAX_WORDS, len(words) - index), 0, -1):
            sense = self.senses.get(tuple(t.stem for t in words[index : index + size]))
            if sense is not None:
                return size, sense
        return 1, self._by_suffix(words[index].stem)

    def _by_suffix(self, word: str) -> Sense | None:
        """An unlisted word that ends like a medicine (…statin, …olol) counts as one."""
        if len(word) < 7 or word in self.suffix_exceptions or not self.suffix.search(word):
            return None
        return Sense(keys={word}, entities={(MEDICINE, word)}, weight=2.0)


_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")


def _read(package: str, *parts: str) -> dict[str, object]:
    node = files(package)
    for part in parts:
        node = node / part
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded = yaml.load(node.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (a safe loader)
    return dict(loaded)


@cache
def _medicines() -> dict[str, object]:
    return _read("knowledge", "medicines.yaml")


def _strings(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else str(value).split()


def _entries(value: object) -> Iterable[Mapping[str, object]]:
    return value if isinstance(value, list) else []


@cache
def medicine_class() -> Mapping[str, str]:
    """Class id of each medicine by its first name ("metformin" -> "biguanide")."""
    found: dict[str, str] = {}
    for group in _entries(_medicines()["classes"]):
        for names in _entries(group["members"]):
            found[_strings(names)[0]] = str(group["id"])
    return found


class _Builder:
    """Collects the senses of one language's phrases."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.senses: dict[tuple[str, ...], Sense] = {}

    def at(self, phrase: str) -> Sense | None:
        """The sense to fill for ``phrase``; None when it is not of this language's script."""
        phrase = phrase.strip()
        if self.lang == "zh" and not phrase.isascii():
            key: tuple[str, ...] = (phrase,)
        else:
            key = tuple(t.stem for t in tokens(phrase))
        if not key or len(key) > _MAX_WORDS or (self.lang == "en" and not phrase.isascii()):
            return None
        return self.senses.setdefault(key, Sense(keys={" ".join(key)}))

    def group(self, names: Iterable[str], category: str, canonical: str, weight: float) -> None:
        """Words that name one thing of a category; an empty category is a plain synonym."""
        for name in names:
            sense = self.at(name)
            if sense is None:
                continue
            sense.keys.add(f"{category}:{canonical}")
            sense.weight = max(sense.weight, weight)
            if category:
                sense.entities.add((category, canonical))

    def imply(self, names: Iterable[str], key: str) -> None:
        """Give every name one more meaning to be compared by."""
        for name in names:
            if sense := self.at(name):
                sense.keys.add(key)

    def inherit(self) -> None:
        """Let a long Chinese synonym (咨询医生) also mean what its parts mean (咨询, 医生)."""
        for (phrase,) in [key for key in self.senses if len(key) == 1 and len(key[0]) >= 4]:
            sense = self.senses[(phrase,)]
            if phrase.isascii() or sense.entities:
                continue
            for size in range(2, len(phrase)):
                for start in range(len(phrase) - size + 1):
                    part = self.senses.get((phrase[start : start + size],))
                    if part is not None:
                        sense.keys |= {key for key in part.keys if key.startswith(":")}


def _split(row: object) -> list[str]:
    return [part.strip() for part in str(row).split(",") if part.strip()]


def _phrases(value: object) -> list[str]:
    return [part.strip() for part in str(value).split(";") if part.strip()]


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


@cache
def lexicon(lang: Lang) -> Lexicon:
    """The lexicon of ``lang``, read from its data files on first use."""
    data = _read("bot", "grounding", f"lexicon_{lang}.yaml")
    build = _Builder(lang)
    _common_words(build, data)
    _groups(build, data)
    _axes(build, data)
    _absolutes(build, data)
    _negation(build, data)
    _add_medicines(build)
    build.inherit()
    suffixes = _mapping(_medicines()["suffixes"])
    exceptions = _mapping(_medicines()["exceptions"])
    han = _han_pattern(build, _strings(suffixes["zh"])) if lang == "zh" else None
    return Lexicon(
        lang,
        build.senses,
        han,
        re.compile(f"(?:{'|'.join(_strings(suffixes['en']))})e?$"),
        frozenset(t.stem for word in _strings(exceptions["en"]) for t in tokens(word)),
    )


def _common_words(build: _Builder, data: Mapping[str, object]) -> None:
    for name, weight in (("stop", 0.0), ("light", 0.4)):
        for word in str(data[name]).split():
            if sense := build.at(word):
                sense.weight = weight


def _groups(build: _Builder, data: Mapping[str, object]) -> None:
    for row in _strings(data["synonyms"]):
        names = _split(row)
        build.group(names, "", names[0], 0.0)
    implied = _mapping(data["implies"])
    for category, rows in _mapping(data["entities"]).items():
        for row in _strings(rows):
            names = _split(row)
            build.group(names, category, names[0], 1.3)
            if names[0] in implied:
                build.imply(names, f"measure:{implied[names[0]]}")


def _axes(build: _Builder, data: Mapping[str, object]) -> None:
    for axis, poles in _mapping(data["axes"]).items():
        for sign, row in zip((1, -1), _strings(poles), strict=True):
            for name in _split(row):
                if sense := build.at(name):
                    sense.axes.add((axis, sign))
                    sense.keys.add(f"{axis}{sign:+d}")


def _absolutes(build: _Builder, data: Mapping[str, object]) -> None:
    for row in _strings(data["absolutes"]):
        names = _split(row)
        for name in names:
            if sense := build.at(name):
                sense.entities.add(("absolute", names[0]))
                sense.keys.add(f"absolute:{names[0]}")


def _negation(build: _Builder, data: Mapping[str, object]) -> None:
    for name in _phrases(data["negators"]):
        if sense := build.at(name):
            sense.negator = True
    for word, base in _mapping(data["negated"]).items():
        sense, root = build.at(word), build.at(str(base))
        if sense and root:
            sense.keys |= root.keys
            sense.negated = True
    _inner_directions(build)
    for name in _phrases(data["idioms"]):
        if sense := build.at(name):
            sense.idiom = True
            if not any(key.startswith(":") for key in sense.keys):
                sense.weight = 0.0


def _inner_directions(build: _Builder) -> None:
    """Phrases keep the direction inside them, so that "high mood" contradicts "low mood"."""
    for key, sense in build.senses.items():
        if sense.entities:
            for sign in _inner_signs(key):
                sense.axes.add(("up", sign))
                sense.keys.add(f"up{sign:+d}")
        elif len(key) > 1 and not (sense.axes or sense.negator or sense.idiom):
            for word in key:
                inner = build.senses.get((word,))
                sense.axes |= inner.axes if inner else set()


def _inner_signs(key: tuple[str, ...]) -> list[int]:
    if len(key) > 1:
        pairs = (("high", 1), ("low", -1), ("gain", 1), ("loss", -1))
        return [sign for word, sign in pairs if word in {key[0], key[-1]}]
    return [sign for end, sign in (("增加", 1), ("下降", -1)) if key[0].endswith(end)]


def _add_medicines(build: _Builder) -> None:
    for group in _entries(_medicines()["classes"]):
        build.group(_strings(group["names"]), MEDICINE, f"class {group['id']}", 1.5)
        for names in _entries(group["members"]):
            listed = _strings(names)
            build.group(listed, MEDICINE, listed[0], 2.0)


def _han_pattern(build: _Builder, suffixes: list[str]) -> re.Pattern[str]:
    phrases = [key[0] for key in build.senses if not key[0].isascii()]
    ordered = sorted(phrases, key=len, reverse=True)
    unlisted = f"[\u4e00-\u9fff]{{1,3}}?(?:{'|'.join(suffixes)})"
    return re.compile("|".join([*map(re.escape, ordered), unlisted]))
