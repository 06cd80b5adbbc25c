"""How a message is made readable for the rules: one spelling, no hidden characters, sentences.

Each sentence has two views. The English view is words and commas, each followed by one space,
with apostrophes gone ("can't" is ``cant``) and typing mistakes mended; the Chinese view is the
characters without spaces, in simplified script.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

MAX_CHARS = 120_000  # longer texts keep their beginning and their end
MAX_SENTENCE = 600
_OVERLAP = 80
_MIN_TYPO = 4
_MIN_REPLACED = 6  # one wrong letter is mended only in words longer than this
_MAX_TYPO = 20

_CJK = re.compile(r"[\u3400-\u9fff]")
_STOPS = re.compile(r"(?<![0-9])[.!?]+|[!?]+|\.(?![0-9])|[。；;…]+|\n+")
_HARD_STOPS = re.compile(r"[.!?。；;…]+")
_WORD = re.compile(r"[a-z]+|[0-9]+(?:[.,/:][0-9]+)*%?|[,:()/+&]|(?<= )-(?= )")
_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z][ .\-_*]){3,}[a-z](?![a-z0-9])")
_LEET = re.compile(r"(?<![a-z0-9@$!.])[a-z][a-z0-9@$!]{3,15}(?![a-z0-9@$!])")
_LEET_TABLE = str.maketrans("013457@$!", "oieastasi")
_STRETCH = re.compile(r"([a-z])\1{2,}")
_QUOTES = re.compile(r"[’‘`´ʼ＇]")
# "不" in these is no denial: a gap of a pattern may cross the plain word instead
_ACCIDENT = re.compile(r"(?:一个?)?(?:不小心|不留神|不当心|不慎|没注意|没留神|没留意)")
# "多到要死", "疼得要死" say how much; "我觉得要死了", "想到要死" and "绝望到要死" are left alone
_DEGREE = re.compile(
    r"(?<![觉感想说谈提梦等直活熬看听料轮遇碰临获懂值舍])(?<!绝望|痛苦|抑郁|崩溃)"
    r"[得到](?:我|人|他|她)?(?:都|快|简直|真是?|感觉)*(?:要|快要)死(?!掉)"
)
_PAIRS = (
    (" can not ", " cant "), (" cannot ", " cant "), (" do not ", " dont "),
    (" does not ", " doesnt "), (" did not ", " didnt "), (" is not ", " isnt "),
    (" are not ", " arent "), (" was not ", " wasnt "), (" will not ", " wont "),
    (" could not ", " couldnt "), (" has not ", " hasnt "), (" have not ", " havent "),
    (" had not ", " hadnt "), (" non stop ", " nonstop "), (" i am ", " im "),
    (" i have ", " ive "),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in its two views; an empty view has nothing of that language."""

    en: str
    zh: str


class Spelling:
    """One spelling for every word: variants by table, typing mistakes by edit distance 1."""

    def __init__(
        self,
        variants: Mapping[str, str],
        vocabulary: Set[str],
        known: Set[str],
        characters: Mapping[str, str],
    ) -> None:
        """``vocabulary`` are the words mended to; ``known`` words are never taken for typos."""
        self._variants = dict(variants)
        self._known = vocabulary | known | set(variants)
        self._targets = {w for w in vocabulary if len(w) >= _MIN_TYPO and w.isalpha()}
        self._near: dict[str, list[str]] = {}
        for word in sorted(self._targets):
            for shorter in {word, *_deletions(word)}:
                self._near.setdefault(shorter, []).append(word)
        self._characters = str.maketrans(dict(characters))

    def word(self, word: str) -> str:
        """The word the rules know for this one, or the word itself."""
        if word in self._variants:
            return self._variants[word]
        if word in self._known or not word.isalpha() or not _MIN_TYPO <= len(word) <= _MAX_TYPO:
            return word
        if _STRETCH.search(word):
            return self._unstretched(word)
        return self._mended(word)

    def characters(self, text: str) -> str:
        """The text with traditional characters of the rules' vocabulary made simplified."""
        return text.translate(self._characters)

    def _unstretched(self, word: str) -> str:
        for times in (r"\1\1", r"\1"):
            shorter = _STRETCH.sub(times, word)
            if shorter in self._known:
                return self._variants.get(shorter, shorter)
        return self._mended(_STRETCH.sub(r"\1", word))

    def _mended(self, word: str) -> str:
        for piece in (word, *_deletions(word)):
            for target in self._near.get(piece, ()):
                if _one_slip(word, target):
                    return self._variants.get(target, target)
        return word


def _deletions(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _one_slip(word: str, target: str) -> bool:
    """One letter missing, extra, swapped with its neighbour or (in long words) replaced.

    The first letter must agree and a word that only gains or loses a final s or d is no typo.
    """
    if word[0] != target[0] or word[:-1] == target or word == target[:-1]:
        return False
    if len(word) != len(target):
        longer, shorter = sorted((word, target), key=len, reverse=True)
        return len(longer) - len(shorter) == 1 and shorter in _deletions(longer)
    differ = [i for i, (a, b) in enumerate(zip(word, target, strict=True)) if a != b]
    if len(differ) == 1:
        return len(word) > _MIN_REPLACED
    return (
        len(differ) == 2
        and differ[1] == differ[0] + 1
        and word[differ[0]] == target[differ[1]]
        and word[differ[1]] == target[differ[0]]
    )


def normalise(text: str) -> str:
    """Lower case, compatibility forms resolved, invisible characters gone, length bounded."""
    if len(text) > MAX_CHARS:
        half = MAX_CHARS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    plain = _QUOTES.sub("'", unicodedata.normalize("NFKC", text)).casefold()
    kept = (c for c in plain if c in "\n\t " or unicodedata.category(c) not in ("Cf", "Cc", "Mn"))
    joined = "".join(kept).replace("'", "").replace("\t", " ")
    return re.sub(r" {2,}", " ", joined)


def sentences(text: str, spelling: Spelling, *, break_lines: bool = True) -> Iterator[Sentence]:
    """The sentences of a normalised text; lines end a sentence unless told otherwise."""
    if not break_lines:
        text = text.replace("\n", " ")
    text = _SPACED.sub(lambda m: re.sub(r"[^a-z]", "", m[0]), text)
    text = _LEET.sub(_unleeted, text)
    for piece in _STOPS.split(text):
        for part in _bounded(piece):
            if part.strip():
                yield Sentence(_english(part, spelling), _chinese(part, spelling))


def _unleeted(match: re.Match[str]) -> str:
    """ "k1ll" is "kill"; "covid19" and "b12" keep their digits, which end the word."""
    word = match[0]
    plain = word.isalpha() or word[-1].isdigit()
    return word if plain else word.translate(_LEET_TABLE)


def _bounded(piece: str) -> Iterable[str]:
    if len(piece) <= MAX_SENTENCE:
        return (piece,)
    step = MAX_SENTENCE - _OVERLAP
    return (piece[i : i + MAX_SENTENCE] for i in range(0, len(piece), step))


def _english(part: str, spelling: Spelling) -> str:
    # Chinese between two English words is a boundary, as a comma is
    words = [spelling.word(w) for w in _WORD.findall(_CJK.sub(" , ", part))]
    if not any(w[0].isalpha() for w in words):
        return ""
    view = f" {' '.join(words)} "
    for long, short in _PAIRS:
        view = view.replace(long, short)
    return view


def _chinese(part: str, spelling: Spelling) -> str:
    if not _CJK.search(part):
        return ""
    plain = spelling.characters(re.sub(r"\s+", "", part))
    return _DEGREE.sub("得要命", _ACCIDENT.sub("失手", plain))
