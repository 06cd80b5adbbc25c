"""What a question asks for: clean words, mended spelling, everyday words made medical,
and for Chinese an English gloss, because the embedder reads English only.

The word lists are data, ``knowledge/synonyms.yaml``; nothing here is learnt from people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rag.tokens import STOP_EN, bigrams_zh, detect_lang, normalise, stem, terms
from rag.types import Lang, PageError

if TYPE_CHECKING:
    from rag.lexical import LexicalIndex

SYNONYM_WEIGHT = 0.5  # a synonym speaks half as loud as the word itself
CORRECTION_WEIGHT = 0.8
_MIN_SPELL = 4  # shorter words have too many neighbours to be mended
_CHATTER = re.compile(
    r"\b(?:hi|hello|hey|good (?:morning|evening|afternoon)|thanks?(?: you)?(?: in advance)?|please"
    r"|sorry|just wondering|i was wondering|can (?:you|anyone|someone) (?:please )?(?:tell|help)"
    r"(?: me)?|(?:i )?(?:would|want|need) (?:like )?to know|any advice|honestly|lol|tbh|asap)"
    r"\b[ ,!.]*"
)


@dataclass(frozen=True, kw_only=True)
class WordLists:
    """The reviewed word lists: synonyms of both languages and the Chinese-English glossary."""

    en: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zh: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    glossary: Mapping[str, str] = field(default_factory=dict)

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

    ``own``: term weights in the asker's language; ``other``: in the other language, from the
    glossary; ``english``: what to embed (empty when there is nothing English to embed);
    ``corrected``: spelling mended, as (written, read).
    """

    lang: Lang
    own: Mapping[str, float]
    other: Mapping[str, float]
    english: str
    corrected: tuple[tuple[str, str], ...] = ()


class Speller:
    """Mends misspelt English words against the words of the knowledge base, carefully.

    A word is left alone when it is common English (``known``) or in the vocabulary. A mended
    word shares the first letter and is one edit away (two from eight letters on).
    """

    def __init__(self, index: LexicalIndex, known: Callable[[], frozenset[str]]) -> None:
        """``known``: gives the whole words of the embedder's own vocabulary."""
        self._index = index
        self._words = known

    @cached_property
    def _known(self) -> frozenset[str]:
        return self._words()

    @cached_property
    def _by_letter(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for term in self._index.vocabulary:
            if len(term) >= _MIN_SPELL and term.isascii() and term.isalpha():
                found.setdefault(term[0], []).append(term)
        return found

    def mend(self, word: str) -> str:
        """The term this word most likely means, or the word itself."""
        if len(word) < _MIN_SPELL or not word.isascii() or not word.isalpha():
            return word
        if word in self._known or stem(word) in self._index.vocabulary:
            return word
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        root = stem(word)
        near = process.extract(
            root, self._by_letter.get(word[0], []), scorer=OSA.distance, score_cutoff=2, limit=10
        )
        fits = [(n[1], -self._index.frequency(n[0]), str(n[0])) for n in near if _likely(root, n)]
        return min(fits)[2] if fits else word


def _likely(root: str, near: tuple[str, float, int]) -> bool:
    """One edit, two in a long word, or the same letters in another order (athsma)."""
    return near[1] <= 1 or len(root) >= 7 or sorted(root) == sorted(near[0])


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
        if speller is None or word in STOP_EN:
            return word
        read = speller.mend(word)
        if read != word:
            corrected.append((word, read))
        return read

    mended = re.sub(r"[a-z]+(?:'[a-z]+)?", mend, short)
    for term in terms(short):
        weights[term] = 1.0
    for _, read in corrected:
        weights.setdefault(stem(read), CORRECTION_WEIGHT)
    extra = _english_synonyms(mended, lists)
    for phrase in extra:
        for term in terms(phrase):
            weights.setdefault(term, SYNONYM_WEIGHT)
    spoken = lists.glosses.findall(mended) if lists.glosses else []
    # bigrams only: the Chinese segmenter takes 35 MB that an English speaker need not pay
    other = {
        term: 1.0
        for gloss in spoken
        for term in bigrams_zh(lists.spoken[gloss]) or [lists.spoken[gloss]]
    }
    return Query(lang="en", own=weights, other=other, english=mended, corrected=tuple(corrected))


def _english_synonyms(text: str, lists: WordLists) -> list[str]:
    if lists.english is None:
        return []
    return [phrase for key in lists.english.findall(text) for phrase in lists.en[key]]


def _chinese(text: str, lists: WordLists) -> Query:
    weights = dict.fromkeys(terms(text), 1.0)
    for phrase in [p for key in _matches(text, lists.zh, lists.longest) for p in lists.zh[key]]:
        for term in terms(phrase):
            weights.setdefault(term, SYNONYM_WEIGHT)
    glosses = [lists.glossary[k] for k in _matches(text, lists.glossary, lists.longest)]
    glosses += re.findall(r"[a-z][a-z0-9-]+", text)  # English words inside a Chinese question
    english = " ".join(dict.fromkeys(glosses))
    return Query(lang="zh", own=weights, other=dict.fromkeys(terms(english), 1.0), english=english)


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
