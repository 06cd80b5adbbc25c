"""One way of searching, put together from parts that can be left out, and how well it does.

Used to fit the weights of rag.fuse and to show what each ingredient adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag import fuse
from rag.evaluate import Question, first_right, ndcg, read_questions, recall_at
from rag.fuse import Ranked, Weights
from rag.query import Query, Speller, WordLists, understand
from rag.retriever import embedded

if TYPE_CHECKING:
    from rag.bench_tasks import Task
    from rag.embed import Embedders
    from rag.index import LoadedIndex


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Parts of a search over one index; empty lists or no speller leave a part out."""

    index: LoadedIndex
    embedders: Embedders
    lists: WordLists = field(default_factory=WordLists)
    speller: Speller | None = None
    weights: Weights = field(default_factory=Weights)

    def understood(self, question: Question) -> Query:
        """The question as this setup reads it."""
        return understand(question.text, question.lang, self.lists, self.speller)

    def rank(self, question: Question) -> Ranked:
        """All candidates, best first."""
        query = self.understood(question)
        return fuse.rank(self.index, query, embedded(self.embedders, query), self.weights)

    def documents(self, question: Question) -> list[str]:
        """Document ids, best first, repetitions kept."""
        ids = self.index.rows.ids
        return [ids[row].decode().rsplit("#", 1)[0] for row in self.rank(question).rows.tolist()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Questions, what answers each, and how a document is named among the answers."""

    name: str
    questions: Sequence[Question]
    right: Callable[[Question], set[str]]
    named: Callable[[str], str]

    def half(self, split: str) -> list[Question]:
        """The questions of one half."""
        return [q for q in self.questions if q.split == split]


def ours(folder: Path, lang: str) -> Asked:
    """Our own questions of one language about our own pages."""
    files = sorted(folder.glob("questions_*.jsonl"))
    return Asked(
        name=f"our pages, {lang}",
        questions=[q for path in files for q in read_questions(path) if q.lang == lang],
        right=lambda q: {f"{q.lang}/{slug}" for slug in q.docs},
        named=lambda doc: doc,
    )


def of_task(task: Task) -> Asked:
    """The questions of a large task; identical answers are one."""
    return Asked(
        name=task.name, questions=task.questions, right=task.right, named=task.answer_of.__getitem__
    )


def measure(setup: Setup, asked: Asked, split: str) -> tuple[float, float]:
    """(nDCG@10, recall@5) on one half."""
    gains: list[float] = []
    ranks: list[int] = []
    for question in asked.half(split):
        found = [asked.named(doc) for doc in setup.documents(question)]
        gains.append(ndcg(found, asked.right(question)))
        ranks.append(first_right(found, asked.right(question)))
    return sum(gains) / max(1, len(gains)), recall_at(ranks, 5)
