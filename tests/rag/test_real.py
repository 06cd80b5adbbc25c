"""The shipped pages with the real model and Chroma: the bars the product promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import bench, bench_tasks
from rag.evaluate import auroc, first_right, read_questions, recall_at
from rag.langchain import as_langchain
from rag.library import Knowledge

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "tests" / "retrieval"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def knowledge(knowledge_dir: Path) -> Iterator[Knowledge]:
    """The shipped knowledge base."""
    opened = Knowledge.open(knowledge_dir, pages_dir=ROOT / "knowledge" / "pages")
    yield opened
    opened.close()


@pytest.mark.parametrize(("lang", "bar"), [("en", 0.95), ("zh", 0.90)])
def test_recall_on_our_questions(knowledge: Knowledge, lang: str, bar: float) -> None:
    """A right page of the asker's language is among the first five distinct documents."""
    asked = [q for p in sorted(QUESTIONS.glob("questions_*.jsonl")) for q in read_questions(p)]
    searcher = knowledge.searcher()
    ranks = [
        first_right(bench.hybrid(searcher, q), [f"{lang}/{d}" for d in q.docs])
        for q in asked
        if q.lang == lang
    ]
    assert len(ranks) >= 200
    assert recall_at(ranks, 5) >= bar


@pytest.mark.parametrize(("lang", "first", "shown"), [("en", 0.85, 0.95), ("zh", 0.80, 0.95)])
def test_the_section_that_answers_is_found(
    knowledge: Knowledge, lang: str, first: float, shown: float
) -> None:
    """The section whose heading asks the same leads mostly, and is nearly always shown."""
    lines = (QUESTIONS / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [row for row in map(json.loads, lines) if row["lang"] == lang]
    found = [
        [h.passage.section for h in knowledge.search(row["text"], row["lang"]).hits]
        for row in asked
    ]
    leads = [row["section"] == sections[0] for row, sections in zip(asked, found, strict=True)]
    among = [row["section"] in sections for row, sections in zip(asked, found, strict=True)]
    assert sum(leads) / len(asked) >= first
    assert sum(among) / len(asked) >= shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_off_topic_questions_get_less_confidence(knowledge: Knowledge, lang: str) -> None:
    """AUROC between in-scope and off-topic questions is at least 0.95 on the test halves."""
    asked = [q for p in sorted(QUESTIONS.glob("questions_*.jsonl")) for q in read_questions(p)]
    off = read_questions(QUESTIONS / "offtopic.jsonl")
    inside, outside = (
        [
            knowledge.search(q.text, q.lang).confidence
            for q in questions
            if q.lang == lang and q.split == "test"
        ]
        for questions in (asked, off)
    )
    assert auroc(inside, outside) >= 0.95


@pytest.mark.parametrize(
    ("question", "doc"),
    [
        ("why am I tired?", "en/tiredness"),
        ("为什么我总是觉得累？", "zh/tiredness"),
        ("how much salt a day", "en/salt"),
        ("打呼噜怎么办", "zh/sleep-apnoea"),
    ],
)
def test_everyday_questions_find_their_page(knowledge: Knowledge, question: str, doc: str) -> None:
    """Plain questions are relevant and lead to the page about them."""
    result = knowledge.search(question)
    assert result.relevant
    assert result.hits[0].passage.doc == doc
    assert result.hits[0].passage.sources


@pytest.mark.parametrize(
    "question", ["how do I reverse a linked list", "红烧肉的做法大全", "asdf qwer"]
)
def test_other_matters_are_not_ours(knowledge: Knowledge, question: str) -> None:
    """What health pages cannot answer is called irrelevant."""
    assert not knowledge.search(question).relevant


async def test_langchain_gets_documents_or_none(knowledge: Knowledge) -> None:
    """The LangChain retriever carries sources, and is empty off topic."""
    retriever = as_langchain(knowledge, limit=3)
    found = retriever.invoke("how much sleep do adults need")
    assert len(found) == 3
    assert found[0].metadata["doc"] == "en/sleep-adults"
    assert found[0].metadata["sources"][0]["url"].startswith("https://")
    assert await retriever.ainvoke("how do I centre a div in css") == []


def test_the_bench_reports_every_ranker(
    knowledge: Knowledge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report shows hybrid beside both single rankers, both languages, both halves."""
    for name in ("questions_a.jsonl", "offtopic.jsonl"):
        lines = (QUESTIONS / name).read_text(encoding="utf-8").splitlines()
        (tmp_path / name).write_text("\n".join(lines[::6]), encoding="utf-8")
    bench.pages_report(knowledge, tmp_path)
    shown = capsys.readouterr().out
    for word in ("hybrid", "BM25 alone", "vectors alone", "AUROC", "p95", "dev", "test", "zh"):
        assert word in shown


def test_own_answer_tasks_run_on_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two large tasks run on a handful of rows and find obvious answers."""
    topics = ("asthma", "gout", "migraine", "anaemia", "eczema", "stroke")
    rows = [
        f'{{"focus":"{t}","question":"What is {t}?","answer":"{t} is a condition."}}'
        for t in topics
    ]
    path = tmp_path / "medquad.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    bench_tasks.medquad(path, tmp_path / "kb")
    words = ("哮喘", "痛风", "偏头痛", "贫血", "湿疹", "中风")
    chinese = [f'{{"title":"{w}怎么办","ask":"{w}吃什么","answer":"{w}要看医生。"}}' for w in words]
    path.write_text("\n".join(chinese), encoding="utf-8")
    bench_tasks.meddialog(path, tmp_path / "kb-zh")
    shown = capsys.readouterr().out
    assert shown.count("R@1 1.000") >= 4
    assert "MedDialog by ask" in shown


def test_the_bench_command_measures_and_fits(
    tmp_path: Path, pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m rag.bench --fit`` prints report and coefficients for both languages."""
    rows = [
        f'{{"id":"{lang}{i}","lang":"{lang}","text":"{text} {i}","docs":["{doc}"]}}'
        for lang, text, doc in (("en", "how much salt", "salt"), ("zh", "吃盐多少", "salt"))
        for i in range(8)
    ]
    (tmp_path / "questions_x.jsonl").write_text("\n".join(rows), encoding="utf-8")
    off = [row.replace('"id":"', '"id":"off') for row in rows]
    off = [
        row.replace("how much salt", "linked list").replace("吃盐多少", "汽车轮胎") for row in off
    ]
    (tmp_path / "offtopic.jsonl").write_text("\n".join(off), encoding="utf-8")
    monkeypatch.setattr(bench, "PAGES", pages)
    monkeypatch.setattr(bench, "QUESTIONS", tmp_path)
    assert bench.main(["--fit", "--cache", str(tmp_path / "cache")]) == 0
    shown = capsys.readouterr().out
    assert "en: cosine, matched, known, bias = " in shown
    assert "zh test: AUROC" in shown
    missing = tmp_path / "none.jsonl"
    with pytest.raises(FileNotFoundError):
        bench.main(["--medquad", str(missing)])


@pytest.mark.parametrize(
    ("question", "never"),
    [
        ("high blood sugar what to do", "en/low-blood-sugar"),
        ("my blood sugar is high", "en/low-blood-sugar"),
        ("血糖高怎么办", "zh/low-blood-sugar"),
        ("my blood pressure is low", "en/high-blood-pressure"),
        ("血压低怎么办", "zh/high-blood-pressure"),
    ],
)
def test_the_opposite_never_leads(knowledge: Knowledge, question: str, never: str) -> None:
    """On our own pages, with the real search."""
    hits = knowledge.search(question, limit=6).hits
    assert hits[0].passage.doc != never
    assert sum(hit.passage.doc == never for hit in hits[:3]) == 0
