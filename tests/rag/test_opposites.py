"""High is not low: nobody with high blood sugar is told to drink juice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import ROOT
from rag.library import Knowledge
from rag.opposites import sides

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def knowledge(knowledge_dir: Path) -> Iterator[Knowledge]:
    """Our pages with the real embedders."""
    opened = Knowledge.open(knowledge_dir, pages_dir=ROOT / "knowledge" / "pages")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blood sugar high i am 65", {"sugar": "high"}),
        ("my blood sugar is really high", {"sugar": "high"}),
        ("High blood pressure", {"pressure": "high"}),
        ("my bp drops when i stand up", {"pressure": "low"}),
        ("Low blood sugar (hypoglycaemia)", {"sugar": "low"}),
        ("血糖有点高怎么办", {"sugar": "high"}),
        ("低血压要紧吗", {"pressure": "low"}),
        ("how can i lower my blood pressure", {}),
        ("can high blood sugar become low blood sugar overnight", {}),
        ("what is a normal blood sugar", {}),
        ("feeling low, low mood", {}),
    ],
)
def test_what_side_a_text_is_about(text: str, said: dict[str, str]) -> None:
    """Only a plain side counts; both, or to lower something, is none."""
    assert sides(text) == said


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
