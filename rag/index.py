"""The derived index of one knowledge version on disk: word index, vectors, row tables.

A built folder is never changed: it is written aside, hashed into ``manifest.json`` and
renamed into place. Loading checks every hash; ``fresh`` notices a later change of any file.
Everything can be rebuilt from SQL with identical passage ids.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag import lexical
from rag.lexical import FieldText, LexicalIndex
from rag.types import IndexCorruptError, KnowledgeStoreError, Lang
from rag.vectors import ChromaServer, VectorBackend, VectorIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.embed import Embedders, Space
    from rag.rows import ChunkRow
    from rag.store import KnowledgeStore

    Ints = NDArray[np.int32]
    Halves = NDArray[np.float16]
    Places = NDArray[np.int64]
    Floats = NDArray[np.float32]

FORMAT = 7  # raise it when the layout below changes; older folders are then rebuilt
IDS = "ids.json"  # a row's id is somebody's text: it may hold any character
COLUMNS = ("doc", "section", "twin", "chinese", "position", "vector")
_FEW = 2000  # vectors; comparing with so many takes a millisecond or two
CANARIES = 8  # vectors that must find themselves when an index is opened
Stamps = tuple[tuple[str, int, int, int, int], ...]  # name, size, times, inode


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTable:
    """Parallel arrays, one entry per chunk; ``ids`` are UTF-8 passage ids."""

    ids: NDArray[np.bytes_]
    doc: Ints
    section: Ints
    twin: Ints
    chinese: NDArray[np.bool_]
    position: Ints
    vector: Ints  # place of the vector in the space of its language, -1 when it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectored:
    """The rows of one space (rag.embed.Space): ``matrix`` float16 [vectors, d]; ``row_of`` says
    whose vector each is. ``few``: comparing with all of them is quicker than asking ``vectors``.
    """

    vectors: VectorIndex
    matrix: Halves
    row_of: Ints
    few: bool = False

    def nearest(self, vector: Floats, limit: int) -> Places:
        """Places of the nearest vectors, nearest first."""
        if not self.few:
            return self.vectors.nearest(vector, limit)[0]
        # einsum, not @: BLAS would claim 60 MB of buffers for a product this small
        cosines = np.einsum("ij,j->i", self.matrix.astype(np.float32), vector)
        places: Places = np.argsort(-cosines, kind="stable")[:limit]
        return places


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedIndex:
    """An opened version. ``spaces``: by language, the space its chunks are in; both languages
    give the same one when one embedder reads both, and none when nothing reads a language."""

    version: str
    folder: Path
    rows: RowTable
    words: LexicalIndex
    spaces: Mapping[Lang, Vectored]
    stamps: Stamps

    def fresh(self) -> bool:
        """Whether no file of the folder changed since loading.

        Size, both times and the inode are compared, not the content; the time of the last
        change of the inode cannot be set back by whoever writes to the file.
        """
        return bool(self.stamps) and self.stamps == _stamps(self.folder)

    @property
    def vectored(self) -> int:
        """How many vectors there are in all spaces."""
        return sum(len(s.matrix) for s in {id(s): s for s in self.spaces.values()}.values())

    def close(self) -> None:
        """Give up the vector indexes."""
        for space in {id(space): space for space in self.spaces.values()}.values():
            space.vectors.close()


def build(
    store: KnowledgeStore,
    version: str,
    embedders: Embedders,
    backend: VectorBackend,
    folder: Path,
) -> None:
    """Build the index of a version from SQL into ``folder``, all or nothing.

    The vectors must be stored. The folder appears only when complete.
    """
    aside = folder.with_name(f".building-{folder.name}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        hashes = _write_rows(store, version, aside, embedders)
        for space in embedders.spaces:
            reader = space.embedder
            matrix = store.vectors(reader.name, hashes[space.key], reader.dimensions)
            np.save(aside / f"matrix-{space.key}.npy", matrix.astype(np.float16))
            if len(matrix):
                backend.build(aside / f"vectors-{space.key}", f"{version}-{space.key}", matrix)
        _write_manifest(aside, version, embedders)
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    except OSError as error:
        raise KnowledgeStoreError(f"{folder}: the index cannot be written: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def load(
    folder: Path, version: str, embedders: Embedders, backend: VectorBackend, scratch: Path
) -> LoadedIndex:
    """Check every file and open the index; IndexCorruptError says what is wrong with it."""
    stamps = _stamps(folder)
    manifest = check(folder, version, embedders.name)
    try:
        rows = _read_rows(folder)
        words = lexical.load(folder / "words", len(rows.ids))
        matrices = {
            key: np.load(folder / f"matrix-{key}.npy", mmap_mode="r" if count else None)
            for key, count in manifest["vectors"].items()
        }
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise IndexCorruptError(f"{folder}: cannot be read: {error}") from error
    spaces: dict[Lang, Vectored] = {}
    index = LoadedIndex(
        version=version, folder=folder, rows=rows, words=words, spaces=spaces, stamps=stamps
    )
    try:
        for space in embedders.spaces:
            opened = _opened(index, space, matrices[space.key], backend, scratch)
            spaces.update(dict.fromkeys(space.langs, opened))
        _canaries(index)
    except IndexCorruptError:
        index.close()
        raise
    return index


def _opened(
    index: LoadedIndex, space: Space, matrix: Halves, backend: VectorBackend, scratch: Path
) -> Vectored:
    row_of = np.full(len(matrix), -1, dtype=np.int32)
    rows = index.rows
    ours = np.zeros(len(rows.ids), dtype=np.bool_)
    for lang in space.langs:
        ours |= rows.chinese == (lang == "zh")
    held = np.flatnonzero((rows.vector >= 0) & ours)
    row_of[rows.vector[held]] = held
    if not len(matrix):
        return Vectored(vectors=_no_vectors(), matrix=matrix, row_of=row_of)
    folder, name = index.folder / f"vectors-{space.key}", f"{index.version}-{space.key}"
    vectors = backend.open(folder, name, scratch.with_name(f"{scratch.name}-{space.key}"))
    few = len(matrix) <= _FEW and not isinstance(backend, ChromaServer)
    return Vectored(vectors=vectors, matrix=matrix, row_of=row_of, few=few)


def check(folder: Path, version: str, model: str) -> dict[str, Any]:
    """The manifest, after comparing it and every file it names; raises IndexCorruptError."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        body = manifest["body"]
        if manifest["sha256"] != _seal(body):
            raise IndexCorruptError(f"{folder}: the manifest was changed")
        expected = {"format": FORMAT, "version": version, "model": model}
        for key, value in expected.items():
            if body[key] != value:
                raise IndexCorruptError(f"{folder}: {key} is {body[key]!r}, not {value!r}")
        for name, digest in body["files"].items():
            if _sha256(folder / name) != digest:
                raise IndexCorruptError(f"{folder / name}: content differs from the manifest")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexCorruptError(f"{folder}: incomplete: {error}") from error
    checked: dict[str, Any] = body
    return checked


