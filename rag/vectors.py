"""Nearest neighbours by cosine, behind one small protocol with two implementations.

``ChromaIndex`` is the real one. Each process opens a private copy of the built folder:
Chroma changes its files as soon as it opens them, and a folder shared by two processes
goes stale or breaks. ``ExactIndex`` compares with every vector and is the measure in tests.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

import numpy as np

from rag.types import IndexCorruptError, RetrievalError

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
    """Builds an index into a folder that does not exist yet, and opens a built one.

    ``version`` names the index wherever it lives; ``forget`` removes what lives elsewhere;
    ``close`` gives up connections, which the next use opens again.
    """

    def build(self, folder: Path, version: str, vectors: Vectors) -> None: ...
    def open(self, folder: Path, version: str, scratch: Path) -> VectorIndex: ...
    def forget(self, version: str) -> None: ...
    def close(self) -> None: ...


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

    def forget(self, version: str) -> None:
        """Nothing is kept outside the folder."""

    def close(self) -> None:
        """Nothing is held open."""


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
    def delete_collection(self, name: str) -> None: ...
    def get_collection(self, name: str, *, embedding_function: None) -> _Collection: ...


class ChromaIndex:
    """One Chroma collection ``kb-<version>``, in a private folder or on a server."""

    def __init__(
        self, client: _Client | None, collection: _Collection, scratch: Path | None = None
    ) -> None:
        """Made by a backend; the client and its private folder go with it, when there are any."""
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
        if self._client is not None:
            self._client.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


class ChromaBackend:
    """Chroma's embedded store, telemetry off, vectors always our own."""

    def build(self, folder: Path, version: str, vectors: Vectors) -> None:
        """Build the collection of one version into a new folder."""
        client = _client(folder)
        try:
            _fill(client, version, vectors)
        finally:
            client.close()

    def forget(self, version: str) -> None:
        """Nothing is kept outside the folder."""

    def close(self) -> None:
        """Nothing is held open."""

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


class ChromaServer:
    """A Chroma server (``chroma run``), which several machines may share.

    A collection is named by its content, so two installs with the same pages share it. The
    folder keeps only its name, so that all else (hashes, mending) is as with the embedded store.
    """

    def __init__(self, url: str) -> None:
        """``url``: http(s)://host[:port]; nothing is asked yet."""
        self._url = url
        self._client: _Client | None = None
        self._lock = threading.Lock()

    def build(self, folder: Path, version: str, vectors: Vectors) -> None:
        """Build the collection on the server, anew if it is there; RetrievalError if it is away."""
        client = self._reached()
        _drop(client, version)
        _fill(client, version, vectors)
        folder.mkdir(parents=True)
        (folder / "collection.txt").write_text(f"kb-{version}\n", encoding="ascii")

    def open(self, folder: Path, version: str, scratch: Path) -> VectorIndex:  # noqa: ARG002
        """Open the collection; IndexCorruptError when it is gone, RetrievalError when the server
        is."""
        from chromadb.errors import NotFoundError

        client = self._reached()
        try:
            collection = client.get_collection(f"kb-{version}", embedding_function=None)
        except NotFoundError as error:
            raise IndexCorruptError(f"{folder}: {self._url} has no kb-{version}") from error
        return ChromaIndex(None, collection)

    def forget(self, version: str) -> None:
        """Remove the collection from the server; it stays when the server is away."""
        with suppress(RetrievalError):
            _drop(self._reached(), version)

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            # Chroma 1.5 forgets to close its HTTP sessions, its own and that of its admin.
            parts = (client, getattr(client, "_admin_client", None))
            sessions = [getattr(getattr(p, "_server", None), "_session", None) for p in parts]
            client.close()
            for session in sessions:
                if session is not None:
                    session.close()

    def _reached(self) -> _Client:
        """The one client of this server, made when it is needed; RetrievalError without server."""
        with self._lock:
            if self._client is None:
                self._client = _connected(self._url)
            return self._client


def _connected(url: str) -> _Client:
    import chromadb
    from chromadb.config import Settings
    from chromadb.errors import ChromaError

    address = urlsplit(url)
    secure = address.scheme == "https"
    try:
        client = chromadb.HttpClient(
            host=address.hostname or "localhost",
            port=address.port or (443 if secure else 8000),
            ssl=secure,
            settings=Settings(anonymized_telemetry=False),
        )
    except (ChromaError, ValueError, OSError, RuntimeError) as error:
        raise RetrievalError(f"{url}: the Chroma server is away: {error}") from error
    return cast("_Client", client)


def _fill(client: _Client, version: str, vectors: Vectors) -> None:
    """Make the collection of a version and put its vectors in."""
    collection = client.create_collection(
        f"kb-{version}",
        configuration={"hnsw": {"space": "cosine", "ef_search": 160}},
        embedding_function=None,
    )
    for start in range(0, len(vectors), BATCH):
        part = vectors[start : start + BATCH].astype(np.float32)
        places = range(start, start + len(part))
        collection.add(ids=[str(i) for i in places], embeddings=part)


def _drop(client: _Client, version: str) -> None:
    """Remove the collection of a version if it is there."""
    from chromadb.errors import NotFoundError

    with suppress(NotFoundError):
        client.delete_collection(f"kb-{version}")


def _client(folder: Path) -> _Client:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    return cast("_Client", chromadb.PersistentClient(str(folder), settings=settings))
