"""The canary: its file, its verdicts, and our own questions on our own pages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import canary
from rag.evaluate import read_questions
from rag.library import Knowledge
from rag.pages import page_files
from rag.types import PageError

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"id": "a", "lang": "en", "text": "How much salt?", "docs": ["en/salt"]}


def outcome(**found: bool) -> canary.Outcome:
    """What was found of each question."""
    return canary.Outcome(found=found)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nonsense", "is not JSON"),
        ("[1]", "must be an object"),
        (json.dumps(GOOD | {"id": ""}), "id: is missing"),
        (json.dumps(GOOD | {"text": 5}), "text: is missing"),
        (json.dumps(GOOD | {"lang": "fr"}), "lang: must be"),
        (json.dumps(GOOD | {"docs": []}), "docs: must be"),
        (json.dumps(GOOD | {"docs": "en/salt"}), "docs: must be"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    """File, line and fault are told, and the linter tells the same."""
    path = tmp_path / "canary.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n" + line, encoding="utf-8")
    with pytest.raises(PageError, match=rf"canary\.jsonl:3: {fault}"):
        canary.read(path)
    assert fault in canary.lint([path], ["en/salt"])[0]


def test_files_are_laid_over_each_other(tmp_path: Path) -> None:
    """A missing file is none, a later id replaces an earlier one, an unreadable one is named."""
    one, two, bad = (tmp_path / name for name in ("1.jsonl", "2.jsonl", "3.jsonl"))
    one.write_text(json.dumps(GOOD))
    two.write_text(json.dumps(GOOD | {"text": "Salt a day?"}))
    bad.write_bytes(b"\xff\xfe\xff")
    (question,) = canary.read(one, tmp_path / "none", two)
    assert question.text == "Salt a day?"
    with pytest.raises(PageError, match="UTF-8"):
        canary.read(bad)
    assert canary.lint([one], ["en/sugar"]) == [f"{one}: a: there is no document en/salt"]


@pytest.mark.parametrize(
    ("before", "after", "blocked"),
    [
        (20, 20, False),
        (20, 19, False),  # one may be lost
        (20, 18, True),  # two may not
        (18, 18, False),  # .9 is enough
        (17, 17, False),  # it was no better before: nothing is lost
        (18, 17, True),  # below .9 and worse than before
        (10, 15, False),  # better than it was
    ],
)
def test_the_verdict_on_twenty_questions(before: int, after: int, blocked: bool) -> None:
    """More than one lost, or below nine tenths and falling, blocks."""
    was = outcome(**{f"q{i}": i < before for i in range(20)})
    now = outcome(**{f"q{i}": i < after for i in range(20)})
    report = canary.compare(was, now)
    assert bool(report.blocked) == blocked
    assert (report.found, report.before_found) == (after, before)
    assert report.recall == after / 20
    assert len(report.missed) == 20 - after


def test_the_first_version_has_only_the_floor() -> None:
    """Without anything before, nine tenths decide; without questions, nothing does."""
    assert canary.compare(canary.Outcome(), outcome(a=True, b=False)).blocked
    assert not canary.compare(canary.Outcome(), outcome(a=True)).blocked
    empty = canary.compare(canary.Outcome(), canary.Outcome())
    assert (empty.blocked, empty.recall) == ("", 1.0)


@given(
    was=st.dictionaries(st.sampled_from("abcdefgh"), st.booleans()),
    now=st.dictionaries(st.sampled_from("abcdefgh"), st.booleans()),
)
def test_nothing_lost_is_never_blocked(was: dict[str, bool], now: dict[str, bool]) -> None:
    """If every shared question found before is found now, a publish passes, or it had none."""
    report = canary.compare(outcome(**was), outcome(**now))
    shared = set(was) & set(now)
    if shared and all(now[name] for name in shared if was[name]):
        assert report.blocked == ""
    assert report.before == len(shared)
    assert report.questions == len(now)


def test_our_canary_fits_our_pages() -> None:
    """Every expected page exists, both languages are asked, and no test question is repeated."""
    known = [f"{path.parent.name}/{path.stem}" for path in page_files(ROOT / "knowledge" / "pages")]
    assert canary.lint([canary.SHIPPED], known) == []
    questions = canary.read(canary.SHIPPED)
    for lang in ("en", "zh"):
        assert sum(q.lang == lang for q in questions) >= 40
    folder = ROOT / "tests" / "retrieval"
    asked = {q.text for p in folder.glob("*.jsonl") for q in read_questions(p)}
    assert asked.isdisjoint(q.text for q in questions)


def test_a_release_passes_its_own_canary(knowledge_dir: Path, tmp_path: Path) -> None:
    """The shipped pages, searched as shipped, find at least nine tenths in each language."""
    shutil.copytree(knowledge_dir, tmp_path / "kb")
    knowledge = Knowledge.open(tmp_path / "kb")
    try:
        questions = canary.read(*knowledge.canary_files)
        found = canary.ask(knowledge.searcher(), questions).found
        assert len(found) == len(questions)
        for lang in ("en", "zh"):
            spoken = [found[q.id] for q in questions if q.lang == lang]
            assert sum(spoken) >= canary.FLOOR * len(spoken)
    finally:
        knowledge.close()
