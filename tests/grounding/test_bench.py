"""The benchmark itself, and the quality bar it must show on the pages."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bot.grounding import bench
from bot.grounding.bench_corrupt import CORRUPTIONS, Seed
from bot.grounding.bench_faithful import FAITHFUL
from bot.grounding.check import Checker

PAGES = Path(__file__).parents[2] / "knowledge" / "pages"
SEED = Seed(
    "Adults aged 18 to 60 need at least 7 hours of sleep a night if they work, and rest (often).",
    "en",
    "Adults need 7 hours. Teens need 9 hours.",
    "sleep",
    "Walk 30 minutes a day.",
)


@pytest.fixture(scope="module")
def tallies() -> dict[tuple[bool, str, str], bench.Tally]:
    """The test split of every fourth section, run once."""
    sections = bench.read_pages(PAGES)
    found, _, _ = bench.run(bench.cases(sections[::12], "test"), Checker())
    return {(good, kind, lang): tally for (good, kind, lang), tally in found.items()}


def share(
    tallies: dict[tuple[bool, str, str], bench.Tally], good: bool, lang: str, kind: str = ""
) -> float:
    """Rightly judged, of all cases of this sort."""
    chosen = [
        t for (g, k, la), t in tallies.items() if g == good and la == lang and kind in ("", k)
    ]
    return sum(t.right for t in chosen) / sum(t.total for t in chosen)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_meets_the_goal(tallies: dict[tuple[bool, str, str], bench.Tally], lang: str) -> None:
    """Safety §10: 99 % of number swaps, 90 % of all corruptions, 5 % false positives."""
    assert share(tallies, False, lang, "number swap") >= 0.99
    assert share(tallies, False, lang) >= 0.95
    assert share(tallies, True, lang) >= 0.97
    assert share(tallies, True, lang, "verbatim") == 1.0


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_corruptions_change_the_text(kind: str) -> None:
    """A corruption either does not apply or gives another text, the same for the same seed."""
    made = [CORRUPTIONS[kind](SEED, random.Random(3)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0] != SEED.text


def test_rewordings_apply() -> None:
    """Reordering, shortening, number words, conversion and openers do what they say."""
    rng = random.Random(1)
    assert FAITHFUL["verbatim"](SEED, rng) == SEED.text
    numerals = FAITHFUL["numerals as words"](SEED, rng)
    assert numerals is not None
    assert "seven hours" in numerals
    converted = FAITHFUL["units converted"](SEED, rng)
    assert converted is not None
    assert "420 minutes" in converted
    shorter = FAITHFUL["shortened"](SEED, rng)
    assert shorter is not None
    assert "often" not in shorter


def test_reads_outside_passages(tmp_path: Path) -> None:
    """Passages of a JSONL file of questions and answers can be measured too."""
    rows = [
        {"id": str(i), "focus": "Asthma", "question": "What?", "answer": f"Asthma {i} " * 40}
        for i in range(3)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert {s.page for s in bench.read_medquad(path)} == {"Asthma"}


def test_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints one row per kind and, on request, what went wrong."""
    for slug in ("a", "b", "c", "d"):
        page = tmp_path / "en" / f"{slug}.md"
        page.parent.mkdir(exist_ok=True)
        body = "\n".join(
            f"## Q{i}{slug}?\n\nAdults need {i + 5} hours of sleep a night [^x].\n"
            for i in range(6)
        )
        page.write_text(f'---\ntitle: "Sleep {slug}"\n---\n{body}', encoding="utf-8")
    assert bench.main(["--pages", str(tmp_path), "--wrong", "1"]) == 0
    shown = capsys.readouterr().out
    assert "| number swap | 100.0 %" in shown


@pytest.mark.shared_data
def test_holds_on_outside_text(shared_data: Path) -> None:
    """On MedQuAD passages, never used for tuning, the goals hold as well."""
    sections = bench.read_medquad(shared_data / "knowledge" / "medquad_16407.jsonl", 40)
    found, _, _ = bench.run(bench.cases(sections, "test"), Checker())
    by_text = {(good, kind, str(lang)): tally for (good, kind, lang), tally in found.items()}
    assert share(by_text, False, "en") >= 0.9
    assert share(by_text, True, "en") >= 0.95
