"""English words reduced to what they mean: tokens, a light stemmer, one spelling for UK and US."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"[a-z]+(?:-?\d+[a-z\d]*)+|[a-z]+(?:'[a-z]+)?|\d+", re.IGNORECASE)
_SPELLING = (
    ("haem", "hem"), ("aemi", "emi"), ("rrhoe", "rrhe"), ("oestr", "estr"), ("oesoph", "esoph"),
    ("paed", "ped"), ("pnoe", "pne"), ("fibre", "fiber"), ("litre", "liter"), ("metre", "meter"),
    ("centre", "center"), ("tumour", "tumor"), ("colour", "color"), ("behaviour", "behavior"),
    ("flavour", "flavor"), ("isation", "ization"), ("programme", "program"), ("grey", "gray"),
    ("judgement", "judgment"), ("sulph", "sulf"), ("favour", "favor"), ("labour", "labor"),
    ("neighbour", "neighbor"), ("ageing", "aging"), ("yoghurt", "yogurt"),
)  # fmt: skip
_IRREGULAR = {
    "slept": "sleep", "ate": "eat", "eaten": "eat", "drank": "drink", "drunk": "drink",
    "children": "child", "women": "woman", "men": "man", "feet": "foot", "teeth": "tooth",
    "felt": "feel", "took": "take", "taken": "take", "got": "get", "gave": "give", "given": "give",
    "kept": "keep", "made": "make", "went": "go", "gone": "go", "found": "find", "told": "tell",
    "rose": "rise", "risen": "rise", "fell": "fall", "fallen": "fall", "began": "begin",
    "begun": "begin", "wrote": "write", "written": "write", "broken": "break", "broke": "break",
    "less": "less", "loss": "loss", "lying": "lie", "dying": "die", "worse": "worse",
    "diabetes": "diabetes", "always": "always", "does": "do", "goes": "go", "calories": "calory",
}  # fmt: skip
_VOWEL = re.compile(r"[aeiouy]")


class Token(NamedTuple):
    """A word and its place in the text."""

    stem: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of ``text``; a code such as covid-19 or b12 is one word."""
    plain = text.replace("’", "'")
    return [Token(stem(m.group().lower()), m.start(), m.end()) for m in _TOKEN.finditer(plain)]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude, consistent root: sleeping, sleeps -> sleep; raising -> rais, raise -> rais."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) <= 3 or "'" in word or any(c.isdigit() for c in word):
        return word
    for uk, us in _SPELLING:
        word = word.replace(uk, us)
    return _final(_suffix(_plural(word)))


def _plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _suffix(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and _VOWEL.search(root):
            if root[-1] == root[-2] and root[-1] not in "lsz":
                root = root[:-1]
            return root
    if word.endswith("ily") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith("ly") and len(word) > 5:
        return word[:-2]
    if word.endswith("ness") and len(word) > 6:
        return word[:-4]
    return word


def _final(word: str) -> str:
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    if word.endswith("is") and len(word) > 5:
        word = word[:-1] + "z"
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word
