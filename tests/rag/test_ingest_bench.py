"""The measurement of adding itself: it runs, and tells what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.bench_ingest import Cost, Outcome, main, measure, report


def test_the_measurement_counts_chunks_and_time(tmp_path: Path) -> None:
    """On a few rows of our own; the figures add up, whatever they are."""
    rows = tmp_path / "rows.jsonl"
    lines = [{"id": i, "answer": f"Fact {i} about sleep and health."} for i in range(12)]
    rows.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    outcome = measure(rows)
    assert (outcome.rows, outcome.chunks) == (12, 12)
    assert outcome.whole.wall > outcome.read.wall > 0
    assert outcome.share > 0
    assert 0 < outcome.share_inside < 1


def test_the_report_says_whether_the_bar_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both rates and both shares are printed; the exit code says met or not."""

    def outcome(whole: float) -> Outcome:
        cost = Cost(wall=9.0, cpu=18.0)
        return Outcome(rows=2, chunks=90, bare=cost, whole=Cost(wall=whole, cpu=20.0),
                       read=Cost(wall=0.1, cpu=0.1), inside=Cost(wall=9.0, cpu=18.0))  # fmt: skip

    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(b'{"id": 1, "answer": "a"}\n' * 5)
    for whole, code, share in ((10.0, 0, "90.0%"), (20.0, 1, "45.0%")):
        monkeypatch.setattr("rag.bench_ingest.measure", lambda path, w=whole: outcome(w))
        assert main([str(rows), "--limit", "2"]) == code
        shown = capsys.readouterr().out
        assert share in shown
        assert "10.0" in shown
        assert "90.0% of processor time" in shown
    assert "bar 85%" in report(outcome(10.0))
