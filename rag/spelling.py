"""Mends misspelt English words against the words of the knowledge base: by edits and by sound."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rag.tokens import STOP_EN, stem

if TYPE_CHECKING:
    from rag.lexical import LexicalIndex

_MIN_SPELL = 4  # shorter words have too many neighbours to be mended
_MIN_SOUND = 2  # consonants two words must share to sound alike
_RARE = 5000  # one row in so many must hold a term before other words are read as it
_DOUBT = 2.0  # from here on a likeness is too weak to act on
# Letters as they sound, applied in this order.
_MUTE = (
    (r"^ps|^kn|^gn|^pn|^wr", lambda m: m[0][1]), (r"gh|^h", ""), (r"ph", "f"), (r"rh", "r"),
    (r"sth(?=m)", "s"), (r"th", "t"), (r"sch|ch|ck|q", "k"), (r"c(?=[eiy])", "s"), (r"c", "k"),
    (r"z", "s"), (r"x", "ks"), (r"w(?![aeiouy])", ""), (r"(?<!^)[aeiouyh]", ""),
    (r"^[aeiouy]+", "a"), (r"(.)\1+", r"\1"),
)  # fmt: skip
_SOUNDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str] | str], ...] = tuple(
    (re.compile(pattern), by) for pattern, by in _MUTE
)


def sound(word: str) -> str:
    """A rough key of how an English word sounds: consonants only, silent letters dropped.

    psoriasis and soriasis, haemorrhoid and hemroid, asthma and azma share theirs.
    """
    for pattern, by in _SOUNDS:
        word = pattern.sub(by, word)
    return word


class Speller:
    """Mends misspelt English words against the words of the knowledge base, carefully.

    A word is left alone when it is common English (``known``) or in the vocabulary. A mended word
    shares the first letter and is one edit away (two from seven letters on), or it sounds alike
    and is not much further away.
    """

    def __init__(
        self,
        index: LexicalIndex,
        known: Callable[[], frozenset[str]],
    ) -> None:
        """``known``: gives the whole words of the embedder's own vocabulary."""
        self._index = index
        self._words = known

    @cached_property
    def _known(self) -> frozenset[str]:
        return self._words()

    @cached_property
    def _whole(self) -> Mapping[str, str]:
        """Stems back to whole words where the embedder knows one, the shortest."""
        found: dict[str, str] = {}
        for word in sorted(self._known, key=lambda w: (w == stem(w), -len(w), w)):
            found[stem(word)] = word  # the stem itself, when it is a word, comes last and stays
        return found

    @cached_property
    def _candidates(self) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
        """The vocabulary by first letter and by sound."""
        letters: dict[str, list[str]] = {}
        sounds: dict[str, list[str]] = {}
        for term in self._index.vocabulary:
            if len(term) >= _MIN_SPELL and term.isascii() and term.isalpha():
                letters.setdefault(term[0], []).append(term)
                sounds.setdefault(sound(term), []).append(term)
        return letters, sounds

    def mend(self, word: str) -> str:
        """The word this one most likely means, or the word itself."""
        if len(word) < _MIN_SPELL or not word.isascii() or not word.isalpha():
            return word
        if word in self._known or stem(word) in self._index.vocabulary:
            return word
        other = next((w for w in _american(word) if stem(w) in self._index.vocabulary), "")
        if other:
            return other
        fits = sorted(
            {self._judged(root, n) for root in {word, stem(word)} for n in self._near(root)}
        )
        best = next((term for unlikely, term in fits if unlikely < _DOUBT), word)
        return self._whole.get(best, best)

    def _near(self, root: str) -> Iterator[tuple[str, float]]:
        """Terms few edits away or sounding alike, with the edits; rare ones are left out."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        if process.extractOne(root, STOP_EN, scorer=OSA.distance, score_cutoff=1):
            return  # a slip in a word that says nothing
        letters, sounds = self._candidates
        key = sound(root)
        same = sounds.get(key, []) if len(key) >= _MIN_SOUND else []
        listed = letters.get(root[0], [])
        near = process.extract(root, listed, scorer=OSA.distance, score_cutoff=2, limit=10)
        far = max(2, len(root) // 2)
        alike = process.extract(root, same, scorer=OSA.distance, score_cutoff=far, limit=10)
        for term, edits, _ in (*near, *alike):
            often = self._index.frequency(term) >= self._index.rows // _RARE
            if often and (sound(term) == key or _likely(root, term, edits)):
                yield term, edits

    def _judged(self, root: str, near: tuple[str, float]) -> tuple[float, str]:
        """Edits, less what speaks for the term: the same sound or letters, frequency."""
        term, edits = near
        alike = 1.0 * (sound(term) == sound(root)) + 0.5 * (sorted(root) == sorted(term))
        return edits - alike - 0.25 * math.log10(1 + self._index.frequency(term)), term


def _american(word: str) -> Iterator[str]:
    """Other spellings of a British word: coeliac, paediatrician, haemophilia, odour."""
    for written, read in (("ae", "e"), ("oe", "e"), ("our", "or"), ("isation", "ization")):
        if written in word:
            yield word.replace(written, read)


def _likely(root: str, term: str, edits: float) -> bool:
    """One edit, two in a long word, or the same letters in another order (athsma)."""
    return edits <= 1 or len(root) >= 7 or sorted(root) == sorted(term)
