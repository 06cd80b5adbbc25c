"""The crash test's own accounting."""

from __future__ import annotations

from pathlib import Path

from tests.delivery.tally import Tally, load, summed


def test_shards_are_written_down_and_summed_up(tmp_path: Path) -> None:
    """Counts, phases and recovery times of two shards; a loss in one is a loss of the whole."""
    one = Tally("discord", 2.0, [1], rounds=3, back_s=[2.1, 2.4])
    one.counts["accepted"] += 7
    one.phases["send"] += 3
    two = Tally("discord", 2.0, [2], rounds=2, back_s=[3.0])
    two.fault("lost", "50 kg of Ada")
    for number, tally in enumerate((one, two)):
        tally.save(tmp_path / f"{number}.json")
    (whole,) = summed(load(tmp_path / f"{number}.json") for number in range(2))
    assert (whole.rounds, whole.seeds, whole.back_s) == (5, [1, 2], [2.1, 2.4, 3.0])
    assert (whole.counts["accepted"], whole.phases["send"]) == (7, 3)
    assert (one.good, whole.good) == (True, False)
    assert "lost: 50 kg of Ada" in whole.table()
