"""Knowledge gaps: which questions belong together, and which of them may be shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag import gaps
from rag.gaps import Asked
from tests.rag.support import Open


def asked(text: str, who: str = "a", lang: str = "en", why: str = "nothing") -> Asked:
    """One question that was not helped."""
    return Asked(text=text, lang=lang, who=who, why=why)  # type: ignore[arg-type]


def test_like_questions_are_one_group_with_a_label(open_knowledge: Open, pages: Path) -> None:
    """Three wordings of one question by three people are one gap, told with the nearest page."""
    knowledge = open_knowledge(pages)
    found = gaps.find(
        knowledge,
        [
            asked("celiac gluten bread", "a"),
            asked("gluten free bread celiac", "b"),
            asked("bread without gluten celiac disease", "c", why="down"),
            asked("parking near the clinic", "d"),
        ],
    )
    (gap,) = found.shown
    assert (gap.count, gap.people, gap.nothing, gap.down) == (3, 3, 2, 1)
    assert gap.label == gap.examples[0]
    assert "gluten" in gap.label
    assert gap.nearest is not None
    assert gap.nearest.doc == "en/salt"  # where bread is
    assert (found.questions, found.hidden) == (4, 1)


def test_one_persons_questions_are_not_shown(open_knowledge: Open, pages: Path) -> None:
    """However often one person asks, their words stay hidden unless one is enough."""
    knowledge = open_knowledge(pages)
    mine = [asked("my rare disease zorbitis", "a") for _ in range(5)]
    assert gaps.find(knowledge, mine).shown == ()
    assert gaps.find(knowledge, mine).hidden == 5
    (gap,) = gaps.find(knowledge, mine, people=1).shown
    assert (gap.count, gap.examples) == (5, ("my rare disease zorbitis",))


def test_chinese_questions_meet_by_synonyms(open_knowledge: Open, pages: Path) -> None:
    """Words of everyday Chinese and their medical names belong together; languages stay apart."""
    knowledge = open_knowledge(pages)
    found = gaps.find(
        knowledge,
        [
            asked("带状疱疹疼怎么办", "a", "zh"),
            asked("带状疱疹很疼", "b", "zh"),
            asked("shingles hurts", "c", "en"),
            asked("孩子近视怎么预防", "d", "zh"),
        ],
    )
    (gap,) = found.shown
    assert (gap.lang, gap.count) == ("zh", 2)
    assert found.hidden == 2


def test_nothing_asked_gives_nothing(open_knowledge: Open) -> None:
    """No questions, no gaps, also without any pages."""
    knowledge = open_knowledge()
    assert gaps.find(knowledge, []).shown == ()
    (gap,) = gaps.find(knowledge, [asked("gout"), asked("gout", "b")]).shown
    assert gap.nearest is None


def test_the_largest_group_comes_first(open_knowledge: Open, pages: Path) -> None:
    """Groups are told in the order of how many asked."""
    few = [asked("gluten bread", who) for who in "ab"]
    many = [asked("shingles vaccine cost", who) for who in "abc"]
    found = gaps.find(open_knowledge(pages), few + many)
    assert [gap.count for gap in found.shown] == [3, 2]


@given(st.integers(0, 9), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_every_question_is_in_exactly_one_group(size: int, seed: int, alike: float) -> None:
    """Groups share nothing, leave nothing out, and every member is like its group's taker."""
    vectors = np.random.default_rng(seed).standard_normal((size, 4)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    likeness = vectors @ vectors.T
    groups = gaps.cluster(likeness, alike)
    assert sorted(place for group in groups for place in group) == list(range(size))
    for group in groups:
        near = likeness[np.ix_(group, group)] >= alike
        assert any(all(near[i][j] or i == j for j in range(len(group))) for i in range(len(group)))
