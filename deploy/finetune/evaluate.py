"""``make bench-embedded``: stock model, tuned model and extractive answer on the same questions.

    python -m deploy.finetune.evaluate [--systems tuned,stock] [--questions N] [--timed N]

Questions and references are those that data.py held back (none of their documents was trained
on); retrieval is the bot's own, over the sampled answers and our pages. Without the data it says
so and ends. Definitions stand in judge.py; ``as served`` is what a person sees: the model's answer
where it passes, the extractive one where not. Times count from the search on, one at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import pickle
import random
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import BRIEF_PROMPTS, PROMPTS
from bot.dialogue import context
from bot.errors import ModelError
from bot.generation import deciding
from bot.generation.embedded import ADAPTER, EmbeddedGenerator, packaged_model
from bot.generation.openai_compat import Endpoint
from bot.generation.prompts import PromptBook
from bot.grounding.extractive import compose
from bot.model import Hit
from deploy.finetune.data import PASSAGES, ROOT, knowledge, sampled
from deploy.finetune.facts import facts
from deploy.finetune.judge import Verdict, covered, judged
from rag.embed import MiniLm
from rag.library import Knowledge

SEED = 5
SLOTS = 8
DATA = ROOT / "build" / "finetune-data"
# name: (reads the short prompt, has the adapter, may only choose)
SYSTEMS = {
    "tuned": (True, True, True), "stock": (True, False, True),
    "stock, long prompt": (False, False, False),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One held-back question with what the search found and the extractive answer to it."""

    id: str
    question: str
    reference: str
    hits: tuple[Hit, ...]
    extractive: str
    unanswerable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one system wrote to one case. Seconds since the search began."""

    case: Case
    text: str
    finish: str
    verdict: Verdict
    first_s: float
    total_s: float


def cases(base: Knowledge, rows: Sequence[dict[str, Any]], most: int, none: int) -> list[Case]:
    """All held-back questions about our pages, and MedQuAD ones up to ``most``; the last
    ``none`` more have every passage of their own topic taken away.
    """
    order = sorted(rows, key=lambda r: (r["source"] != "pages", r["id"]))
    pages = [r for r in order if r["source"] == "pages"]
    medquad = [r for r in order if r["source"] != "pages"]
    random.Random(SEED).shuffle(medquad)
    found: list[Case] = []
    for row in [*pages, *medquad]:
        if len(found) >= most + none:
            break
        if len(facts(row["reference"], row["question"])) < 2:
            continue
        case = _case(base, row, unanswerable=len(found) >= most)
        if case is not None:
            found.append(case)
    return found


def _case(base: Knowledge, row: dict[str, Any], *, unanswerable: bool) -> Case | None:
    question = row["question"]
    result = base.search(question, "en", PASSAGES * (2 if unanswerable else 1))
    if not result.relevant or not result.hits:
        return None
    hits = result.hits
    if unanswerable:
        own = {h.passage.title for h in hits if h.passage.doc == row["doc"]}
        hits = tuple(h for h in hits if h.passage.title not in own)[:PASSAGES]
    extract = compose(question, hits, lang="en", similarity=base.similarity).text
    return Case(
        id=row["id"], question=question, reference=row["reference"], hits=hits,
        extractive=extract, unanswerable=unanswerable,
    ) if hits else None  # fmt: skip


class System:
    """One way to answer: a generator with the prompt it is asked by."""

    def __init__(self, name: str, adapter: Path | None, *, slots: int, threads: int = 2) -> None:
        """``name`` one of SYSTEMS."""
        self.name = name
        self._brief, tuned, choosing = SYSTEMS[name]
        self._prompts = PromptBook.load(BRIEF_PROMPTS if self._brief else PROMPTS)
        endpoint = Endpoint(url="", first_token_s=600, total_s=1200)
        self.generator = EmbeddedGenerator(
            endpoint, slots=slots, threads=threads, adapter=adapter if tuned else None,
            choosing=choosing,
        )  # fmt: skip

    async def answer(self, case: Case, base: Knowledge | None = None) -> Answered:
        """Write one answer; ``base`` given: search anew, so that the time counts."""
        begun = time.perf_counter()
        if base is not None:
            await asyncio.to_thread(base.search, case.question, "en", PASSAGES)
        filled = self._filled(case)
        prompt = self._prompts.build(**context.prompt_values(filled, "en"))
        text, finish, first = "", "", 0.0
        try:
            async with aclosing(self.generator.stream(prompt)) as stream:
                async for generation in stream:
                    first = first or time.perf_counter() - begun
                    text, finish = generation.text, generation.finish or finish
        except ModelError as error:
            print(f"  {case.id}: {error.key}", file=sys.stderr)
        return self.judged(case, text, finish, first, time.perf_counter() - begun)

    def judged(
        self, case: Case, text: str, finish: str, first_s: float, total_s: float
    ) -> Answered:
        """An answer with its verdict."""
        verdict = judged(case.question, text, finish, self._filled(case).hits)
        return Answered(
            case=case, text=text, finish=finish, verdict=verdict, first_s=first_s, total_s=total_s
        )

    def _filled(self, case: Case) -> context.Context:
        if self._brief:
            return context.brief(question=case.question, hits=case.hits)
        return context.build(
            question=case.question, hits=case.hits, metrics=(), profile=(), history=(), budget=1200
        )


async def answers(system: System, asked: Sequence[Case], path: Path) -> list[Answered]:
    """All answers, several at a time. Each is kept in ``path`` at once, so a stop costs little."""
    known = await asyncio.to_thread(already, path)
    gate = asyncio.Semaphore(SLOTS)

    async def one(case: Case) -> Answered:
        row = known.get(case.id)
        if row is not None:
            return system.judged(case, row["answer"], row["finish"], row["first_s"], row["total_s"])
        async with gate:
            done = await system.answer(case)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept(done)) + "\n")
        return done

    return list(await asyncio.gather(*(one(case) for case in asked)))


def already(path: Path) -> dict[str, dict[str, Any]]:
    """The answers of a run that was stopped, by case."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def kept(done: Answered) -> dict[str, Any]:
    """An answer as it is written down, for reading and for going on after a stop."""
    return {
        "id": done.case.id, "question": done.case.question, "answer": done.text,
        "finish": done.finish, "gate": done.verdict.gate, "why": done.verdict.why,
        "extractive": done.case.extractive, "first_s": round(done.first_s, 2),
        "total_s": round(done.total_s, 2),
        "coverage": round(_coverage(done, done.verdict.shown), 3),
        "extractive_coverage": round(_coverage(done, done.case.extractive), 3),
    }  # fmt: skip


