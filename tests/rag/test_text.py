"""Terms, chunks and understood questions, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import lexical
from rag.lexical import FieldText
from rag.query import Speller, WordLists, load_word_lists, understand
from rag.split import MAX_TOKENS, sentences, split, tokens
from rag.tokens import bigrams_zh, detect_lang, stem, terms
from rag.types import PageError

LISTS = WordLists(
    en={"knackered": ("tired",), "out of breath": ("breathless",)},
    zh={"打呼噜": ("打鼾",)},
    glossary={"打呼噜": "snoring", "血压": "blood pressure", "血压高": "high blood pressure"},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My BP was 140/90 mmHg", ["bp", "140/90", "mmhg"]),
        ("vitamin B12, 5.5 mmol/L and 3x a day", ["vitamin", "b12", "5.5", "mmol", "3x", "day"]),
        ("kids' allergies", ["child", "allergy"]),
        ("ＢＰ １２０", ["bp", "120"]),
        ("", []),
        ("？！ 😀", []),
    ],
    ids=["reading", "units", "plurals", "full width", "empty", "no words"],
)
def test_english_terms(text: str, expected: list[str]) -> None:
    """Readings and units stay whole, stop words go, word forms meet."""
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("forms", "root"),
    [
        (("walk", "walks", "walking", "walked"), "walk"),
        (("stop", "stopping", "stopped"), "stop"),
        (("diabetes", "diabetic", "diabetics"), "diabetes"),
        (("allergies", "allergy", "allergic"), "allergy"),
        (("anemia", "anaemia", "anemic"), "anaemia"),
        (("sclerosis",), "sclerosis"),
        (("virus",), "virus"),
        (("rashes", "rash"), "rash"),
    ],
)
def test_word_forms_meet_at_one_root(forms: tuple[str, ...], root: str) -> None:
    """Plurals, verb forms and both spellings give one term."""
    assert {stem(form) for form in forms} == {root}


def test_chinese_terms_are_characters_and_bigrams() -> None:
    """Every pair and every telling character counts once, fillers go."""
    found = terms("高血压怎么办")
    assert {"高血", "血压", "高", "血", "压"} <= set(found)
    assert found.count("血压") == 1
    assert "怎么办" not in found
    assert "的了" not in bigrams_zh("我的了")


@pytest.mark.parametrize(
    ("text", "lang"),
    [("血压 140/90", "zh"), ("what is 血压 called in my long English sentence", "en"), ("", "en")],
)
def test_language_of_a_text(text: str, lang: str) -> None:
    """A fifth of Han letters makes a text Chinese."""
    assert detect_lang(text) == lang


@settings(deadline=None)
@given(st.text(max_size=300))
def test_terms_and_splitting_take_any_text(text: str) -> None:
    """No text breaks tokenising or splitting, and splitting loses no visible character."""
    terms(text)
    joined = "".join("".join(split(text, 20)).split())
    assert sorted(joined) == sorted("".join(text.split()))


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["Short one.", "A longer sentence about sleep and health."]), max_size=60
    )
)
def test_chunks_fit_the_window(parts: list[str]) -> None:
    """Chunks stay below the limit whenever sentences do."""
    assert all(tokens(chunk) <= MAX_TOKENS for chunk in split(" ".join(parts)))


def test_sentences_in_both_languages() -> None:
    """Sentence ends are found, abbreviations and decimals are not ends."""
    assert sentences("See Dr. Who. Drink 1.5 L, e.g. Water. Fine?") == [
        "See Dr. Who.",
        "Drink 1.5 L, e.g. Water.",
        "Fine?",
    ]
    assert sentences("多喝水。少吃盐！好吗？") == ["多喝水。", "少吃盐！", "好吗？"]


def test_a_list_stays_with_its_lead_in() -> None:
    """A list after a blank line belongs to the sentence before it."""
    text = "Do this.\n\n- Rest.\n- Drink.\n\nAnother paragraph."
    assert split(text, 8) == ["Do this.\n- Rest.\n- Drink.", "Another paragraph."]


def test_long_lists_and_run_on_text_are_cut() -> None:
    """Neither a long list nor a text without any full stop grows beyond the limit."""
    items = "\n".join(f"- Item number {i} is here." for i in range(60))
    assert len(split(items, 50)) > 5
    assert all(tokens(c) <= 50 for c in split(items, 50))
    assert all(tokens(c) <= 50 for c in split("word " * 400, 50))
    assert all(tokens(c) <= 50 for c in split("健康" * 200, 50))


# --- questions ----------------------------------------------------------------


@pytest.fixture
def speller(tmp_path: Path) -> Speller:
    """A speller over a handful of words."""
    words = "asthma exercise snoring cholesterol track sleep"
    lexical.build(tmp_path / "words", [FieldText(head=words, body=words)])
    return Speller(lexical.load(tmp_path / "words", 1), lambda: frozenset({"truck", "steep"}))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("athsma", "asthma"),
        ("snoreing", "snor"),
        ("cholestrol", "cholesterol"),
        ("truck", "truck"),
        ("zzzzzz", "zzzzzz"),
        ("abc", "abc"),
        ("steep", "steep"),
    ],
)
def test_spelling_is_mended_carefully(speller: Speller, written: str, read: str) -> None:
    """Misspelt medical words are mended, common English words never are."""
    assert speller.mend(written) == read


def test_an_english_question_is_understood(speller: Speller) -> None:
    """Politeness goes, spelling is mended, everyday words gain the page's words at half weight."""
    query = understand("Hi please help, im knackered and have athsma", None, LISTS, speller)
    assert query.lang == "en"
    assert query.corrected == (("athsma", "asthma"),)
    assert "asthma" in query.english
    assert not query.english.startswith("hi")
    assert query.own["knackered" if "knackered" in query.own else "knacker"] == 1.0
    assert query.own["tiredness"] == 0.5


def test_english_phrases_reach_chinese_terms() -> None:
    """The glossary works backwards, so that an English question can find Chinese text."""
    assert "血压" in understand("high blood pressure", None, LISTS).other


def test_a_chinese_question_gets_synonyms_and_a_gloss() -> None:
    """The longest glossary entry wins, and Latin words are kept for the English side."""
    query = understand("打呼噜 血压高 covid", "en", LISTS)
    assert query.lang == "zh"
    assert query.english == "snoring high blood pressure covid"
    assert query.own["打鼾"] == 0.5


def test_the_language_hint_decides_only_without_words() -> None:
    """A hint counts where the text has no letters at all."""
    assert understand("???", "zh", LISTS).lang == "zh"
    assert understand("sleep", "zh", LISTS).lang == "en"
    assert understand("", None, WordLists()).own == {}


def test_the_shipped_word_lists_are_sound() -> None:
    """The reviewed lists load, and no entry is its own synonym or empty."""
    from rag.library import WORD_LISTS

    lists = load_word_lists(WORD_LISTS)
    assert len(lists.en) > 200
    assert len(lists.zh) > 150
    assert len(lists.glossary) > 300
    for entries in (lists.en, lists.zh):
        for word, meanings in entries.items():
            assert meanings, word
            assert all(m.strip() for m in meanings), word
            assert meanings != (word,), word


@pytest.mark.parametrize("text", ["en: [a]", "en: {a: [", "zh: 5"])
def test_broken_word_lists_are_named(tmp_path: Path, text: str) -> None:
    """A word list of another shape is refused with its name."""
    path = tmp_path / "synonyms.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PageError, match=r"synonyms\.yaml"):
        load_word_lists(path)
    assert load_word_lists(None).longest == 0
