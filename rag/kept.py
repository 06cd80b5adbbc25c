"""Vectors of short texts that come again and again: headings, the sentences of passages.

Answers are made of the same few thousand sentences whoever asks. A vector does not depend on what
it was computed beside, so keeping it changes no figure.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.embed import BatchEmbedder

    Floats = NDArray[np.float32]


class KeptVectors:
    """The vectors of one embedder; the oldest go first. Threads may share it."""

    def __init__(self, embedder: BatchEmbedder, most: int) -> None:
        """``most`` vectors stay in memory, 1.5 KiB each at 384 dimensions."""
        self._embedder = embedder
        self._most = most
        self._guard = threading.Lock()
        self._kept: dict[str, Floats] = {}

    def of(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, float32 [len(texts), dimensions]. May raise EmbedderDownError."""
        with self._guard:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        made: dict[str, Floats] = {}
        if missing:
            for places, vectors in self._embedder.batches(missing):
                made |= {missing[place]: vectors[at].copy() for at, place in enumerate(places)}
            self._keep(made)
        found |= made
        out = np.zeros((len(texts), self._embedder.dimensions), dtype=np.float32)
        for place, text in enumerate(texts):
            out[place] = found[text]
        return out

    def _keep(self, made: dict[str, Floats]) -> None:
        with self._guard:
            self._kept |= made
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
