"""What a question asks for, the features of candidates, and the fits behind both."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import aspects, features, lexical
from rag.bench_ablation import WITHOUT, ablation
from rag.bench_aspects import Example, choose, fit, presence
from rag.bench_ranking import Sample
from rag.bench_ranking import fit as fit_weights
from rag.bench_setup import measure, ours
from rag.bench_tasks import consumer_task, read_rows
from rag.evaluate import read_questions
from rag.fuse import Weights
from rag.lexical import FieldText
from rag.query import understand
from rag.types import Lang, PageError
from tests.rag.support import Open, write_page

QUESTIONS = Path(__file__).resolve().parents[1] / "retrieval"
SHIPPED = aspects.shipped()


def wish(text: str) -> set[str]:
    """The aspects a question is taken to ask for."""
    asked = SHIPPED.asked(text, "zh" if any(ch > "\u3400" for ch in text) else "en")
    return {name for name, share in zip(SHIPPED.names, asked, strict=True) if share}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what causes gout", {"causes"}),
        ("how do i get rid of piles", {"treatment"}),
        ("what is lupus", {"what"}),
        ("what are the signs of a stroke", {"symptoms"}),
        ("is cystic fibrosis passed down", {"inheritance"}),
        ("my knee, my poor knee", {"what", "symptoms"}),
        ("高血压怎么预防", {"prevention"}),
        ("痛风", set()),
    ],
)
def test_what_a_question_wants_to_know(text: str, expected: set[str]) -> None:
    """Plain wording is read right; a story without a question is half of what and how it shows."""
    assert wish(text) == expected


@given(st.text(max_size=200), st.sampled_from(["en", "zh"]))
def test_a_wish_is_never_more_than_one(text: str, lang: Lang) -> None:
    """For any text the shares add up to one, or to less."""
    assert sum(SHIPPED.asked(text, lang)) <= 1 + 1e-9


def test_answers_are_told_by_their_words(tmp_path: Path) -> None:
    """A chunk about treatment is a likelier answer to that than to who inherits it."""
    texts = ["Treatment with surgery or medicines may relieve it.", "It is inherited from parents."]
    lexical.build(tmp_path / "words", [FieldText(head="", body=text) for text in texts])
    table = SHIPPED.table(lexical.load(tmp_path / "words", 2)).astype(float)
    place = SHIPPED.place
    assert table[0, place["treatment"]] > table[0, place["inheritance"]]
    assert table[1, place["inheritance"]] > table[1, place["treatment"]]
    assert table.max() <= 0
    assert table.min() >= aspects.LEAST


def test_broken_aspects_are_named(tmp_path: Path) -> None:
    """Files that do not fit together, or are none, are refused by name."""
    with pytest.raises(PageError, match=r"aspects\.yaml"):
        aspects.load_aspects(tmp_path)
    (tmp_path / "aspects.yaml").write_text("a: {en: [why], zh: [为什么]}", encoding="utf-8")
    with pytest.raises(PageError, match=r"aspects\.json"):
        aspects.load_aspects(tmp_path)
    fitted = {"aspects": ["b"], "terms": {"x": [1.0]}, "bias": [0.0]}
    (tmp_path / "aspects.json").write_text(json.dumps(fitted), encoding="utf-8")
    with pytest.raises(PageError, match="in order"):
        aspects.load_aspects(tmp_path)


def test_the_fit_of_aspects_learns_their_words() -> None:
    """Words that only one aspect uses decide for it; words of both are not chosen first."""
    used = [
        Example(words=frozenset({"both", word}), aspect=name, opens=True)
        for name, word in (("causes", "because"), ("tests", "scan"))
        for _ in range(40)
    ]
    vocabulary = choose(used)
    assert set(vocabulary[:2]) == {"because", "scan"}
    weights = fit(used, vocabulary, ["causes", "tests"])
    guess = (presence(used, vocabulary) @ weights).argmax(axis=1)
    assert Counter(guess.tolist()) == {0: 40, 1: 40}
    assert guess[0] == 0


def test_the_fit_of_weights_finds_the_telling_feature() -> None:
    """A feature that marks the right document gains weight over one that is noise."""
    rng = np.random.default_rng(3)
    some = []
    for _ in range(30):
        values = rng.random((12, len(features.NAMES)))
        right = np.zeros(12, dtype=bool)
        right[rng.integers(12)] = True
        values[:, 9] = np.where(right, 0.8, 0.2) + 0.1 * rng.random(12)
        some.append(Sample(values=values, docs=np.arange(12), right=right))
    weights = fit_weights([some])
    assert weights[9] == max(weights)
    hits = [s.right[(s.values @ weights).argmax()] for s in some]
    assert np.mean(hits) > 0.9


def test_features_of_a_real_search(open_knowledge: Open, tmp_path: Path) -> None:
    """The page asked for covers its head best, and all features are finite numbers."""
    for name in ("en/sleep", "en/salt", "en/burns"):
        write_page(tmp_path / "pages", name)
    searcher = open_knowledge(pages_dir=tmp_path / "pages").searcher()
    query = understand("first aid for burns", "en", searcher._lists)
    _, ranked = searcher.rank("first aid for burns", "en")
    assert searcher.index.rows.ids[ranked.rows[0]].startswith(b"en/burns")
    assert ((ranked.score >= 0) & (ranked.score <= 1)).all()
    made = features.tables(searcher.index)
    assert made is features.tables(searcher.index)
    assert made.chunks.sum() == len(searcher.index.rows.ids)
    assert sum(query.asks) <= 1


def test_no_candidates_give_no_features(open_knowledge: Open) -> None:
    """An empty knowledge base is searched without fuss."""
    result = open_knowledge().search("gout", "en")
    assert result.hits == ()


def test_weights_bring_scores_into_the_unit_interval() -> None:
    """The best possible features give 1, none give 0."""
    weights = Weights()
    ones = np.ones((1, len(features.NAMES)), dtype=np.float32)
    assert weights.weigh(ones)[0] == pytest.approx(1.0, abs=0.05)
    assert weights.weigh(0 * ones)[0] == 0.0


def test_the_ablation_leaves_out_one_part_at_a_time(
    open_knowledge: Open, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every ingredient has a line, and without any ranker but words a plain question still hits."""
    for name in ("en/sleep", "en/salt", "en/burns", "zh/salt"):
        write_page(tmp_path / "pages", name)
    asked = [
        {"id": f"q{i}", "lang": lang, "text": text, "docs": ["salt"]}
        for i in range(6)
        for lang, text in (("en", "how much salt is too much"), ("zh", "吃多少盐算多"))
    ]
    lines = "\n".join(json.dumps(row) for row in asked)
    (tmp_path / "questions_x.jsonl").write_text(lines, encoding="utf-8")
    ablation(open_knowledge(pages_dir=tmp_path / "pages"), tmp_path, None, tmp_path)
    shown = capsys.readouterr().out
    for name in ("everything", "no spelling", "with the graph", *WITHOUT):
        assert name in shown
    assert shown.count("1.000 / 1.000") >= 2 * len(WITHOUT)


