"""``python -m bot.grounding.bench``: how much spoiled text the checker catches, and at what price.

Takes the sentences of the knowledge pages (and, on request, outside passages), spoils or
rewords one sentence of a cited answer, and counts. Passages are split into dev and test by a
hash of their id; weights were tuned on dev only, the table shows the chosen split.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.grounding.bench_corrupt import CORRUPTIONS, Seed
from bot.grounding.bench_faithful import FAITHFUL
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.claims import language
from bot.grounding.sentences import split_sentences
from rag.types import Lang

Split = Literal["dev", "test"]
_MARK = re.compile(r"\s?\[\^[^\]]+\]")
_SHORTEST = 12


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a page: the unit that is retrieved and cited."""

    id: str
    page: str
    title: str
    heading: str
    text: str
    lang: Lang


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to check. ``kind`` names how it was made; ``good`` what it should be."""

    kind: str
    good: bool
    answer: str
    changed: str
    passages: tuple[CitedPassage, ...]
    lang: Lang


def read_pages(folder: Path) -> list[Section]:
    """All sections of the pages below ``folder`` (``<lang>/<slug>.md``), marks removed."""
    found: list[Section] = []
    for path in sorted(folder.glob("*/*.md")):
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        title = next((x[7:].strip() for x in front.splitlines() if x.startswith("title: ")), "")
        for part in re.split(r"^## ", body, flags=re.MULTILINE)[1:]:
            heading, _, text = part.partition("\n")
            clean = _MARK.sub("", text).strip()
            key = f"{path.parent.name}/{path.stem}/{heading}"
            found.append(
                Section(key, path.stem, title.strip('"'), heading.strip(), clean, language(clean))
            )
    return found


def read_medquad(path: Path, limit: int = 400) -> list[Section]:
    """Outside English passages: answers of 200 to 1,500 characters."""
    found: list[Section] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if 200 <= len(row["answer"]) <= 1500:
            found.append(
                Section(row["id"], row["focus"], row["focus"], row["question"], row["answer"], "en")
            )
    return random.Random(7).sample(found, min(limit, len(found)))  # noqa: S311 (no secret)


def split_of(section: Section) -> Split:
    """dev or test, by a hash of the section, stable across runs."""
    return "dev" if zlib.crc32(section.id.encode()) % 2 else "test"


def cases(sections: Sequence[Section], split: Split, seed: int = 1) -> Iterable[Case]:
    """Every kind applied to every sentence of the split where it can be."""
    for section in (s for s in sections if split_of(s) == split):
        rng = random.Random(f"{seed}/{section.id}")  # noqa: S311
        others = [s for s in sections if s.lang == section.lang and s.page != section.page]
        mates = [
            s
            for s in sections
            if s.lang == section.lang and s.page == section.page and s.id != section.id
        ]
        if not others:
            continue
        near = rng.sample(mates, min(2, len(mates))) + rng.sample(others, min(2, len(others)))
        yield from _section_cases(section, near, rng.choice(others), rng)


def _section_cases(
    section: Section, near: list[Section], other: Section, rng: random.Random
) -> Iterable[Case]:
    shown = [section, *near]
    rng.shuffle(shown)
    number = shown.index(section) + 1
    passages = tuple(CitedPassage(s.id, s.text, f"{s.title} – {s.heading}") for s in shown)
    sentences = [
        s for s in split_sentences(section.text) if len(s) >= _SHORTEST or section.lang == "zh"
    ]
    foreign = [s for s in split_sentences(other.text) if len(s) >= 30 or section.lang == "zh"]
    for text in sentences:
        seed = Seed(text, section.lang, section.text, _topic(section), rng.choice(foreign or [""]))
        for good, table in ((True, FAITHFUL), (False, CORRUPTIONS)):
            for kind, make in table.items():
                changed = make(seed, rng)
                if changed and (good or changed != text):
                    answer = _answer(changed, sentences, number, rng, section.lang)
                    yield Case(kind, good, answer, changed, passages, section.lang)


def _topic(section: Section) -> str:
    return section.title.split(",")[0].split("：")[0].lower()


def _answer(changed: str, sentences: list[str], number: int, rng: random.Random, lang: Lang) -> str:
    """The sentence between one or two faithful ones, each with its mark."""
    around = rng.sample(sentences, min(len(sentences), 2))
    gap = " " if lang == "en" else ""
    parts = [f"{s}{gap}[{number}]" for s in around]
    parts.insert(rng.randrange(len(parts) + 1), f"{changed}{gap}[{number}]")
    return "\n".join(parts)


@dataclass
class Tally:
    """Counts for one kind and language."""

    right: int = 0
    total: int = 0


def run(
    found: Iterable[Case], checker: Checker
) -> tuple[dict[tuple[bool, str, Lang], Tally], list[tuple[Case, str]], float]:
    """Tallies, the cases judged wrongly (with the reason given), and milliseconds per check."""
    tallies: dict[tuple[bool, str, Lang], Tally] = {}
    wrong: list[tuple[Case, str]] = []
    count, started = 0, time.perf_counter()
    for case in found:
        report = checker.check(case.answer, case.passages, lang=case.lang)
        tally = tallies.setdefault((case.good, case.kind, case.lang), Tally())
        tally.total += 1
        count += 1
        if report.supported == case.good:
            tally.right += 1
        else:
            why = "; ".join(f"{s.why} <{s.text}>" for s in report.sentences if not s.supported)
            wrong.append((case, why))
    return tallies, wrong, 1000 * (time.perf_counter() - started) / max(1, count)


def table(tallies: dict[tuple[bool, str, Lang], Tally]) -> str:
    """The result as a Markdown table, one row per kind."""
    lines = ["| kind | en | zh |", "|---|---|---|"]
    for good, names in ((False, CORRUPTIONS), (True, FAITHFUL)):
        title = "**corruptions caught**" if not good else "**faithful kept**"
        totals = {
            lang: _sum(t for (g, _, la), t in tallies.items() if g == good and la == lang)
            for lang in ("en", "zh")
        }
        lines.append(f"| {title} | {_share(totals['en'])} | {_share(totals['zh'])} |")
        for kind in names:
            cells = [_share(tallies.get((good, kind, lang), Tally())) for lang in ("en", "zh")]
            lines.append(f"| {kind} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.right += tally.right
        total.total += tally.total
    return total


def _share(tally: Tally) -> str:
    return f"{100 * tally.right / tally.total:.1f} % of {tally.total}" if tally.total else "–"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of one split; ``--wrong`` shows what was judged wrongly."""
    parser = argparse.ArgumentParser(prog="python -m bot.grounding.bench", description=__doc__)
    parser.add_argument(
        "--pages", type=Path, default=Path(__file__).parents[2] / "knowledge" / "pages"
    )
    parser.add_argument("--medquad", type=Path, help="also take passages of this JSONL file")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument(
        "--wrong", type=int, default=0, metavar="N", help="show N wrong cases a kind"
    )
    options = parser.parse_args(arguments)
    sections = read_medquad(options.medquad) if options.medquad else read_pages(options.pages)
    tallies, wrong, ms = run(cases(sections, options.split), Checker())
    out = sys.stdout.write
    out(f"{len(sections)} sections, split {options.split}, {ms:.2f} ms a check\n\n")
    out(f"{table(tallies)}\n")
    shown: Counter[str] = Counter()
    for case, why in wrong:
        shown[case.kind + case.lang] += 1
        if shown[case.kind + case.lang] <= options.wrong:
            out(f"\n[{case.kind}] {case.changed}\n   {why}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
