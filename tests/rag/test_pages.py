"""Pages: what a good one gives and how every kind of mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.pages import check_pages, is_date, is_url, read_page, record_of, sections_of
from rag.types import PageError
from tests.rag.support import page_text, write_page

BROKEN = {
    "id": ("id: sleep", "id: Sleep Page", "id: must be lower-case"),
    "other id": ("id: sleep", "id: nap", "make them equal"),
    "lang": ("lang: en", "lang: fr", "lang: must be en or zh"),
    "other lang": ("lang: en", "lang: zh", "the folder is 'en'"),
    "title": ("title: How much sleep adults need", "title:", "title: must be a text"),
    "topics": ("[sleep, bedtime, hours of sleep]", "sleep", "topics: must be a list"),
    "empty topic": ("[sleep, bedtime,", "[sleep, '',", "topics: must be a list"),
    "no sources": ("  - id: who", "  - name: who", "sources[1].id"),
    "organisation": ("organisation: World", "organization: World", "sources[1].organisation"),
    "url": ("https://www.who.int/sleep", "www.who.int/sleep", "sources[1].url"),
    "source date": ("date: 2024-05", "date: 2024-13", "sources[1].date"),
    "reviewed": ("reviewed: 2026-11-22", "reviewed: 2026-11", "reviewed: must be the date"),
    "licence": ("licence: CC-BY-4.0", "licence: mine", "licence: must be one of"),
    "review": ("clinician_review: pending", "clinician_review: yes", "clinician_review: must be"),
    "unknown mark": ("night [^who]", "night [^cdc]", "[^cdc] is not among the sources"),
    "figure": ("hours of sleep [^who]", "hours of sleep", "a figure has no source mark"),
    "no mark": ("night [^who]", "night", "has no source mark"),
    "verdict": ("Noise, stress", "Yes: noise, stress", "begins with 'Yes:'"),
    "heading": ("Why do I wake at night?", "Waking at night", "the heading must be a question"),
    "too short": ("## Why do I wake", "### Why do I wake", "write at least 3"),
    "early text": ("---\n## How", "---\nHello.\n\n## How", "before the first ## heading"),
    "yaml": ("title: How much", "title: How: much", "is not valid YAML"),
    "impossible date": ("reviewed: 2026-11-22", "reviewed: 2026-11-42", "reviewed"),
    "no front matter": ("---\nid", "id", "start the file with ---"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "complaint"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_field_is_named_with_file_and_mend(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """Each mistake is refused and the message says file, field and what to do."""
    text = page_text("en/sleep")
    assert old in text
    path = write_page(tmp_path, "en/sleep", text.replace(old, new, 1))
    with pytest.raises(PageError) as caught:
        read_page(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_only_a_bare_yes_or_no_is_refused(tmp_path: Path) -> None:
    """ "No noise, …" says what it says under any question."""
    text = page_text("en/sleep").replace("Noise, stress and", "No noise, but stress and", 1)
    assert read_page(write_page(tmp_path, "en/sleep", text)).sections


def test_a_source_nobody_cites_is_named(tmp_path: Path) -> None:
    """A source without any mark in the text is refused."""
    extra = "  - {id: cdc, organisation: CDC, title: T, url: https://cdc.gov/x, date: 2024}\n"
    text = page_text("en/sleep").replace("reviewed:", extra + "reviewed:")
    with pytest.raises(PageError, match="'cdc' is never used"):
        read_page(write_page(tmp_path, "en/sleep", text))


@pytest.mark.parametrize(
    "front", ["- a list", "sources: nothing\nid: sleep", "sources: [text]"], ids=str
)
def test_front_matter_of_another_shape_is_refused(tmp_path: Path, front: str) -> None:
    """Front matter that is no mapping, or whose sources are none, does not crash the check."""
    with pytest.raises(PageError):
        read_page(write_page(tmp_path, "en/sleep", f"---\n{front}\n---\n## A?\n\nText.\n"))


def test_a_page_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named as such."""
    path = write_page(tmp_path, "en/sleep")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PageError, match="UTF-8"):
        read_page(path)


def test_a_good_page_becomes_chunks_with_sources(pages: Path) -> None:
    """Marks become sources, leave the text, and ids stay the same on every reading."""
    record = record_of(read_page(pages / "en" / "sleep.md"))
    assert record.doc == "en/sleep"
    assert next(c.section for c in record.chunks) == "How many hours should I sleep?"
    assert record.chunks[0].text == "Most adults need 7 to 9 hours of sleep."
    assert record.chunks[0].marks == (0,)
    again = record_of(read_page(pages / "en" / "sleep.md"))
    assert again.rev == record.rev
    assert record.passage_id(record.chunks[0]) == again.passage_id(again.chunks[0])


def test_check_pages_reports_all_and_missing_twins(pages: Path) -> None:
    """The check of a folder names broken pages and untranslated ones, and only those."""
    complaints = check_pages(pages)
    assert len(complaints) == 1
    assert "zh/burns.md: page: missing" in complaints[0].replace("\\", "/")
    write_page(pages, "zh/salt", page_text("zh/salt", **{"licence: CC-BY-4.0": "licence: x"}))
    assert any("zh/salt.md: licence" in c for c in check_pages(pages))


def test_check_pages_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    """No pages at all is a complaint, not a success."""
    assert "none found" in check_pages(tmp_path)[0]


def test_phone_numbers_need_no_source(tmp_path: Path) -> None:
    """A number to ring is not a figure."""
    text = page_text("en/sleep").replace(
        "wake people at night [^who].", "wake [^who]. Call 911 now."
    )
    assert read_page(write_page(tmp_path, "en/sleep", text)).slug == "sleep"
    text = page_text("zh/sleep").replace("请去看医生[^who]。", "请看医生[^who]。立即拨打120。")
    assert read_page(write_page(tmp_path, "zh/sleep", text)).lang == "zh"


@pytest.mark.parametrize(
    ("value", "good"),
    [("2024", True), ("2024-02-29", True), ("2023-02-29", False), ("24", False), (None, False)],
)
def test_dates(value: object, good: bool) -> None:
    """Only real ISO dates pass."""
    assert is_date(value) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [("https://a.org/x", True), ("ftp://a.org", False), ("https://a b.org", False), (5, False)],
)
def test_urls(value: object, good: bool) -> None:
    """Only http(s) addresses pass."""
    assert is_url(value) is good


def test_text_before_the_first_heading_is_kept() -> None:
    """Nothing of a body is lost when it does not start with a heading."""
    assert sections_of("Intro.\n\n## A?\n\nText.") == [("", "Intro."), ("A?", "Text.")]
