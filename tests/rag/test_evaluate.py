"""The measures, against values worked out by hand, and the judgement of relevance."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from rag import judge
from rag.bench_fit import fit
from rag.evaluate import (
    Question,
    auroc,
    first_right,
    mrr,
    ndcg,
    percentile,
    read_questions,
    recall_at,
)

QUESTIONS = Path(__file__).resolve().parents[1] / "retrieval"


def test_rank_counts_distinct_documents() -> None:
    """Several passages of one document take one place."""
    assert first_right(["a", "a", "b", "c"], ["c"]) == 3
    assert first_right(["a"], ["x"]) == 0


def test_recall_and_mrr_by_hand() -> None:
    """Ranks 1, 3, 0: recall@1 is a third, recall@3 two thirds, MRR (1 + 1/3) / 3."""
    assert recall_at([1, 3, 0], 1) == pytest.approx(1 / 3)
    assert recall_at([1, 3, 0], 3) == pytest.approx(2 / 3)
    assert mrr([1, 3, 0]) == pytest.approx((1 + 1 / 3) / 3)
    assert math.isnan(mrr([]))


def test_ndcg_by_hand() -> None:
    """One right document at rank 2 gives 1/log2(3); two of two at ranks 1 and 3 as well by hand."""
    assert ndcg(["a", "b"], ["b"]) == pytest.approx(1 / math.log2(3))
    assert ndcg(["a", "x", "b"], ["a", "b"]) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))
    assert ndcg(["a"], []) == 0


def test_auroc_by_hand() -> None:
    """Three of four pairs right is 0.75, a tie counts half, an empty side is not a number."""
    assert auroc([0.9, 0.4], [0.5, 0.1]) == 0.75
    assert auroc([0.5], [0.5]) == 0.5
    assert math.isnan(auroc([], [1.0]))


def test_percentile_is_the_nearest_rank() -> None:
    """The p50 of four values is the second, the p95 of twenty the nineteenth."""
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile(list(range(1, 21)), 0.95) == 19
    assert math.isnan(percentile([], 0.5))


def test_question_sets_are_sound() -> None:
    """Every question has a unique id, a language, a text and pages; both halves are filled."""
    asked = [q for p in sorted(QUESTIONS.glob("questions_*.jsonl")) for q in read_questions(p)]
    off = read_questions(QUESTIONS / "offtopic.jsonl")
    assert len({q.id for q in (*asked, *off)}) == len(asked) + len(off)
    assert all(q.docs and q.text for q in asked)
    assert not any(q.docs for q in off)
    for lang in ("en", "zh"):
        assert sum(q.lang == lang for q in off) >= 60
        halves = [q.split for q in asked if q.lang == lang]
        assert min(halves.count("dev"), halves.count("test")) > len(halves) / 3


def test_the_split_depends_on_the_id_alone() -> None:
    """The same id is always in the same half."""
    one = Question(id="en-x-1", lang="en", text="a")
    assert one.split == Question(id="en-x-1", lang="zh", text="b").split


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_confidence_grows_with_every_feature(lang: judge.Lang) -> None:
    """More similarity, more matching words, more known words: never less confidence."""
    low = judge.confidence(lang, 0.2, 0.1, 0.2)
    assert 0 < low < judge.RELEVANT
    assert judge.confidence(lang, 0.8, 0.1, 0.2) > low
    assert judge.confidence(lang, 0.2, 2.0, 0.2) > low
    assert judge.confidence(lang, 0.2, 0.1, 1.0) > low
    assert judge.confidence(lang, 0.8, 3.0, 1.0) > 0.95
    assert 0 <= judge.confidence(lang, -1e9, -5, 0) <= judge.confidence(lang, 1e9, 1e9, 1) <= 1


def test_fitting_separates_what_can_be_separated() -> None:
    """The regression puts two clearly different groups on different sides."""
    rng = np.random.default_rng(1)
    inside, outside = rng.normal(1, 0.2, (40, 3)), rng.normal(0, 0.2, (40, 3))
    weights = fit(inside, outside)
    assert ((inside @ weights[:-1] + weights[-1]) > 0).mean() > 0.95
    assert ((outside @ weights[:-1] + weights[-1]) < 0).mean() > 0.95
