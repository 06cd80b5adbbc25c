"""The pieces below the library: word index, lock, judgement of files, ranking details."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from rag import index, lexical
from rag.fuse import best
from rag.lexical import FieldText
from rag.lock import build_lock
from rag.types import IndexCorruptError, KnowledgeStoreError
from tests.rag.support import Open

TEXTS = [
    FieldText(head="Salt", body="Eat less salt, salt hides in bread."),
    FieldText(head="Sleep", body="Sleep well."),
    FieldText(head="盐", body="少吃盐。"),
]


def test_words_are_scored_by_field_and_rarity(tmp_path: Path) -> None:
    """A word counts in its field only, weights scale, unknown words count nothing."""
    lexical.build(tmp_path / "w", TEXTS)
    words = lexical.load(tmp_path / "w", 3)
    head, body = words.scores({"salt": 1.0}, "head"), words.scores({"salt": 2.0}, "body")
    assert head[0] > 0 == head[1] == head[2]
    assert np.allclose(body, 2 * words.scores({"salt": 1.0}, "body"))
    assert words.scores({"nothing": 1.0}, "body").sum() == 0
    assert words.rarity("salt") > 0 == words.rarity("nothing")
    assert words.frequency("salt") == 2
    assert words.frequency("nothing") == 0
    assert words.scores({"盐": 1.0}, "body")[2] > 0


def test_an_empty_word_index_answers_nothing(tmp_path: Path) -> None:
    """No rows, no scores, no failure."""
    lexical.build(tmp_path / "w", [])
    words = lexical.load(tmp_path / "w", 0)
    assert len(words.scores({"salt": 1.0}, "body")) == 0


def test_large_arrays_are_mapped_not_read(tmp_path: Path) -> None:
    """Beyond a megabyte the scores stay on disk until touched."""
    texts = [FieldText(head="", body=" ".join(f"w{i}x{j}" for j in range(300))) for i in range(900)]
    lexical.build(tmp_path / "w", texts)
    words = lexical.load(tmp_path / "w", 900)
    assert isinstance(words._fields["body"][0], np.memmap)
    assert words.scores({"w7x3": 1.0}, "body").argmax() == 7


def test_a_word_index_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing folder raises IndexCorruptError."""
    with pytest.raises(IndexCorruptError, match="word index"):
        lexical.load(tmp_path / "none", 1)


def test_the_best_rows_come_first_and_ties_by_row() -> None:
    """Only positive scores, highest first, as many as asked."""
    scores = np.array([0.0, 2.0, 1.0, 2.0, -1.0], dtype=np.float32)
    assert best(scores, 10).tolist() == [1, 3, 2]
    assert best(scores, 1).tolist() in ([1], [3])


@pytest.mark.parametrize(
    ("name", "value"), [("version", "other"), ("model", "other"), ("format", 0)]
)
def test_an_index_of_another_kind_is_not_used(
    open_knowledge: Open, pages: Path, tmp_path: Path, name: str, value: object
) -> None:
    """Another version, model or layout means: rebuild."""
    version = open_knowledge(pages).version
    folder = tmp_path / "kb" / "knowledge-index" / version
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["body"][name] = value
    manifest["sha256"] = index._seal(manifest["body"])
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(IndexCorruptError, match=name):
        index.check(folder, version, "hash-64")


def _hold(path: str, ready: object, done: object) -> None:
    with build_lock(Path(path)):
        ready.set()  # type: ignore[attr-defined]
        done.wait(20)  # type: ignore[attr-defined]


def test_a_second_builder_waits_and_then_says_so(tmp_path: Path) -> None:
    """While one process builds, another gives up with a clear message after its patience."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    lock = tmp_path / "knowledge.lock"
    process = context.Process(target=_hold, args=(str(lock), ready, done))
    process.start()
    assert ready.wait(20)
    with pytest.raises(KnowledgeStoreError, match="still building"), build_lock(lock, wait_s=0.2):
        pass
    done.set()
    process.join(20)
    with build_lock(lock, wait_s=5):
        assert lock.exists()


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """No directory, no lock, and the message says what cannot be written."""
    with (
        pytest.raises(KnowledgeStoreError, match="cannot be written"),
        build_lock(tmp_path / "none" / "knowledge.lock"),
    ):
        pass


def test_a_full_disk_during_a_build_is_named(
    open_knowledge: Open, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running out of space leaves no version half visible and raises the named error."""

    def full(*_args: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(index.np, "save", full)
        with pytest.raises(KnowledgeStoreError, match="No space left"):
            open_knowledge(pages)
    assert open_knowledge(pages).search("salt").hits


def test_a_canary_that_does_not_find_itself_condemns_the_index(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """An index whose files are whole but whose answers are wrong is refused."""
    knowledge = open_knowledge(pages)
    searcher = knowledge.searcher()
    space = searcher.index.spaces["en"]
    wrong = np.array(space.matrix)[::-1] * np.float16(-1)
    damaged = index.Vectored(vectors=space.vectors, matrix=wrong, row_of=space.row_of)
    odd = index.LoadedIndex(
        version="x", folder=tmp_path, rows=searcher.index.rows, words=searcher.index.words,
        spaces={"en": damaged}, stamps=(),
    )  # fmt: skip
    with pytest.raises(IndexCorruptError, match="does not find itself"):
        index._canaries(odd)
