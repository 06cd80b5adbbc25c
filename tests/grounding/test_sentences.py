"""Where sentences end, in both languages and while a text is still growing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grounding.sentences import complete_sentences, parse_sentences, split_sentences


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("Sleep 7.5 hours. Rest!", ["Sleep 7.5 hours.", "Rest!"], id="decimal"),
        pytest.param(
            "Ask Dr. Smith e.g. today. Go.", ["Ask Dr. Smith e.g. today.", "Go."], id="abbr"
        ),
        pytest.param(
            "At 8 p.m. you rest. Eat etc. Then",
            ["At 8 p.m. you rest.", "Eat etc.", "Then"],
            id="soft",
        ),
        pytest.param("Take vitamin C. Rest.", ["Take vitamin C.", "Rest."], id="vitamin"),
        pytest.param("By J. Smith et al. in 2020.", ["By J. Smith et al. in 2020."], id="initial"),
        pytest.param(
            "H. pylori is a germ. E. coli and C. difficile are others. Take vitamin C. Rest.",
            [
                "H. pylori is a germ.",
                "E. coli and C. difficile are others.",
                "Take vitamin C.",
                "Rest.",
            ],
            id="genus",
        ),
        pytest.param(
            "One. [1] Two.[2][3] Three [1, 2].",
            ["One. [1]", "Two.[2][3]", "Three [1, 2]."],
            id="marks",
        ),
        pytest.param(
            "睡7小时。[1][2]好吗？好！", ["睡7小时。[1][2]", "好吗？", "好！"], id="chinese"
        ),
        pytest.param(
            "他说“要多睡。”然后走了。", ["他说“要多睡。”", "然后走了。"], id="closing quote"
        ),
        pytest.param(
            "Do this:\n- Walk.\n2. Rest\n3）睡觉",
            ["Do this:", "Walk.", "Rest", "3）睡觉"],
            id="items",
        ),
        pytest.param("Wait... what?! Yes.", ["Wait...", "what?!", "Yes."], id="runs"),
        pytest.param("See example.com now.", ["See example.com now."], id="address"),
        pytest.param("", [], id="empty"),
    ],
)
def test_splits_as_a_reader_would(text: str, wanted: list[str]) -> None:
    """Sentences are those a reader sees, marks kept with the sentence they belong to."""
    assert split_sentences(text) == wanted


def test_knows_items_and_paragraphs() -> None:
    """A list item is told from prose, and an empty line starts a paragraph."""
    found = parse_sentences("Lead:\n- One.\n\nNext.")
    assert [(s.item, s.paragraph) for s in found] == [(False, 0), (True, 0), (False, 1)]


def test_growing_text_gives_only_what_is_finished() -> None:
    """While a text streams, a sentence is only handed out once its mark could no longer come."""
    assert complete_sentences("Sleep 7 hours.") == ([], "Sleep 7 hours.")
    assert complete_sentences("Sleep 7 hours. [1") == ([], "Sleep 7 hours. [1")
    done, rest = complete_sentences("Sleep 7 hours. [1] Ea")
    assert (done, rest) == (["Sleep 7 hours. [1]"], " Ea")
    assert complete_sentences("Sleep.\n") == (["Sleep."], "\n")
    assert complete_sentences("睡7小时。[1]多") == (["睡7小时。[1]"], "多")
    assert complete_sentences("  ") == ([], "  ")
    listed = "Try this:\n- Walk. Rest. [1]\n\n- Sleep. And"
    assert complete_sentences(listed) == (
        ["Try this:", "\n- Walk.", " Rest. [1]", "\n\n- Sleep."], " And",
    )  # fmt: skip


@given(st.text(alphabet='aB1 .!?。！[]\n-、"”', max_size=120))
def test_every_sentence_is_an_exact_piece(text: str) -> None:
    """No character is changed: each sentence is the slice it says it is, in order."""
    position = 0
    for sentence in parse_sentences(text):
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.start >= position
        position = sentence.end


@given(st.text(alphabet="ab 1.。[]\n", max_size=60))
def test_pieces_and_rest_are_the_text(text: str) -> None:
    """What is not finished yet comes back unchanged."""
    done, rest = complete_sentences(text)
    assert "".join(done) + rest == text


def test_endless_sentence_is_cut() -> None:
    """Text without any full stop is cut, so that later work stays linear."""
    assert max(len(s) for s in split_sentences("word " * 2000)) <= 1000
    assert max(len(s) for s in split_sentences("长" * 3000)) <= 1000
