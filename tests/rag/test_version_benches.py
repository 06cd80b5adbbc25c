"""The benches of publishing and corruption in their short form, on the quick parts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag import bench_corrupt, bench_publish
from rag.vectors import ChromaBackend, ExactBackend
from tests.rag.support import HashEmbedder

QUICK = bench_publish.Parts(HashEmbedder, ExactBackend)


async def test_publishing_under_load_never_mixes_versions(tmp_path: Path) -> None:
    """Four tasks search through nine publishes and rollbacks: every answer is of one version."""
    load = await bench_publish.under_load(tmp_path / "kb", 9, QUICK)
    assert load.failures == []
    assert (load.publishes, load.rollbacks) == (6, 3)
    assert len(load.answers) > 20
    assert load.mixed() == 0


def test_a_mixed_answer_would_be_counted() -> None:
    """The bench can fail: two editions in one answer, or another version's edition, count."""
    load = bench_publish.Load(versions={"v1": "Edition 1", "v2": "Edition 2"})
    load.answers = [
        ("v1", frozenset({"Edition 1"})),
        ("v1", frozenset({"Edition 1", "Edition 2"})),
        ("v2", frozenset({"Edition 1"})),
        ("v3", frozenset({"Edition 1"})),
        ("v1", frozenset()),
    ]
    assert load.mixed() == 4


@pytest.mark.slow
def test_killed_publishers_leave_a_whole_version(tmp_path: Path) -> None:
    """Five children killed at random moments: the published version is whole and answers."""
    found = bench_publish.killing(tmp_path / "kb", 5, QUICK)
    assert found.kills == 5
    assert found.faults == []


@pytest.mark.slow
def test_damaged_indexes_are_mended_within_one_query(tmp_path: Path, pages: Path) -> None:
    """Every kind of damage, while open and before, ends with the same cited answer and ids."""
    parts = bench_publish.Parts(HashEmbedder, ChromaBackend)
    report = bench_corrupt.run(tmp_path / "kb", pages, 8, parts)
    assert report.faults == []
    assert dict(report.done) == dict.fromkeys(bench_corrupt.DAMAGES, 2)


def test_the_damages_are_damages(tmp_path: Path) -> None:
    """Each does to a file what its name says."""
    chance, path = random.Random(1), tmp_path / "knowledge-index" / "v" / "deep" / "file"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345678")
    bench_corrupt.flip(path, chance)
    changed = path.read_bytes()
    assert sum(bin(a ^ b).count("1") for a, b in zip(changed, b"12345678", strict=True)) == 1
    bench_corrupt.truncate(path, chance)
    assert path.stat().st_size < 8
    bench_corrupt.delete(path, chance)
    assert not path.exists()
    bench_corrupt.delete_all(path, chance)
    assert [p.name for p in (tmp_path / "knowledge-index").iterdir()] == []


def test_a_wrong_answer_would_be_told(tmp_path: Path) -> None:
    """An error, another answer and an uncited passage are faults."""
    from rag.types import Hit, Passage, SearchResult

    passage = Passage(id="a#1", doc="a", title="", section="", text="t", lang="en")
    bare = SearchResult(hits=(Hit(passage=passage, score=1),), relevant=True, confidence=1,
                        version="v")  # fmt: skip
    none = SearchResult(hits=(), relevant=False, confidence=0, version="v")
    assert bench_corrupt._faults("RetrievalError: x", none) == ["RetrievalError: x"]
    assert bench_corrupt._faults(bare, none) == [
        "another answer than before", "a passage without a source",
    ]  # fmt: skip
    assert bench_corrupt._faults(none, none) == []


def test_the_commands_report_and_fail_on_faults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m`` prints the figures and leaves with 1 when anything was wrong."""

    async def load(*_: object) -> bench_publish.Load:
        return bench_publish.Load(failures=["RetrievalError: gone"], publishes=1)

    monkeypatch.setattr(bench_publish, "under_load", load)
    monkeypatch.setattr(bench_publish, "killing", lambda *_: bench_publish.Killed(kills=2))
    assert bench_publish.main(["--rounds", "1", "--kills", "2"]) == 1
    told = capsys.readouterr().out
    assert "1 failed, 0 mixed" in told
    assert "2 kills" in told
    report = bench_corrupt.Report(mended_s=[0.5])
    report.done["deleted"] = 1
    monkeypatch.setattr(bench_corrupt, "run", lambda *_: report)
    assert bench_corrupt.main(["--rounds", "1"]) == 0
    assert "1 rounds (1 deleted): 0 faults" in capsys.readouterr().out
