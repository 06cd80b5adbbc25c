"""``python -m rag.bench``: hybrid search beside BM25 alone and vectors alone, in one run.

Our own question sets by default; ``--medquad`` and ``--meddialog`` add the large own-answer
tasks (rag.bench_tasks) on data that is not part of this repository; ``--ablation`` shows what
each ingredient adds (rag.bench_ablation).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.evaluate import Question, auroc, mrr, ndcg, percentile, read_questions, recall_at
from rag.evaluate import first_right as rank_of

if TYPE_CHECKING:
    from rag.library import Knowledge
    from rag.retriever import Searcher

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "knowledge" / "pages"
QUESTIONS = ROOT / "tests" / "retrieval"
DEPTH = 150  # chunks looked through for distinct documents

Ranker = Callable[["Searcher", Question], list[str]]


def write(line: str = "") -> None:
    """One line of the report."""
    sys.stdout.write(line + "\n")


def hybrid(searcher: Searcher, question: Question) -> list[str]:
    """Documents as the product ranks them."""
    _, ranked = searcher.rank(question.text, question.lang)
    return documents(searcher, ranked.rows.tolist())


def words_only(searcher: Searcher, question: Question) -> list[str]:
    """BM25 alone over the question's own words: no synonyms, no glossary, no spelling."""
    from rag.fuse import best
    from rag.tokens import terms

    weights = dict.fromkeys(terms(question.text), 1.0)
    words = searcher.index.words
    scores = words.scores(weights, "head") + words.scores(weights, "body")
    return documents(searcher, best(scores, DEPTH).tolist())


def vectors_only(searcher: Searcher, question: Question) -> list[str]:
    """Vectors alone on the question as asked, by the embedder of its language."""
    reader = searcher.embedders.en if question.lang == "en" else searcher.embedders.zh
    space = searcher.index.spaces.get(question.lang)
    if reader is None or space is None:
        return []
    places, _ = space.vectors.nearest(reader.query(question.text), DEPTH)
    return documents(searcher, space.row_of[places].tolist())


RANKERS: dict[str, Ranker] = {
    "hybrid": hybrid,
    "BM25 alone": words_only,
    "vectors alone": vectors_only,
}


def documents(searcher: Searcher, rows: Iterable[int]) -> list[str]:
    """The document ids of rows, in order, repetitions kept."""
    ids = searcher.index.rows.ids
    return [ids[row].decode().rsplit("#", 1)[0] for row in rows]


def pages_report(knowledge: Knowledge, folder: Path) -> None:
    """recall, MRR and nDCG on our own questions, AUROC against off-topic ones, latency."""
    asked = [q for p in sorted(folder.glob("questions_*.jsonl")) for q in read_questions(p)]
    off = read_questions(folder / "offtopic.jsonl")
    searcher = knowledge.searcher()
    write(f"{len(asked)} questions on our pages, a right page of the asker's language wanted")
    write(f"{'':15}{'':4}{'':6}{'n':>5} {'R@1':>6} {'R@3':>6} {'R@5':>6} {'MRR':>6} {'nDCG':>6}")
    for name, ranker in RANKERS.items():
        for lang in ("en", "zh"):
            spoken = [q for q in asked if q.lang == lang]
            found = [ranker(searcher, q) for q in spoken]
            for split in ("dev", "test", "all"):
                chosen = [i for i, q in enumerate(spoken) if split in (q.split, "all")]
                _line(name, lang, split, [spoken[i] for i in chosen], [found[i] for i in chosen])
    _relevance(knowledge, asked, off)
    _latency(knowledge, asked)


def _line(
    name: str, lang: str, split: str, asked: Sequence[Question], found: Sequence[list[str]]
) -> None:
    right = [[f"{q.lang}/{slug}" for slug in q.docs] for q in asked]
    ranks = [rank_of(f, r) for f, r in zip(found, right, strict=True)]
    gain = [ndcg(f, r) for f, r in zip(found, right, strict=True)]
    recalls = " ".join(f"{recall_at(ranks, k):6.3f}" for k in (1, 3, 5))
    mean = sum(gain) / len(gain) if gain else 0.0
    write(f"{name:15}{lang:4}{split:6}{len(asked):5d} {recalls} {mrr(ranks):6.3f} {mean:6.3f}")


