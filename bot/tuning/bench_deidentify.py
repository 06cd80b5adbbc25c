"""What identifies somebody, and how much is taken out: ``python -m bot.tuning.bench_deidentify``.

Reads marked sentences (``full_text`` and ``spans``); a span counts as gone when none of its
words of two letters or more is left where it stood. What is masked beside any span is counted as
lost words. Ages, titles, nationalities and organisations are told apart: of these, only what is
caught on the way is expected to go.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path

from bot.settings import ROOT
from bot.tuning.deidentify import deidentified
from bot.tuning.vocabulary import small_words

DATA = ROOT.parent / "shared" / "data" / "phi" / "synth_dev.jsonl"
_WORD = re.compile(r"\w{2,}")
_MASK = re.compile(r"\[(?:name|email|link|account|number|date|address)\]")


def measure(path: Path) -> dict[str, object]:
    """Recall by kind of span, over all, and the share of other words that were lost."""
    known = small_words(ROOT / "knowledge" / "pages" / "en")
    total: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    kept = lost = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row["full_text"]
        words = Counter(_WORD.findall(_MASK.sub(" ", deidentified(text, known=known))))
        rest = list(text)
        for span in row["spans"]:
            start, end = span["start_position"], span["end_position"]
            total[span["entity_type"]] += 1
            gone[span["entity_type"]] += not any(
                words[word] for word in _WORD.findall(text[start:end])
            )
            rest[start:end] = " " * (end - start)
        others = Counter(_WORD.findall("".join(rest)))
        kept += sum(others.values())
        lost += sum((others - words).values())
    kinds = {kind: [gone[kind], total[kind]] for kind, _ in total.most_common()}
    return {
        "recall": sum(gone.values()) / sum(total.values()),
        "by_kind": kinds,
        "other_words_lost": lost / kept,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    path = parser.parse_args().data
    if not path.is_file():
        sys.exit(f"no marked sentences at {path}")
    sys.stdout.write(json.dumps(measure(path), indent=1) + "\n")


if __name__ == "__main__":
    main()