def report(name: str, done: Sequence[Answered]) -> None:
    """The figures of one system."""
    asked = [a for a in done if not a.case.unanswerable]
    passed = [a for a in asked if a.verdict.gate]
    marks, claims = (_share([getattr(a.verdict, f) for a in asked]) for f in ("marks", "claims"))
    verbatim = [
        _coverage(a, context.brief(question=a.case.question, hits=a.case.hits).values["passages"])
        for a in asked
    ]
    served = [_coverage(a, a.verdict.shown or a.case.extractive) for a in asked]
    alone = [_coverage(a, a.verdict.shown) for a in asked]
    base = [_coverage(a, a.case.extractive) for a in asked]
    low, high = _interval([m - b for m, b in zip(served, base, strict=True)])
    print(f"\n{name}: {len(asked)} questions")
    print(f"  gate passed at the first try {len(passed) / len(asked):.3f}")
    print(f"  … every sentence held {_mean(a.verdict.whole for a in asked):.3f}")
    print(f"  says it has no answer {_mean(a.verdict.declined for a in asked):.3f}")
    print(f"  citation precision {marks:.3f}, recall {claims:.3f} (raw answers)")
    print(f"  coverage as served {_mean(served):.3f}, extractive {_mean(base):.3f}")
    print(f"  … difference {_mean(served) - _mean(base):+.3f} [{low:+.3f}, {high:+.3f}]")
    print(f"  … the model's own answers, 0 where none passed {_mean(alone):.3f}")
    print(f"  … all excerpts of the short prompt {_mean(verbatim):.3f}")
    print(f"  words {_mean(len(a.verdict.shown.split()) for a in passed):.0f}")
    print(f"  … extractive {_mean(len(a.case.extractive.split()) for a in asked):.0f}")
    for part, ours in (("our pages", True), ("MedQuAD", False)):
        chosen = [a for a in asked if ("-" in a.case.id) == ours]
        print(f"  gate, {part} ({len(chosen)}) {_mean(a.verdict.gate for a in chosen):.3f}")
    none = [a for a in done if a.case.unanswerable]
    print(
        f"  answer taken away ({len(none)}): says so {_mean(a.verdict.declined for a in none):.3f}"
    )
    print(f"  … answers from other passages {_mean(a.verdict.gate for a in none):.3f}")


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / max(1, len(every))


