"""High is not low: nobody with high blood sugar is told to drink juice."""

from __future__ import annotations

import pytest

from rag.opposites import sides


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
        ("how can i lower my blood pressure", {"pressure": "high"}),
        ("get my blood pressure down without pills", {"pressure": "high"}),
        ("foods that lower blood sugar", {"sugar": "high"}),
        ("降低血糖的食物", {"sugar": "high"}),
        ("血压降不下来怎么办", {"pressure": "high"}),
        ("how do i raise my blood pressure", {"pressure": "low"}),
        ("怎么升血压", {"pressure": "low"}),
        ("my blood pressure went down", {}),
        ("what raises blood pressure", {}),
        ("can high blood sugar become low blood sugar overnight", {}),
        ("what is a normal blood sugar", {}),
        ("feeling low, low mood", {}),
    ],
)
def test_what_side_a_text_is_about(text: str, said: dict[str, str]) -> None:
    """Only a plain side counts, and both are none; whoever wants to lower something has it high."""
    assert sides(text) == said
