"""Cleaning and telling languages apart, on what people really send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import memory
from bot.ids import new_id
from bot.text import clean, language


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("slept 5h", "en"),
        ("148/96", "en"),
        ("headache nausea vomiting chills", "en"),
        ("我血压150/95，要紧吗？", "zh"),
        ("bp高怎么办", "zh"),
        ("COVID-19 自测阳性 what now", "zh"),
        ("¿Cuántas horas debo dormir cada noche?", "other"),
        ("quelle est la dose de paracetamol pour un enfant", "other"),
        ("Wie viel Schlaf brauche ich?", "other"),
        ("どうして眠れないの", "other"),
        ("мне плохо", "other"),
        ("잠이 안 와요", "other"),
        ("عندي صداع", "other"),
        ("😀😀", "wordless"),
        ("?!…", "wordless"),
        ("", "wordless"),
    ],
)
def test_languages(text: str, lang: str) -> None:
    """Script first, function words second."""
    assert language(clean(text)) == lang


def test_bare_numbers_take_the_hint() -> None:
    """A number alone is in the language the person used before."""
    assert language("72", hint="zh") == "zh"


@given(st.text(max_size=300))
def test_cleaning_is_settled_and_leaves_nothing_hidden(text: str) -> None:
    """Cleaning twice changes nothing more, and no control character survives."""
    once = clean(text)
    assert clean(once) == once
    assert all(c in "\n\t" or ord(c) >= 32 for c in once)
    assert language(once) in {"en", "zh", "other", "wordless"}


def test_hundred_kilobytes_are_cleaned_quickly() -> None:
    """Length is no attack."""
    assert len(clean("a b\u200b" * 33_000)) == len("a b" * 33_000)


def test_ids_are_unique_and_sort_by_time() -> None:
    """Later ids sort after earlier ones."""
    ids = [new_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert new_id(1) < new_id(2_000_000_000)


def test_memory_can_be_given_back_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking the allocator to be modest never fails, whatever the platform."""
    memory.set_up()
    memory.give_back()
    monkeypatch.setattr("sys.platform", "plan9")
    memory.set_up()
    memory.give_back()
