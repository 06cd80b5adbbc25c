"""The two large own-answer tasks: a question must find its own answer among all answers.

The data are given by path and never copied. Rows are added to a fresh knowledge base the
way a person would add them; questions are not indexed. Identical answer texts are one answer.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.bench import RANKERS, write
from rag.documents import digest
from rag.evaluate import Question, mrr, ndcg, percentile, recall_at
from rag.evaluate import first_right as rank_of
from rag.types import Lang

if TYPE_CHECKING:
    from rag.library import Knowledge

SAMPLE = 1500
SEED = 20261122


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Rows to add, questions with the row each belongs to, and each row's answer hash."""

    rows: Sequence[dict[str, Any]]
    questions: Sequence[Question]
    answer_of: dict[str, str]


def medquad(path: Path, cache: Path) -> None:
    """MedQuAD: focus and answer indexed, 1,500 sampled questions, a fixed seed."""
    rows = _read(path)
    task = _task(
        [{"id": f"m{i}", "focus": r["focus"], "answer": r["answer"], "lang": "en"}
         for i, r in enumerate(rows)],
        [(f"m{i}", r["question"]) for i, r in enumerate(rows)],
        "en",
    )  # fmt: skip
    _run("MedQuAD", task, cache)


def meddialog(path: Path, cache: Path) -> None:
    """MedDialog (Chinese): answers alone indexed, the question is the title or the story."""
    rows = _read(path)
    answers = [{"id": f"d{i}", "answer": r["answer"], "lang": "zh"} for i, r in enumerate(rows)]
    for field in ("title", "ask"):
        asked = [(f"d{i}", r[field]) for i, r in enumerate(rows) if str(r[field]).strip()]
        _run(f"MedDialog by {field}", _task(answers, asked, "zh"), cache)


def _task(rows: list[dict[str, Any]], asked: list[tuple[str, str]], lang: Lang) -> Task:
    chosen = random.Random(SEED).sample(asked, min(SAMPLE, len(asked)))  # noqa: S311 - a sample
    return Task(
        rows=rows,
        questions=[Question(id=i, lang=lang, text=text, docs=(i,)) for i, text in chosen],
        answer_of={row["id"]: digest(row["answer"].strip()) for row in rows},
    )


def _run(name: str, task: Task, cache: Path) -> None:
    from rag.embed import MiniLm
    from rag.library import Knowledge

    knowledge = Knowledge.open(cache, embedder=MiniLm(cache=0))
    try:
        source = cache / "rows.jsonl"
        lines = (json.dumps(row, ensure_ascii=False) for row in task.rows)
        source.write_text("\n".join(lines), encoding="utf-8")
        start = time.perf_counter()
        report = knowledge.add([source], index_questions=False)
        spent = time.perf_counter() - start
        write()
        write(
            f"{name}: {len(task.rows)} rows, {report.chunks} chunks, {report.added} new rows"
            f" added in {spent:.0f} s, {len(report.problems)} problems"
        )
        for ranker in RANKERS:
            _measure(knowledge, ranker, task)
        times = [_timed(knowledge, q) for q in task.questions[:300]]
        write(f"search p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms")
    finally:
        knowledge.close()


def _measure(knowledge: Knowledge, name: str, task: Task) -> None:
    searcher = knowledge.searcher()
    for split in ("dev", "test"):
        ranks, gains = [], []
        for question in task.questions:
            if question.split == split:
                found = [task.answer_of[d] for d in RANKERS[name](searcher, question)]
                right = [task.answer_of[question.docs[0]]]
                ranks.append(rank_of(found, right))
                gains.append(ndcg(found, right))
        write(
            f"  {name:14} {split:5}{len(ranks):5d}  nDCG@10 {sum(gains) / max(1, len(gains)):.3f}"
            f"  R@1 {recall_at(ranks, 1):.3f}  R@5 {recall_at(ranks, 5):.3f}  MRR {mrr(ranks):.3f}"
        )


def _timed(knowledge: Knowledge, question: Question) -> float:
    start = time.perf_counter()
    knowledge.search(question.text, question.lang)
    return (time.perf_counter() - start) * 1000


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
