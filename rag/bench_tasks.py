"""The large own-answer tasks: a question must find its own answer among all answers.

The data are given by path and never copied. Rows are added to a fresh knowledge base the
way a person would add them; questions are not indexed. Rows with identical answer text are one
answer; ``strict`` counts show the same ranking when only the question's own row is right.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.bench import RANKERS, write
from rag.documents import digest
from rag.evaluate import Question, mrr, ndcg, percentile, read_questions, recall_at
from rag.evaluate import first_right as rank_of
from rag.types import Lang

if TYPE_CHECKING:
    from rag.library import Knowledge

SAMPLE = 1500
SEED = 20261122


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Rows to add, questions with the rows that answer each, and each row's answer hash."""

    name: str
    rows: Sequence[dict[str, Any]]
    questions: Sequence[Question]
    answer_of: Mapping[str, str]

    def right(self, question: Question) -> set[str]:
        """The answers that count as a hit."""
        return {self.answer_of[doc] for doc in question.docs}


def row_key(row: Mapping[str, str]) -> str:
    """A MedQuAD row's name in our question files: a hash, so that they hold none of its text."""
    return digest(row["source"], row["id"], row["question"], size=16)


def medquad_task(path: Path) -> Task:
    """MedQuAD: focus and answer indexed, 1,500 sampled questions, a fixed seed."""
    rows = read_rows(path)
    return _task(
        "MedQuAD own answer",
        [{"id": f"m{i}", "focus": r["focus"], "answer": r["answer"], "lang": "en"}
         for i, r in enumerate(rows)],
        [(f"m{i}", r["question"]) for i, r in enumerate(rows)],
        "en",
    )  # fmt: skip


def consumer_task(path: Path, folder: Path) -> Task:
    """Our own questions in the words of worried people, asked of the MedQuAD answers."""
    plain = medquad_task(path)
    place = {row_key(row): f"m{i}" for i, row in enumerate(read_rows(path))}
    asked: list[Question] = []
    for name in ("consumer_dev.jsonl", "consumer_test.jsonl"):
        answers = {row["id"]: row["answers"] for row in read_rows(folder / name)}
        asked += [
            Question(
                id=q.id, lang=q.lang, text=q.text,
                docs=tuple(place[key] for key in answers[q.id]),
            )
            for q in read_questions(folder / name)
        ]  # fmt: skip
    return Task(
        name="consumers ask MedQuAD", rows=plain.rows, questions=asked, answer_of=plain.answer_of
    )


def meddialog_task(path: Path, *fields: str) -> Task:
    """MedDialog (Chinese): answers alone indexed; asked by the title, the story (ask) or both."""
    rows = read_rows(path)
    answers = [{"id": f"d{i}", "answer": r["answer"], "lang": "zh"} for i, r in enumerate(rows)]
    told = [" ".join(str(row[field]).strip() for field in fields) for row in rows]
    asked = [(f"d{i}", text) for i, text in enumerate(told) if text.strip()]
    return _task(f"MedDialog by {' and '.join(fields)}", answers, asked, "zh")


def medquad(path: Path, cache: Path) -> None:
    """The MedQuAD own-answer task."""
    measured(medquad_task(path), cache)


def meddialog(path: Path, cache: Path) -> None:
    """The MedDialog task, asked by title, by story, and by both as people write them."""
    for fields in (("title",), ("ask",), ("title", "ask")):
        measured(meddialog_task(path, *fields), cache)


def _task(name: str, rows: list[dict[str, Any]], asked: list[tuple[str, str]], lang: Lang) -> Task:
    chosen = random.Random(SEED).sample(asked, min(SAMPLE, len(asked)))  # noqa: S311 - a sample
    return Task(
        name=name,
        rows=rows,
        questions=[Question(id=i, lang=lang, text=text, docs=(i,)) for i, text in chosen],
        answer_of={row["id"]: digest(row["answer"].strip()) for row in rows},
    )


@contextmanager
def opened(task: Task, cache: Path) -> Iterator[Knowledge]:
    """A knowledge base that holds the rows of the task."""
    from rag import models
    from rag.library import Knowledge

    knowledge = Knowledge.open(cache, embedder=models.packaged(cache=0))
    try:
        source = cache / "rows.jsonl"
        lines = (json.dumps(row, ensure_ascii=False) for row in task.rows)
        source.write_text("\n".join(lines), encoding="utf-8")
        start = time.perf_counter()
        report = knowledge.add([source], index_questions=False)
        spent = time.perf_counter() - start
        write()
        write(
            f"{task.name}: {len(task.rows)} rows, {report.chunks} chunks, {report.added} new rows"
            f" added in {spent:.0f} s, {len(report.problems)} problems"
        )
        yield knowledge
    finally:
        knowledge.close()


def measured(task: Task, cache: Path) -> None:
    """Every ranker on both halves of one task, and the time of a search."""
    with opened(task, cache) as knowledge:
        for ranker in RANKERS:
            _measure(knowledge, ranker, task)
        times = [_timed(knowledge, q) for q in task.questions[:300]]
        write(f"search p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms")


def _measure(knowledge: Knowledge, name: str, task: Task) -> None:
    searcher = knowledge.searcher()
    for split in ("dev", "test"):
        ranks, gains, strict = [], [], []
        for question in task.questions:
            if question.split == split:
                docs = RANKERS[name](searcher, question)
                found = [task.answer_of[d] for d in docs]
                ranks.append(rank_of(found, task.right(question)))
                gains.append(ndcg(found, task.right(question)))
                strict.append(ndcg(docs, question.docs))
        count = max(1, len(ranks))
        write(
            f"  {name:14} {split:5}{len(ranks):5d}  nDCG@10 {sum(gains) / count:.3f}"
            f"  R@1 {recall_at(ranks, 1):.3f}  R@5 {recall_at(ranks, 5):.3f}  MRR {mrr(ranks):.3f}"
            f"  (strict nDCG@10 {sum(strict) / count:.3f})"
        )


def _timed(knowledge: Knowledge, question: Question) -> float:
    start = time.perf_counter()
    knowledge.search(question.text, question.lang)
    return (time.perf_counter() - start) * 1000


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
