"""One contract for the vector indexes, held by Chroma and by the exact one; and the embedder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import embed
from rag.embed import DIMENSIONS, MiniLm, packaged
from rag.types import IndexCorruptError, RetrievalError
from rag.vectors import ChromaBackend, ExactBackend, VectorBackend, VectorIndex

COUNT = 300


@pytest.fixture(params=[ExactBackend, ChromaBackend], ids=["exact", "chroma"])
def backend(request: pytest.FixtureRequest) -> VectorBackend:
    """Both implementations."""
    made: VectorBackend = request.param()
    return made


@pytest.fixture
def vectors() -> np.ndarray:
    """Random unit vectors, always the same."""
    found = np.random.default_rng(7).standard_normal((COUNT, 32)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture
def index(backend: VectorBackend, vectors: np.ndarray, tmp_path: Path) -> Iterator[VectorIndex]:
    """A built and opened index."""
    backend.build(tmp_path / "built", "abc123", vectors)
    opened = backend.open(tmp_path / "built", "abc123", tmp_path / "scratch")
    yield opened
    opened.close()


def test_every_vector_finds_itself_first(index: VectorIndex, vectors: np.ndarray) -> None:
    """The nearest vector of a stored vector is itself, at cosine one."""
    assert index.count == COUNT
    for place in (0, 17, COUNT - 1):
        places, cosines = index.nearest(vectors[place], 3)
        assert places[0] == place
        assert cosines[0] == pytest.approx(1, abs=1e-5)
        assert list(cosines) == sorted(cosines, reverse=True)


def test_neighbours_agree_with_brute_force(index: VectorIndex, vectors: np.ndarray) -> None:
    """At least nine of the ten true neighbours are found, with right cosines."""
    question = vectors[3] + vectors[8]
    question /= np.linalg.norm(question)
    truth = np.argsort(-(vectors @ question))[:10]
    places, cosines = index.nearest(question, 10)
    assert len(set(truth) & set(places.tolist())) >= 9
    assert np.allclose(cosines, vectors[places] @ question, atol=1e-5)


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (-1, 0), (COUNT * 2, COUNT)])
def test_limits_are_respected(
    index: VectorIndex, vectors: np.ndarray, limit: int, expected: int
) -> None:
    """No limit crashes and nothing is invented."""
    places, cosines = index.nearest(vectors[0], limit)
    assert len(places) == len(cosines) == expected


def test_opening_leaves_the_built_folder_untouched(
    backend: VectorBackend, vectors: np.ndarray, tmp_path: Path
) -> None:
    """Two openings side by side answer alike and change no byte of what was built."""
    backend.build(tmp_path / "built", "abc123", vectors)
    before = {p: p.read_bytes() for p in (tmp_path / "built").rglob("*") if p.is_file()}
    one = backend.open(tmp_path / "built", "abc123", tmp_path / "one")
    two = backend.open(tmp_path / "built", "abc123", tmp_path / "two")
    assert one.nearest(vectors[5], 1)[0].tolist() == two.nearest(vectors[5], 1)[0].tolist() == [5]
    one.close()
    assert two.nearest(vectors[6], 1)[0].tolist() == [6]
    two.close()
    assert {p: p.read_bytes() for p in before} == before


def test_a_folder_that_is_no_index_is_refused(backend: VectorBackend, tmp_path: Path) -> None:
    """Missing and foreign folders raise IndexCorruptError, not something unnamed."""
    with pytest.raises(IndexCorruptError):
        backend.open(tmp_path / "nowhere", "abc123", tmp_path / "scratch")
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"not a database" * 100)
    (folder / "kb-abc123.npy").write_bytes(b"not an array")
    with pytest.raises(IndexCorruptError):
        backend.open(folder, "abc123", tmp_path / "scratch")


def test_another_version_is_not_served(
    backend: VectorBackend, vectors: np.ndarray, tmp_path: Path
) -> None:
    """An index built for one version does not open as another."""
    backend.build(tmp_path / "built", "abc123", vectors)
    with pytest.raises(IndexCorruptError):
        backend.open(tmp_path / "built", "fff000", tmp_path / "scratch")


def test_chroma_that_loses_its_collection_says_so(vectors: np.ndarray, tmp_path: Path) -> None:
    """A query Chroma cannot answer becomes IndexCorruptError."""
    backend = ChromaBackend()
    backend.build(tmp_path / "built", "abc123", vectors)
    opened = backend.open(tmp_path / "built", "abc123", tmp_path / "scratch")
    with pytest.raises(IndexCorruptError):
        opened.nearest(vectors[0][:5], 3)
    opened.close()


# --- the embedder -------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    """The real model, loaded once."""
    return MiniLm(cache=2)


def test_vectors_have_unit_length_and_keep_the_order(minilm: MiniLm) -> None:
    """Batching by length does not mix up texts: a batch equals one at a time."""
    texts = ["a much longer sentence about blood pressure and salt " * 3, "sleep", "", "睡眠"]
    together = minilm.encode(texts)
    assert together.shape == (4, DIMENSIONS)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert float(minilm.query(text) @ vector) > 0.98
    assert minilm.embed(["sleep"])[0] == pytest.approx(minilm.query("sleep").tolist(), abs=1e-6)


def test_meaning_beats_spelling(minilm: MiniLm) -> None:
    """A paraphrase is nearer than a sentence that shares words."""
    a, b, c = minilm.encode(
        ["I cannot fall asleep", "insomnia at night", "I cannot fall off a bike"]
    )
    assert float(a @ b) > 0.3
    assert float(a @ b) > float(b @ c)


def test_small_batches_cover_every_text(minilm: MiniLm) -> None:
    """Whatever the budget, every text is embedded exactly once."""
    texts = [f"word {i} " * (i + 1) for i in range(9)]
    seen = [p for places, _ in minilm.batches(texts, budget=40) for p in places]
    assert sorted(seen) == list(range(9))


def test_query_cache_forgets_the_oldest(minilm: MiniLm) -> None:
    """The cache returns the same array and never grows beyond its size."""
    first = minilm.query("one")
    assert minilm.query("one") is first
    minilm.query("two")
    minilm.query("three")
    assert minilm.query("one") is not first
    assert "asthma" in minilm.words()


def test_a_missing_or_changed_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an absent package nor a file with another hash is used."""
    with pytest.raises(RetrievalError, match="not installed"):
        packaged("no_such_package_here", "model.onnx", "0")
    with pytest.raises(RetrievalError, match="sha256 is"):
        packaged("numpy", "__init__.py", "0")
    with pytest.raises(RetrievalError, match="cannot be read"):
        packaged("numpy", "no-such-file", "0")
    monkeypatch.setattr(embed, "_MODEL", ("numpy", "__init__.py", "0"))
    with pytest.raises(RetrievalError):
        MiniLm().query("sleep")