def _relevance(knowledge: Knowledge, asked: Sequence[Question], off: Sequence[Question]) -> None:
    write()
    write("relevance       n in / off   AUROC   in-scope kept   off-topic let through")
    for lang in ("en", "zh"):
        for split in ("dev", "test", "all"):
            inside = [q for q in asked if q.lang == lang and split in (q.split, "all")]
            outside = [q for q in off if q.lang == lang and split in (q.split, "all")]
            a = [knowledge.search(q.text, q.lang, 5) for q in inside]
            b = [knowledge.search(q.text, q.lang, 5) for q in outside]
            area = auroc([r.confidence for r in a], [r.confidence for r in b])
            kept = sum(r.relevant for r in a) / max(1, len(a))
            let = sum(r.relevant for r in b) / max(1, len(b))
            write(
                f"{lang:4}{split:6} {len(a):6d} / {len(b):3d}  {area:6.3f} {kept:12.3f} {let:16.3f}"
            )


def _latency(knowledge: Knowledge, asked: Sequence[Question]) -> None:
    times: list[float] = []
    for question in asked:
        start = time.perf_counter()
        knowledge.search(question.text, question.lang)
        times.append((time.perf_counter() - start) * 1000)
    write()
    write(
        f"search incl. embedding: p50 {percentile(times, 0.5):.1f} ms, "
        f"p95 {percentile(times, 0.95):.1f} ms over {len(times)} questions"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the report; returns the exit code."""
    from rag import models
    from rag.library import Knowledge

    parser = argparse.ArgumentParser(prog="python -m rag.bench", description=__doc__)
    parser.add_argument("--medquad", type=Path, help="medquad_16407.jsonl: own-answer task")
    parser.add_argument("--meddialog", type=Path, help="meddialog_dev.jsonl: own-answer task")
    parser.add_argument("--cache", type=Path, help="folder that keeps the built indexes")
    parser.add_argument("--ablation", action="store_true", help="what each ingredient adds")
    parser.add_argument("--growth", type=int, nargs="*", help="time and memory at these sizes")
    parser.add_argument("--fit", action="store_true", help="fit the judgement on the dev halves")
    parser.add_argument("--fit-aspects", action="store_true", help="write knowledge/aspects.json")
    parser.add_argument("--fit-ranking", action="store_true", help="fit the weights of fuse.py")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="salus-bench-") as folder:
        cache = options.cache or Path(folder)
        if options.fit_aspects:
            from rag.bench_aspects import fit_aspects

            fit_aspects(options.medquad)
            return 0
        if options.growth is not None:
            from rag.bench_growth import SIZES, growth

            growth(options.medquad, cache / "medquad", options.growth or SIZES)
            return 0
        knowledge = Knowledge.open(
            cache / "pages", pages_dir=PAGES, embedder=models.packaged(cache=0)
        )  # no cache of query vectors, so that times are honest
        try:
            _ours(knowledge, options, cache)
        finally:
            knowledge.close()
        _large(options, cache)
    return 0


def _ours(knowledge: Knowledge, options: argparse.Namespace, cache: Path) -> None:
    """What is measured or fitted with our own pages open."""
    if options.fit:
        from rag.bench_fit import fit_report

        fit_report(knowledge, QUESTIONS)
    elif options.fit_ranking:
        from rag.bench_ranking import fit_ranking

        fit_ranking(knowledge, QUESTIONS, options.medquad, cache)
    else:
        pages_report(knowledge, QUESTIONS)
    if options.ablation:
        from rag.bench_ablation import ablation

        ablation(knowledge, QUESTIONS, options.medquad, cache)


def _large(options: argparse.Namespace, cache: Path) -> None:
    """The large tasks whose data were given."""
    from rag import bench_tasks

    if options.fit or options.fit_ranking:
        return
    if options.medquad:
        bench_tasks.medquad(options.medquad, cache / "medquad")
        consumer = bench_tasks.consumer_task(options.medquad, QUESTIONS)
        bench_tasks.measured(consumer, cache / "medquad")
    if options.meddialog:
        bench_tasks.meddialog(options.meddialog, cache / "meddialog")


if __name__ == "__main__":
    sys.exit(main())
