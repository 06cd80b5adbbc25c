"""Fits bot.grounding.telling: ``python -m deploy.finetune.fit_telling --medquad FILE``.

For the training questions of data.py: every sentence of what the search finds, and the share of
the reference's facts it says; a linear fit of the one on the other. Prints the weights, to be
copied under review, and what the extractive answer says on the held-back questions, whose
documents no weight was fitted on.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from bot.grounding.candidates import candidates
from bot.grounding.extractive import compose
from bot.grounding.telling import FEATURES, features
from deploy.finetune.data import (
    PASSAGES,
    ROOT,
    Asked,
    asked_of_medquad,
    asked_of_pages,
    knowledge,
    sampled,
)
from deploy.finetune.facts import coverage, facts, keys_of
from rag.embed import MiniLm
from rag.library import Knowledge

SEED = 3
FEWEST_FACTS = 2


def some(asked: Iterable[Asked], split: str, most: int) -> list[Asked]:
    """Questions of one split whose reference says enough, shuffled by a seed."""
    found = [a for a in asked if a.split == split]
    random.Random(SEED).shuffle(found)
    return [a for a in found if len(facts(a.reference, a.question)) >= FEWEST_FACTS][:most]


def fitted(base: Knowledge, asked: Sequence[Asked]) -> dict[str, float]:
    """The weight of every feature."""
    rows: list[tuple[float, ...]] = []
    shares: list[float] = []
    for one in asked:
        hits = base.search(one.question, "en", PASSAGES).hits
        wanted = facts(one.reference, one.question)
        for candidate in candidates(one.question, hits, None):
            rows.append(features(candidate, hits))
            shares.append(coverage(wanted, keys_of(candidate.text)))
    weights, *_ = np.linalg.lstsq(np.array(rows), np.array(shares), rcond=None)
    print(f"{len(asked)} questions, {len(rows)} sentences", flush=True)
    return dict(zip(FEATURES, (round(float(w), 4) for w in weights), strict=True))


def report(base: Knowledge, asked: Sequence[Asked]) -> None:
    """Coverage and length of the extractive answer as it stands."""
    said, words = [], []
    for one in asked:
        hits = base.search(one.question, "en", PASSAGES).hits
        answer = compose(one.question, hits, lang="en")
        said.append(coverage(facts(one.reference, one.question), keys_of(answer.text)))
        words.append(sum(len(s.split()) for s in answer.sentences))
    print(
        f"{len(asked)} held-back questions: the extractive answer says "
        f"{np.mean(said):.3f} of the facts in {np.mean(words):.0f} words"
    )


def main(given: Sequence[str] | None = None) -> None:
    """Fit and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--medquad", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT / "build" / "finetune-data")
    parser.add_argument("--questions", type=int, default=650)
    parser.add_argument("--held", type=int, default=520)
    args = parser.parse_args(given)
    if not args.medquad.is_file():
        sys.exit(f"skipped: {args.medquad} is not there (MedQuAD is not part of this repository)")
    sample = sampled(args.medquad)
    base = knowledge(args.data / "knowledge", sample, MiniLm(threads=2))
    asked = [*asked_of_medquad(sample), *asked_of_pages()]
    for name, weight in fitted(base, some(asked, "train", args.questions)).items():
        print(f'    "{name}": {weight},')
    report(base, some(asked, "test", args.held))
    base.close()


if __name__ == "__main__":
    main()
