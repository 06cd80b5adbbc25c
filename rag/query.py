"""What a question asks for: clean words, mended spelling, everyday words made medical,
and for Chinese an English gloss, which finds what there is in English alone.

The word lists are data, ``knowledge/synonyms.yaml``; nothing here is learnt from people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rag import aspects
from rag.graph import Graph
from rag.spelling import Speller
from rag.tokens import STOP_EN, bigrams_zh, detect_lang, normalise, stem, terms
from rag.types import Lang, PageError

__all__ = ["Query", "Speller", "WordLists", "load_word_lists", "understand"]

SYNONYM_WEIGHT = 0.5  # a synonym speaks half as loud as the word itself
CORRECTION_WEIGHT = 0.8
_CHATTER = re.compile(
    r"\b(?:hi|hello|hey|good (?:morning|evening|afternoon)|thanks?(?: you)?(?: in advance)?|please"
    r"|sorry|just wondering|i was wondering|can (?:you|anyone|someone) (?:please )?(?:tell|help)"
    r"(?: me)?|(?:i )?(?:would|want|need) (?:like )?to know|any advice|honestly|lol|tbh|asap)"
    r"\b[ ,!.]*"
)


@dataclass(frozen=True, kw_only=True)
class WordLists:
    """The reviewed word lists: synonyms of both languages, the Chinese-English glossary, and
    the medical graph where questions are to be widened by it.
    """

    en: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zh: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    glossary: Mapping[str, str] = field(default_factory=dict)
    graph: Graph | None = None  # widens English questions; off by default, it earned nothing

    @cached_property
    def longest(self) -> int:
        """Length of the longest Chinese entry, in characters."""
        return max((len(k) for k in (*self.zh, *self.glossary)), default=0)

    @cached_property
    def english(self) -> re.Pattern[str] | None:
        """Matches any English entry as whole words, the longest first."""
        keys = sorted(self.en, key=len, reverse=True)
        return re.compile(r"\b(?:" + "|".join(map(re.escape, keys)) + r")\b") if keys else None

    @cached_property
    def words(self) -> frozenset[str]:
        """The single English words that have an entry; they are never taken for misspelt."""
        return frozenset(key for key in self.en if key.isalpha())

    @cached_property
    def spoken(self) -> Mapping[str, str]:
        """The glossary read backwards, English to Chinese; the first entry of a gloss wins."""
        back: dict[str, str] = {}
        for chinese, english in self.glossary.items():
            back.setdefault(english.lower(), chinese)
        return back

    @cached_property
    def glosses(self) -> re.Pattern[str] | None:
        """Matches any English gloss as whole words, the longest first."""
        keys = sorted(self.spoken, key=len, reverse=True)
        return re.compile(r"\b(?:" + "|".join(map(re.escape, keys)) + r")\b") if keys else None


def load_word_lists(path: Path | None) -> WordLists:
    """Read the word lists; None gives empty ones. Raises PageError naming file and field."""
    if path is None:
        return WordLists()
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PageError(f"{path}: cannot be read as YAML: {error}") from error
    for name in ("en", "zh", "glossary"):
        if not isinstance(data.get(name, {}), dict):
            raise PageError(f"{path}: {name}: must be 'word: meanings' lines")
    return WordLists(
        en={normalise(str(k)): tuple(map(str, v)) for k, v in data.get("en", {}).items()},
        zh={str(k): tuple(map(str, v)) for k, v in data.get("zh", {}).items()},
        glossary={str(k): str(v) for k, v in data.get("glossary", {}).items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An understood question.

    ``text``: what to embed in the asker's own language, clean and with its spelling mended;
    ``own``: term weights in the asker's language; ``other``: in the other language, from the
    glossary; ``english``: what to embed (empty when there is nothing English to embed);
    ``corrected``: spelling mended, as (written, read).
    """

    lang: Lang
    text: str
    own: Mapping[str, float]
    other: Mapping[str, float]
    english: str
    corrected: tuple[tuple[str, str], ...] = ()
    asks: tuple[float, ...] = ()  # how much it asks for each aspect, see rag.aspects


def understand(
    text: str, lang: Lang | None, lists: WordLists, speller: Speller | None = None
) -> Query:
    """Read a question. ``lang`` is a hint: Han characters in the text win over it."""
    clean = normalise(text).strip()
    spoken: Lang = detect_lang(clean) if re.search(r"\w", clean) else (lang or "en")
    return _chinese(clean, lists) if spoken == "zh" else _english(clean, lists, speller)


def _english(text: str, lists: WordLists, speller: Speller | None) -> Query:
    short = _CHATTER.sub("", text).strip() or text
    corrected: list[tuple[str, str]] = []
    weights: dict[str, float] = {}

    def mend(found: re.Match[str]) -> str:
        word = found[0]
        if speller is None or word in STOP_EN or word in lists.words:
            return word
        read = speller.mend(word)
        if read != word:
            corrected.append((word, read))
        return read

    mended = re.sub(r"[a-z]+(?:'[a-z]+)?", mend, short)
    weights = dict.fromkeys(terms(short), 1.0)
    for _, read in corrected:
        weights.setdefault(stem(read), CORRECTION_WEIGHT)
    for phrase, weight in _widened(mended, lists):
        for term in terms(phrase):
            weights.setdefault(term, weight)
    return Query(
        lang="en", text=mended, own=weights, other=_in_chinese(mended, lists), english=mended,
        corrected=tuple(corrected), asks=aspects.shipped().asked(mended, "en"),
    )  # fmt: skip


def _widened(text: str, lists: WordLists) -> Iterator[tuple[str, float]]:
    """Phrases that mean or imply what the text says, with weights, the loudest first."""
    for key in lists.english.findall(text) if lists.english else ():
        for phrase in lists.en[key]:
            yield phrase, SYNONYM_WEIGHT
    if lists.graph:
        yield from lists.graph.expand(text).items()


def _in_chinese(text: str, lists: WordLists) -> dict[str, float]:
    """Chinese terms for the English text, from the glossary read backwards.

    Bigrams only: single characters would meet everywhere.
    """
    spoken = [lists.spoken[g] for g in lists.glosses.findall(text)] if lists.glosses else []
    return {term: 1.0 for word in spoken for term in bigrams_zh(word) or [word]}


def _chinese(text: str, lists: WordLists) -> Query:
    weights = dict.fromkeys(terms(text), 1.0)
    for phrase in [p for key in _matches(text, lists.zh, lists.longest) for p in lists.zh[key]]:
        for term in terms(phrase):
            weights.setdefault(term, SYNONYM_WEIGHT)
    glosses = [lists.glossary[k] for k in _matches(text, lists.glossary, lists.longest)]
    glosses += re.findall(r"[a-z][a-z0-9-]+", text)  # English words inside a Chinese question
    english = " ".join(dict.fromkeys(glosses))
    other = dict.fromkeys(terms(english), 1.0)
    return Query(lang="zh", text=text, own=weights, other=other, english=english)


def _matches(text: str, entries: Mapping[str, object], longest: int) -> list[str]:
    """The entries that occur in the text, the longest at each place, none overlapping."""
    found: list[str] = []
    place = 0
    while place < len(text):
        for size in range(min(longest, len(text) - place), 0, -1):
            if text[place : place + size] in entries:
                found.append(text[place : place + size])
                place += size
                break
        else:
            place += 1
    return found
