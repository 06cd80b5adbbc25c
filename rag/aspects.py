"""What a question wants to know about its subject (its cause, its treatment, its outlook ...),
and which chunks answer that.

The questions' half is a reviewed list of phrases, ``knowledge/aspects.yaml``. The answers' half
is a small softmax regression over the words of a chunk, ``knowledge/aspects.json``, fitted by
``rag.bench_fit`` on MedQuAD answers (CC BY 4.0) that take no part in any measurement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.types import Lang, PageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.lexical import LexicalIndex

    Floats = NDArray[np.float32]
    Halves = NDArray[np.float16]

FOLDER = Path(__file__).resolve().parent.parent / "knowledge"
LEAST = -6.0  # ln P below which an aspect counts as ruled out
UNASKED = {"what": 0.25, "symptoms": 0.25}  # a story without a question: half as sure of either


@dataclass(frozen=True, kw_only=True)
class Aspects:
    """The aspects by name, the phrases that ask for each, and the fitted words of answers.

    ``weights``: float32 [len(terms) + 1, len(names)], the last row is the intercept.
    """

    names: tuple[str, ...]
    weak: frozenset[str]
    cues: Mapping[Lang, tuple[re.Pattern[str], ...]]
    terms: tuple[str, ...]
    weights: Floats

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Column of each aspect."""
        return {name: i for i, name in enumerate(self.names)}

    def asked(self, text: str, lang: Lang) -> tuple[float, ...]:
        """How much a normalised question asks for each aspect; adds up to 1, or to less.

        All cues count alike; weak ones count only when there is no other. An English text
        without any cue is taken for a description: half a wish for what it is and how it shows.
        """
        found = {n for n, cue in zip(self.names, self.cues[lang], strict=True) if cue.search(text)}
        found = (found - self.weak) or found
        if not found and lang == "en":
            return tuple(UNASKED.get(name, 0.0) for name in self.names)
        return tuple((name in found) / max(1, len(found)) for name in self.names)

    def table(self, words: LexicalIndex) -> Halves:
        """ln P(aspect | chunk) of every row, float16 [rows, aspects], between LEAST and 0."""
        logits = np.tile(self.weights[-1], (words.rows, 1)).astype(np.float32)
        for place, term in enumerate(self.terms):
            logits[words.rows_with(term, "body")] += self.weights[place]
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return np.maximum(logits, LEAST).astype(np.float16)


def load_aspects(folder: Path) -> Aspects:
    """Read ``aspects.yaml`` and ``aspects.json``; PageError names the file that is wrong."""
    import yaml

    path = folder / "aspects.yaml"
    try:
        asked = yaml.safe_load(path.read_text(encoding="utf-8"))
        cues: dict[Lang, tuple[re.Pattern[str], ...]] = {
            "en": tuple(_english(entry["en"]) for entry in asked.values()),
            "zh": tuple(re.compile("|".join(map(re.escape, e["zh"]))) for e in asked.values()),
        }
        path = folder / "aspects.json"
        fitted = json.loads(path.read_text(encoding="utf-8"))
        names = tuple(asked)
        rows = (*fitted["terms"].values(), fitted["bias"])
        weights = np.array(rows, dtype=np.float32).reshape(len(rows), len(names))
        if fitted["aspects"] != list(names):
            raise PageError(f"{path}: aspects: must be those of aspects.yaml, in order")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise PageError(f"{path}: cannot be used: {error!r}") from error
    return Aspects(
        names=names, weak=frozenset(n for n in names if asked[n].get("weak")), cues=cues,
        terms=tuple(fitted["terms"]), weights=weights,
    )  # fmt: skip


def _english(phrases: list[str]) -> re.Pattern[str]:
    """Whole words only; ``*`` is any ending."""
    parts = (re.escape(p).replace(r"\*", r"\w*") for p in sorted(phrases, key=len, reverse=True))
    return re.compile(r"(?<!\w)(?:" + "|".join(parts) + r")(?!\w)")


@cache
def shipped() -> Aspects:
    """The aspects that come with Salus."""
    return load_aspects(FOLDER)
