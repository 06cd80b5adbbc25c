"""Texts that say the same are found, word for word or nearly, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.ingest.duplicates import THRESHOLD, Duplicate, duplicates

WORDS = (
    "gout is a kind of arthritis that causes sudden and severe pain in one joint most often the "
    "big toe it comes at night and goes after some days or weeks people who had it once often "
    "have it again because uric acid stays high in their blood so eating less meat and drinking "
    "less beer helps as do medicines that a doctor may give for years to come if it returns"
).split()


def test_word_for_word_repetitions() -> None:
    """Case, blanks and punctuation do not matter; the first is the one repeated."""
    texts = ["Drink water.", "Rest.", "drink  WATER", "", "Drink water!", ""]
    assert duplicates(texts) == [
        Duplicate(doc=2, of=0, share=1.0),
        Duplicate(doc=4, of=0, share=1.0),
    ]


def test_one_changed_word_is_nearly_the_same() -> None:
    """The share is the true Jaccard index of five-word runs."""
    long = WORDS * 3
    changed = [*long[:-1], "other"]
    (found,) = duplicates([" ".join(long), " ".join(changed), " ".join(reversed(long))])
    assert (found.doc, found.of) == (1, 0)
    assert THRESHOLD <= found.share < 1


def test_chinese_texts_are_compared_by_characters() -> None:
    """There are no blanks to cut words at."""
    text = (
        "痛风是一种常见的关节炎，多在夜间突然发作，大脚趾的关节又红又肿，疼得厉害，"
        "一般几天到两周会自己缓解。平时要少喝酒，多喝水，少吃动物内脏。"
    )
    (found,) = duplicates([text, "多喝水有益健康" * 5, text.replace("两周", "三周")], 0.7)
    assert (found.doc, found.of) == (2, 0)


def test_the_same_template_about_two_diseases_stays_apart() -> None:
    """Answers that differ only in the name of a disease differ in what matters."""
    template = (
        "This condition is inherited in an autosomal dominant pattern, which means one copy of the "
        "altered gene in each cell is enough. {0} is rare. Ask a doctor about {0}."
    )
    assert duplicates([template.format("Gout"), template.format("Myhre syndrome")]) == []


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(alphabet="abc 健康\u0301", max_size=60), max_size=12))
def test_any_texts_can_be_compared(texts: list[str]) -> None:
    """Every pair points backwards, and equal texts are always found."""
    found = {d.doc: d for d in duplicates(texts)}
    for place, duplicate in found.items():
        assert duplicate.of < place
        assert 0 < duplicate.share <= 1
    for place, text in enumerate(texts):
        if text in texts[:place] and any(ch.isalnum() for ch in text):
            assert found[place].share == 1.0


@pytest.mark.shared_data
@pytest.mark.slow
def test_medquad_repetitions(shared_data: Path) -> None:
    """Of the last 4,000 answers; of all 16,407 it is 599 word for word and 77 nearly."""
    rows = (shared_data / "knowledge" / "medquad_16407.jsonl").read_text("utf-8").splitlines()
    found = duplicates([json.loads(row)["answer"] for row in rows[-4000:]])
    assert sum(d.share == 1 for d in found) == 69
    assert sum(d.share < 1 for d in found) == 5