# --- the consumers' questions -------------------------------------------------


def test_consumer_questions_are_sound() -> None:
    """At least 200, each with answers, halves as the ids say, no question twice."""
    halves = {name: read_rows(QUESTIONS / f"consumer_{name}.jsonl") for name in ("dev", "test")}
    both = [row for rows in halves.values() for row in rows]
    assert len(both) >= 200
    assert min(map(len, halves.values())) >= 90
    assert len({row["id"] for row in both}) == len({row["text"] for row in both}) == len(both)
    assert all(len(key) == 16 for row in both for key in row["answers"])
    assert all(row["answers"] for row in both)
    for name in halves:
        assert {q.split for q in read_questions(QUESTIONS / f"consumer_{name}.jsonl")} == {name}


def test_consumer_answers_are_in_medquad(shared_data: Path) -> None:
    """Every key names a row of the data they are measured on."""
    task = consumer_task(shared_data / "knowledge" / "medquad_16407.jsonl", QUESTIONS)
    assert all(task.right(q) for q in task.questions)


def test_measuring_counts_the_asker_s_own_language() -> None:
    """A perfect ranking measures 1, an empty one 0."""

    class Perfect:
        def documents(self, question: object) -> list[str]:
            return [f"en/{slug}" for slug in question.docs]  # type: ignore[attr-defined]

    class Nothing:
        def documents(self, question: object) -> list[str]:
            return []

    asked = ours(QUESTIONS, "en")
    best, found = measure(Perfect(), asked, "dev")  # type: ignore[arg-type]
    assert best == pytest.approx(1.0)
    assert found == 1.0
    assert measure(Nothing(), asked, "dev") == (0.0, 0.0)  # type: ignore[arg-type]
