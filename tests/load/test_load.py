"""The load run tells the truth: what is said is counted, and its figures mean what they say."""

from __future__ import annotations

import itertools
import json
from collections import Counter

from tests.load.figures import Found, percentiles
from tests.load.mix import SHARES, Mix
from tests.load.outside import answer


def test_the_mix_is_what_it_says() -> None:
    """Shares, languages and groups of ten thousand sayings; no two questions are the same."""
    said = list(itertools.islice(Mix(), 10_000))
    kinds = Counter(s.kind for s in said)
    assert all(abs(kinds[kind] / 10_000 - share) < 0.02 for kind, share in SHARES.items())
    assert 0.3 < sum(s.person.lang == "zh" for s in said) / 10_000 < 0.5
    assert 0.1 < sum(s.chat < 0 for s in said) / 10_000 < 0.2
    questions = [s.text for s in said if s.kind == "question"]
    assert len(set(questions)) / len(questions) > 0.98
    assert all(s.chat > 0 for s in said if s.value)
    values = Counter((s.person.id, s.value) for s in said if s.value)
    assert set(values.values()) == {1}


def test_the_fake_model_answers_from_the_passages() -> None:
    """Sentences of the prompt's own passages, each with its number, and nothing else."""
    prompt = (
        "Passages:\n[1] Sleep › Adults\nAdults need at least 7 hours. More is fine.\n\n"
        "[2] Naps › When\nA short nap before three helps most people.\n\n"
        "The person's own numbers:\n[3] Not › this\nThis is not a passage at all.\n"
    )
    said = answer(prompt)
    assert said == (
        "Adults need at least 7 hours [1]. A short nap before three helps most people [2]."
    )


def test_growth_is_the_slope_of_the_second_half() -> None:
    """A warm-up is not a leak; a steady rise is."""
    flat = Found(rss=[(0.0, 100.0), (60.0, 200.0), (120.0, 200.0), (180.0, 200.0), (240.0, 200.0)])
    assert flat.growth() == 0
    rising = Found(rss=[(60.0 * n, 100.0 + 3 * n) for n in range(10)])
    assert round(rising.growth(), 6) == 3
    assert Found().growth() == Found().answered_per_s == Found().accepted_per_s == 0


def test_the_table_names_every_figure() -> None:
    """Also of a run in which nothing happened."""
    table = Found(offered=10, seconds=1.0, accept=[0.1] * 10, lost=1).table()
    assert "durable accept, ms            p50 100, p95 100, p99 100, max 100" in table
    assert "answered per second           9.0" in table
    assert percentiles([], 1, "{}") == "-"
    figures = json.loads(json.dumps(Found(offered=10, seconds=1.0, accept=[0.1] * 10).figures()))
    assert figures["accept"]["p95"] == 0.1
    assert figures["answered_per_s"] == figures["accepted_per_s"] == 10
