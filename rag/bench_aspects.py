"""Fits the answers' half of rag.aspects on MedQuAD rows and writes ``knowledge/aspects.json``.

Rows that the own-answer task or our consumers' questions ask about are left out, and any row
with the answer text of one; every MedQuAD question type is one aspect. Softmax regression over
the presence of 400 words in the first two chunks of an answer, words of its subject left out.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import aspects
from rag.bench import QUESTIONS, write
from rag.bench_tasks import consumer_task, medquad_task, read_rows
from rag.split import split
from rag.tokens import terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

ASPECT_OF = {
    "information": "what", "symptoms": "symptoms", "treatment": "treatment",
    "inheritance": "inheritance", "frequency": "frequency", "genetic changes": "genes",
    "causes": "causes", "exams and tests": "tests", "research": "research", "outlook": "outlook",
    "susceptibility": "risk", "considerations": "diet", "prevention": "prevention",
    "stages": "stages", "complications": "complications",
}  # fmt: skip
WORDS = 400
RIDGE = 3e-5
STEPS = 400
LEAST = 25  # chunks a word must be in to be considered


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The words of one chunk, its aspect, and whether it opens the answer."""

    words: frozenset[str]
    aspect: str
    opens: bool


def fit_aspects(path: Path) -> None:
    """Fit, say how well it does on the rows left out, and write the file."""
    used, held = examples(path)
    names = list(aspects.shipped().place)
    vocabulary = choose(used)
    weights = fit(used, vocabulary, names).round(2)
    for opens in (True, False):
        some = [e for e in held if e.opens == opens]
        guess = (presence(some, vocabulary) @ weights).argmax(axis=1)
        right = np.mean([names[g] == e.aspect for g, e in zip(guess, some, strict=True)])
        write(f"{'first' if opens else 'second'} chunks left out: {len(some)}, right {right:.3f}")
    rows = [[round(float(w), 2) for w in row] for row in weights]
    lines = ",\n".join(
        f"  {json.dumps(term)}: {json.dumps(row)}"
        for term, row in zip(vocabulary, rows, strict=False)
    )
    (aspects.FOLDER / "aspects.json").write_text(
        f'{{"aspects": {json.dumps(names)},\n "terms": {{\n{lines}\n }},\n'
        f' "bias": {json.dumps(rows[-1])}\n}}\n',
        encoding="utf-8",
    )


def examples(path: Path) -> tuple[list[Example], list[Example]]:
    """(to learn from, of the rows the own-answer task asks about)."""
    task = medquad_task(path)
    asked = {doc for q in task.questions for doc in q.docs}
    lay = {doc for q in consumer_task(path, QUESTIONS).questions for doc in q.docs}
    answers = {task.answer_of[doc] for doc in asked | lay}
    used: list[Example] = []
    held: list[Example] = []
    for number, row in enumerate(read_rows(path)):
        name = f"m{number}"
        if row["qtype"] not in ASPECT_OF or (name not in asked and task.answer_of[name] in answers):
            continue
        subject = set(terms(row["focus"]))
        for place, chunk in enumerate(split(row["answer"].strip())[:2]):
            words = frozenset(set(terms(chunk)) - subject)
            example = Example(words=words, aspect=ASPECT_OF[row["qtype"]], opens=place == 0)
            (held if name in asked else used).append(example)
    return used, held


def choose(used: Sequence[Example]) -> list[str]:
    """The words that tell aspects apart best: highest 2 n ln(n / expected) with any aspect."""
    often = Counter(w for e in used for w in e.words)
    sizes = Counter(e.aspect for e in used)
    shared = {a: Counter(w for e in used if e.aspect == a for w in e.words) for a in sizes}

    def tells(word: str) -> float:
        found = 0.0
        for aspect, count in shared.items():
            seen, expected = count[word], often[word] * sizes[aspect] / len(used)
            if seen >= 8 and seen > expected:
                found = max(found, 2 * seen * math.log(seen / expected))
        return found

    plain = [w for w, n in often.items() if n >= LEAST and not any(c.isdigit() for c in w)]
    return sorted(plain, key=lambda w: (-tells(w), w))[:WORDS]


def presence(some: Sequence[Example], vocabulary: Sequence[str]) -> Floats:
    """0/1 matrix [examples, words + 1]; the last column is 1 for the intercept."""
    place = {word: i for i, word in enumerate(vocabulary)}
    data = np.zeros((len(some), len(vocabulary) + 1), dtype=np.float32)
    data[:, -1] = 1
    for row, example in enumerate(some):
        data[row, [place[w] for w in example.words if w in place]] = 1
    return data


def fit(used: Sequence[Example], vocabulary: Sequence[str], names: Sequence[str]) -> Floats:
    """Softmax regression by Adam; rare aspects and first chunks weigh more."""
    data = presence(used, vocabulary)
    wanted = np.array([names.index(e.aspect) for e in used])
    sizes = np.bincount(wanted, minlength=len(names))
    share = np.sqrt(len(used) / np.maximum(sizes, 1) / len(names))[wanted]
    share *= np.where([e.opens for e in used], 1.0, 0.5)
    share = (share / share.sum()).astype(np.float32)
    target = np.eye(len(names), dtype=np.float32)[wanted]
    weights = np.zeros((data.shape[1], len(names)), dtype=np.float32)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        logits = data @ weights
        guess = np.exp(logits - logits.max(axis=1, keepdims=True))
        guess /= guess.sum(axis=1, keepdims=True)
        slope = data.T @ ((guess - target) * share[:, None]) + RIDGE * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        rate = 0.05 if step < 0.6 * STEPS else 0.01
        weights -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-6)
    return weights