def passage_ids(folder: Path) -> set[str]:
    """The passage ids an index holds; raises IndexCorruptError when they cannot be read."""
    try:
        return set(json.loads((folder / IDS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexCorruptError(f"{folder}: cannot be read: {error}") from error


def _write_rows(
    store: KnowledgeStore, version: str, folder: Path, embedders: Embedders
) -> dict[str, list[str]]:
    """Word index and row table; returns the hashes of each space's vectors, in place order."""
    ids: list[str] = []
    columns: dict[str, list[int]] = {n: [] for n in COLUMNS}
    codes: dict[str, dict[str, int]] = {"doc": {}, "section": {}, "twin": {}}
    space_of = {lang: space.key for space in embedders.spaces for lang in space.langs}
    hashes: dict[str, dict[str, int]] = {space.key: {} for space in embedders.spaces}
    seen: set[str] = set()

    def texts() -> Iterator[FieldText]:
        for row in store.chunk_rows(version):
            if row.passage_id in seen:  # the same text under the same title: one hit is enough
                continue
            seen.add(row.passage_id)
            ids.append(row.passage_id)
            columns["doc"].append(codes["doc"].setdefault(row.doc, len(codes["doc"])))
            heading = f"{row.doc}\n{row.section}"
            columns["section"].append(codes["section"].setdefault(heading, len(codes["section"])))
            columns["twin"].append(codes["twin"].setdefault(row.twin, len(codes["twin"])))
            columns["chinese"].append(row.lang == "zh")
            columns["position"].append(row.position)
            key = space_of.get(row.lang, "")
            places = hashes[key] if key else {}
            known = places.setdefault(row.embed_hash, len(places)) if key else -1
            columns["vector"].append(known)
            yield field_text(row)

    lexical.build(folder / "words", texts())
    # Two chunks with one text share a vector row; the first keeps it, the other is found by words.
    (folder / IDS).write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", np.array(values, dtype=np.int32))
    return {key: list(places) for key, places in hashes.items()}


def field_text(row: ChunkRow) -> FieldText:
    """What a chunk offers to the word index: topics count once, at the document's first chunk."""
    return FieldText(head=" \n ".join((row.title, row.section, *row.topics)), body=row.text)


def _read_rows(folder: Path) -> RowTable:
    listed = json.loads((folder / IDS).read_text(encoding="utf-8"))
    column = {n: np.load(folder / f"{n}.npy") for n in COLUMNS}
    ids = np.array([name.encode() for name in listed], dtype=np.bytes_)
    if any(len(values) != len(ids) for values in column.values()):
        raise IndexCorruptError(f"{folder}: row tables of different length")
    return RowTable(
        ids=ids, doc=column["doc"], section=column["section"], twin=column["twin"],
        chinese=column["chinese"].astype(np.bool_), position=column["position"],
        vector=column["vector"],
    )  # fmt: skip


def _canaries(index: LoadedIndex) -> None:
    """Ask for some stored vectors: each must find a vector equal to itself."""
    for space in index.spaces.values():
        count, vectors = len(space.matrix), space.vectors
        if vectors.count != count:
            raise IndexCorruptError(f"{index.folder}: {vectors.count} vectors, expected {count}")
        for place in np.unique(np.linspace(0, max(count - 1, 0), CANARIES).astype(int))[:count]:
            _, cosines = vectors.nearest(space.matrix[place].astype(np.float32), 1)
            if not len(cosines) or cosines[0] < 0.99:
                raise IndexCorruptError(f"{index.folder}: vector {place} does not find itself")


def _no_vectors() -> VectorIndex:
    from rag.vectors import ExactIndex

    return ExactIndex(np.zeros((0, 1), dtype=np.float32))


def _write_manifest(folder: Path, version: str, embedders: Embedders) -> None:
    files = {str(p.relative_to(folder)): _sha256(p) for p in _files(folder)}
    rows = (folder / IDS).stat().st_size
    vectors = {
        space.key: len(np.load(folder / f"matrix-{space.key}.npy", mmap_mode=None))
        for space in embedders.spaces
    }
    body = {
        "format": FORMAT, "version": version, "model": embedders.name, "bytes": rows,
        "vectors": vectors, "files": files,
    }  # fmt: skip
    text = json.dumps({"body": body, "sha256": _seal(body)}, indent=1, sort_keys=True)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def _seal(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _stamps(folder: Path) -> Stamps:
    """Empty when the folder is going away under our eyes: then nothing is fresh."""
    found: list[tuple[str, int, int, int, int]] = []
    try:
        _stamp(str(folder), found)
    except OSError:
        return ()
    return tuple(sorted(found))


def _stamp(folder: str, found: list[tuple[str, int, int, int, int]]) -> None:
    """Every search looks: pathlib would take seven times as long."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                _stamp(entry.path, found)
            elif entry.is_file():
                status = os.stat(entry.path)  # noqa: PTH116  # and fresh, not the entry's own
                times = (status.st_mtime_ns, status.st_ctime_ns)
                found.append((entry.path, status.st_size, *times, status.st_ino))
