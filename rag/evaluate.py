"""Measures of retrieval, and the question sets they are taken on.

recall@k   share of questions with a right document among the first k distinct documents
MRR        mean of 1/rank of the first right document (0 when there is none)
nDCG@k     DCG / best possible DCG, DCG = sum over the first k of gain / log2(rank + 1),
           gain 1 for a right document and 0 otherwise (Järvelin and Kekäläinen 2002)
AUROC      chance that a random in-scope question is given more confidence than a random
           off-topic one, ties counting half (the Mann-Whitney U statistic over n1 * n2)
p50, p95   the value below which that share of the measured times lies (nearest rank)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from rag.documents import digest
from rag.types import Lang

Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a set; ``docs`` are the page slugs that answer it, none for off-topic."""

    id: str
    lang: Lang
    text: str
    docs: tuple[str, ...] = ()

    @property
    def split(self) -> Split:
        """dev or test, by the hash of the id, so that it never changes."""
        return "dev" if int(digest(self.id), 16) % 2 == 0 else "test"


def read_questions(path: Path) -> list[Question]:
    """The questions of one JSONL file; ValueError or KeyError name what a line lacks."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [
        Question(
            id=row["id"], lang=cast("Lang", row["lang"]), text=row["text"],
            docs=tuple(row.get("docs", ())),
        )
        for row in rows
    ]  # fmt: skip


def first_right(found: Sequence[str], right: Iterable[str]) -> int:
    """1-based rank of the first right document among distinct ones; 0 when there is none."""
    wanted = set(right)
    for rank, doc in enumerate(dict.fromkeys(found), 1):
        if doc in wanted:
            return rank
    return 0


def recall_at(ranks: Sequence[int], k: int) -> float:
    """recall@k from the ranks that ``first_right`` gives; nan for no questions."""
    return _mean([float(0 < rank <= k) for rank in ranks])


def mrr(ranks: Sequence[int]) -> float:
    """Mean reciprocal rank; nan for no questions."""
    return _mean([1 / rank if rank else 0.0 for rank in ranks])


def ndcg(found: Sequence[str], right: Iterable[str], k: int = 10) -> float:
    """nDCG@k of one ranking of distinct documents with gains of 0 and 1."""
    wanted = set(right)
    gains = [1.0 if doc in wanted else 0.0 for doc in list(dict.fromkeys(found))[:k]]
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(wanted), k) + 1))
    got = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
    return got / ideal if ideal else 0.0


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Area under the ROC curve; nan when one side is empty."""
    if not inside or not outside:
        return math.nan
    wins = sum((a > b) + 0.5 * (a == b) for a in inside for b in outside)
    return wins / (len(inside) * len(outside))


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile, ``share`` in (0, 1]; nan for no values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
