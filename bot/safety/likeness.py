"""How much a message is like the vignettes that must trigger: the second look beside the rules.

Rules know what they were told; people find other words. A linear model over word and character
n-grams, fitted on our own labelled vignettes (deploy/fit_likeness.py), lifts what the rules
miss. It is deterministic, needs no library and runs in about a millisecond. It can raise a
message to urgent or emergency, and take down a rule that fired on words in a message quite unlike
them (bot.safety.triage.second_look says when).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import exp, sqrt
from pathlib import Path
from zlib import crc32

from bot.safety.data import data_folder
from bot.safety.errors import SafetyDataError
from rag.types import Lang

FILE = "likeness.json"
DIMENSIONS = 1 << 16
MIN_WORDS, MIN_HAN = 4, 6
MAX_CHARS = 600  # longer texts are stories; only the rules read them
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORD = re.compile(r"[a-z0']+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_SPACE = re.compile(r"\s+")


def language_of(text: str) -> Lang:
    """Which of the two models reads a text: any Han character makes it Chinese."""
    return "zh" if _HAN.search(text) else "en"


def features(text: str) -> list[int]:
    """The hashed n-grams of a text, each once, sorted; figures count as one and the same."""
    plain = _NUMBER.sub("0", text.lower())
    grams = _chinese(plain) if language_of(text) == "zh" else _english(plain)
    return sorted({crc32(gram.encode()) % DIMENSIONS for gram in grams})


def _english(text: str) -> set[str]:
    """Words, pairs, pairs with a gap, and four letters within words (for typos)."""
    words = _WORD.findall(text)
    found = {f"w {word}" for word in words}
    found |= {f"b {one} {two}" for one, two in pairwise(words)}
    found |= {f"s {one} {two}" for one, two in zip(words, words[2:], strict=False)}
    for word in words:
        edged = f"<{word}>"
        found |= {f"c {edged[i : i + 4]}" for i in range(len(edged) - 3)}
    return found


def _chinese(text: str) -> set[str]:
    """One, two and three characters in a row."""
    packed = _SPACE.sub("", text)
    return {packed[i : i + n] for n in (1, 2, 3) for i in range(len(packed) - n + 1)}


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic model: ``weights`` are int8 steps of ``scale``, by feature."""

    weights: Sequence[int]
    scale: float
    bias: float

    def probability(self, found: Sequence[int]) -> float:
        """In [0, 1]; 0 for a text without features."""
        if not found:
            return 0.0
        total = self.scale * sum(self.weights[i] for i in found) / sqrt(len(found)) + self.bias
        return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """``danger``: must it trigger; ``crisis``: is it of the mind. Probabilities in [0, 1]."""

    danger: float = 0.0
    crisis: float = 0.0


def likeness(text: str) -> Likeness:
    """Both probabilities of a message; zero for empty and for long texts."""
    if len(text) > MAX_CHARS or text.startswith("/") or _too_short(text):
        return Likeness()
    found = features(text)
    models = _models()[language_of(text)]
    return Likeness(
        danger=models["danger"].probability(found), crisis=models["crisis"].probability(found)
    )


def _too_short(text: str) -> bool:
    """Too little to be like anything: the rules read such messages."""
    return len(_WORD.findall(text.lower())) < MIN_WORDS and len(_HAN.findall(text)) < MIN_HAN


@cache
def _models() -> dict[Lang, dict[str, Linear]]:
    """The fitted models. Raises SafetyDataError when the file is missing or malformed."""
    path = data_folder(None) / FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))["models"]
        return {lang: {name: _linear(raw[lang][name]) for name in raw[lang]} for lang in raw}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SafetyDataError(f"{path.name}: cannot be read: {error!r}") from error


def _linear(raw: dict[str, object]) -> Linear:
    weights = memoryview(base64.b64decode(str(raw["weights"]))).cast("b")
    if len(weights) != DIMENSIONS:
        raise ValueError(f"{len(weights)} weights, expected {DIMENSIONS}")
    return Linear(weights, float(str(raw["scale"])), float(str(raw["bias"])))


def path() -> Path:
    """Where the fitted models are kept."""
    return data_folder(None) / FILE
