"""Sentence vectors from an OpenAI-compatible server (vLLM and others): ``/v1/embeddings``.

For models larger than the packaged ones, such as bge-m3. One server reads both languages, so a
question in one finds text in the other. When the server does not answer, a search goes on by
words alone; building waits for nothing and says so.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.documents import digest
from rag.types import EmbedderDownError

if TYPE_CHECKING:
    from rag.embed import Vectors

TEXTS = 64  # in one request
_SEARCH_S, _BUILD_S = 5.0, 120.0  # how long a question and a batch may take
_LONGEST_NAME = 48
_KEPT = 256  # vectors of questions kept


class ServedEmbedder:
    """One model of one server; safe to use from several threads."""

    def __init__(self, url: str, model: str, api_key: str = "") -> None:
        """``url`` ends in /v1; nothing is asked yet."""
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        # no proxy of the environment: what people ask goes to this server and nowhere else
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name, shortened to fit where a version remembers it."""
        if len(self._model) <= _LONGEST_NAME:
            return self._model
        return f"{self._model[: _LONGEST_NAME - 9]}-{digest(self._model, size=8)}"

    @cached_property
    def dimensions(self) -> int:
        """How long its vectors are, as the server's answer to one word shows."""
        return int(self._asked(["health"], _BUILD_S).shape[1])

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Yield (places, unit vectors); raises EmbedderDownError."""
        for start in range(0, len(texts), TEXTS):
            some = list(texts[start : start + TEXTS])
            yield list(range(start, start + len(some))), self._asked(some, _BUILD_S)

    def query(self, text: str) -> Vectors:
        """The unit vector of one question, from a small cache when asked before."""
        with self._lock:
            known = self._cache.get(text)
        if known is not None:
            return known
        vector: Vectors = self._asked([text], _SEARCH_S)[0]
        with self._lock:
            self._cache[text] = vector
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return vector

    def words(self) -> frozenset[str]:
        """None: a server does not tell its vocabulary."""
        return frozenset()

    def _asked(self, texts: list[str], seconds: float) -> Vectors:
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        request = urllib.request.Request(  # noqa: S310 - http(s) is checked by the settings
            self._url, json.dumps(body).encode(), self._headers
        )
        try:
            with self._opener.open(request, timeout=seconds) as answer:
                found = json.load(answer)
            return _unit(found, len(texts))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise EmbedderDownError(f"{self._url}: no vectors: {error}") from error


def _unit(answer: Mapping[str, Any], count: int) -> Vectors:
    """The vectors of an answer in the order asked, made unit length; ValueError if it is wrong."""
    rows = sorted(answer["data"], key=lambda row: int(row["index"]))
    vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != count or not np.isfinite(vectors).all():
        raise ValueError(f"{count} vectors wanted, {vectors.shape} given")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(lengths, np.float32(1e-12))
    return unit
