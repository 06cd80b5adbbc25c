"""Nearest neighbours by cosine, behind one small protocol with two implementations.

``ChromaIndex`` is the real one. Each process opens a private copy of the built folder:
Chroma changes its files as soon as it opens them, and a folder shared by two processes
goes stale or breaks. ``ExactIndex`` compares with every vector and is the measure in tests.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from rag.types import IndexCorruptError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Places = NDArray[np.int64]

BATCH = 5000  # Chroma refuses more than 5,461 at once


class VectorIndex(Protocol):
    """Holds unit vectors under the places 0..count-1 and finds the nearest ones."""

    @property
    def count(self) -> int: ...
    def nearest(self, vector: Vectors, limit: int) -> tuple[Places, Vectors]: ...
    def close(self) -> None: ...


class VectorBackend(Protocol):
    """Builds an index into a folder that does not exist yet, and opens a built one."""

    def build(self, folder: Path, version: str, vectors: Vectors) -> None: ...
    def open(self, folder: Path, version: str, scratch: Path) -> VectorIndex: ...


class ExactIndex:
    """All vectors in memory; exact, and the yardstick for the other one."""

    def __init__(self, vectors: Vectors) -> None:
        """``vectors``: float32 [n, d], unit length."""
        self._vectors = vectors

    @property
    def count(self) -> int:
        """How many vectors there are."""
        return len(self._vectors)

    def nearest(self, vector: Vectors, limit: int) -> tuple[Places, Vectors]:
        """Places and cosines of the ``limit`` nearest vectors, nearest first."""
        if not self.count:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        cosines = self._vectors @ vector
        best = np.argsort(-cosines, kind="stable")[: max(limit, 0)]
        return best.astype(np.int64), cosines[best].astype(np.float32)

    def close(self) -> None:
        """Nothing is held open."""


class ExactBackend:
    """Keeps the vectors in one ``.npy`` file."""

    def build(self, folder: Path, version: str, vectors: Vectors) -> None:
        """Write the vectors; the version goes into the file name."""
        folder.mkdir(parents=True)
        np.save(folder / f"kb-{version}.npy", vectors.astype(np.float32))

    def open(self, folder: Path, version: str, scratch: Path) -> VectorIndex:  # noqa: ARG002
        """Load the vectors; raises IndexCorruptError when they cannot be read."""
        try:
            return ExactIndex(np.load(folder / f"kb-{version}.npy", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise IndexCorruptError(f"{folder}: vectors of {version} unreadable") from error


class _Collection(Protocol):
    """What we use of a Chroma collection."""

    def count(self) -> int: ...
    def add(self, *, ids: list[str], embeddings: Vectors) -> None: ...
    def query(
        self, *, query_embeddings: Vectors, n_results: int, include: list[str]
    ) -> dict[str, list[list[float]]]: ...


class _Client(Protocol):
    """What we use of a Chroma client."""

    def close(self) -> None: ...
    def create_collection(
        self, name: str, *, configuration: dict[str, object], embedding_function: None
    ) -> _Collection: ...
    def get_collection(self, name: str, *, embedding_function: None) -> _Collection: ...


class ChromaIndex:
    """One Chroma collection ``kb-<version>`` in a private folder."""

    def __init__(self, client: _Client, collection: _Collection, scratch: Path) -> None:
        """Made by ChromaBackend.open."""
        self._client = client
        self._collection = collection
        self._scratch = scratch
        self.count: int = collection.count()

    def nearest(self, vector: Vectors, limit: int) -> tuple[Places, Vectors]:
        """Places and cosines of (nearly always) the nearest vectors, nearest first.

        Raises IndexCorruptError when Chroma cannot answer.
        """
        from chromadb.errors import ChromaError

        limit = min(limit, self.count)
        if limit <= 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        try:
            found = self._collection.query(
                query_embeddings=vector[None, :], n_results=limit, include=["distances"]
            )
            places = np.array([int(i) for i in found["ids"][0]], dtype=np.int64)
            return places, 1.0 - np.array(found["distances"][0], dtype=np.float32)
        except (ChromaError, OSError, ValueError, RuntimeError) as error:
            raise IndexCorruptError(f"the vector index cannot answer: {error}") from error

    def close(self) -> None:
        """Close Chroma and remove the private copy."""
        self._client.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


class ChromaBackend:
    """Chroma's embedded store, telemetry off, vectors always our own."""

    def build(self, folder: Path, version: str, vectors: Vectors) -> None:
        """Build the collection of one version into a new folder."""
        client = _client(folder)
        try:
            collection = client.create_collection(
                f"kb-{version}",
                configuration={"hnsw": {"space": "cosine", "ef_search": 160}},
                embedding_function=None,
            )
            for start in range(0, len(vectors), BATCH):
                part = vectors[start : start + BATCH].astype(np.float32)
                places = range(start, start + len(part))
                collection.add(ids=[str(i) for i in places], embeddings=part)
        finally:
            client.close()

    def open(self, folder: Path, version: str, scratch: Path) -> VectorIndex:
        """Open a private copy in ``scratch``; IndexCorruptError when it is damaged."""
        from chromadb.errors import ChromaError

        shutil.rmtree(scratch, ignore_errors=True)
        client = None
        try:
            shutil.copytree(folder, scratch)
            client = _client(scratch)
            collection = client.get_collection(f"kb-{version}", embedding_function=None)
            return ChromaIndex(client, collection, scratch)
        except (ChromaError, OSError, ValueError, RuntimeError) as error:
            if client is not None:
                client.close()
            shutil.rmtree(scratch, ignore_errors=True)
            raise IndexCorruptError(f"{folder}: Chroma cannot open {version}: {error}") from error


def _client(folder: Path) -> _Client:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    return cast("_Client", chromadb.PersistentClient(str(folder), settings=settings))