def timing(done: Sequence[Answered]) -> None:
    """First token and whole answer, one at a time."""
    for what, values in (("first token", [a.first_s for a in done]),
                         ("whole answer", [a.total_s for a in done])):  # fmt: skip
        ranked = sorted(values)
        print(f"  {what}: p50 {ranked[len(ranked) // 2]:.2f} s,"
              f" p95 {ranked[int(0.95 * (len(ranked) - 1))]:.2f} s over {len(ranked)}")  # fmt: skip
    print(f"  load average {os.getloadavg()[0]:.1f}")


def _coverage(answered: Answered, text: str) -> float:
    return covered(text, answered.case.reference, answered.case.question)


def _share(counts: Sequence[tuple[int, int]]) -> float:
    return sum(good for good, _ in counts) / max(1, sum(every for _, every in counts))


def _interval(differences: Sequence[float], rounds: int = 1000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean."""
    rng = random.Random(SEED)
    means = sorted(
        sum(rng.choices(differences, k=len(differences))) / len(differences) for _ in range(rounds)
    )
    return means[int(0.025 * rounds)], means[int(0.975 * rounds)]


def prepared(args: argparse.Namespace, base: Knowledge) -> list[Case]:
    """The cases, made once: they do not depend on any model."""
    path = args.data / f"cases-{args.questions}-{args.none}.pickle"
    if path.is_file():
        found: list[Case] = pickle.loads(path.read_bytes())
        return found
    rows = [json.loads(line) for line in (args.data / "test.jsonl").read_text().splitlines()]
    begun = time.monotonic()
    found = cases(base, rows, args.questions, args.none)
    print(f"{len(found)} cases in {time.monotonic() - begun:.0f} s", flush=True)
    path.write_bytes(pickle.dumps(found))
    return found


def stamp(adapter: Path) -> str:
    """Names what answered: these weights under these thresholds. Answers of others are not taken
    for theirs when a run goes on after a stop."""
    weights = adapter / "adapter.gguf"
    made = hashlib.sha256(weights.read_bytes() if weights.is_file() else b"")
    thresholds = (deciding.SURE, deciding.ANOTHER, deciding.SAME)
    made.update(repr((thresholds, deciding.SENTENCES, deciding.WORDS)).encode())
    return made.hexdigest()[:8]


async def run(args: argparse.Namespace) -> None:
    """Everything in turn."""
    embedder = MiniLm(threads=args.threads)
    base = knowledge(args.data / "knowledge", sampled(args.medquad), embedder)
    asked = prepared(args, base)
    for name in args.systems.split(";"):
        system = System(name, args.adapter, slots=SLOTS, threads=args.threads)
        await system.generator.warm()
        few = (
            asked
            if name == "tuned"
            else random.Random(SEED).sample(asked, min(args.stock, len(asked)))
        )
        file = (
            args.data
            / f"answers-{name.replace(', ', '-').replace(' ', '-')}-{stamp(args.adapter)}.jsonl"
        )
        done = await answers(system, few[: args.most or None], file)
        report(name, done)
        if args.timed and name == "tuned":
            timing([await system.answer(case, base) for case in asked[-args.timed :]])
        sys.stdout.flush()
        await system.generator.close()
    base.close()


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--medquad", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--adapter", type=Path, default=ADAPTER)
    parser.add_argument("--systems", default="tuned;stock;stock, long prompt")
    parser.add_argument("--questions", type=int, default=520)
    parser.add_argument("--stock", type=int, default=100, help="questions for the stock model")
    parser.add_argument("--none", type=int, default=60, help="questions with no answer left")
    parser.add_argument("--most", type=int, default=0, help="cases a system gets; 0: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--timed", type=int, default=60)
    args = parser.parse_args(given)
    if not args.medquad.is_file() or not (args.data / "test.jsonl").is_file():
        sys.exit("skipped: MedQuAD is not here, or deploy/finetune/data.py has not run")
    if packaged_model() is None:
        sys.exit("skipped: the packaged model is not installed")
    asyncio.run(run(args))


if __name__ == "__main__":
    main()
