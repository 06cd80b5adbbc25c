"""PDF documents: pages, headings, running lines, cut words."""

from __future__ import annotations

from collections import Counter

import pytest

from rag.ingest.errors import BrokenError, EncryptedError, TooManyPagesError
from rag.ingest.pdf import read_pdf
from rag.ingest.pdf_lines import paragraphs, vocabulary, without_running_lines
from rag.ingest.values import Limits, Section
from tests.rag.ingest_files import pdf

LIMITS = Limits()


def test_pages_keep_their_numbers_and_lose_running_lines() -> None:
    """A person can be told the page; heads, feet and page numbers are no knowledge."""
    pages = [
        [f"Clinic leaflet No. {n + 1}", "", f"{topic} is explained here in full.", "",
         "www.clinic.example", str(n + 1)]
        for n, topic in enumerate(["Gout", "Asthma", "Sleep", "Salt"])
    ]  # fmt: skip
    (document,) = read_pdf(pdf(pages, title="Leaflet"), LIMITS)
    assert document.title == "Leaflet"
    assert document.provenance.published == "2024-05-06"
    assert [s.page for s in document.sections] == [1, 2, 3, 4]
    assert document.sections[2].text == "Sleep is explained here in full."


def test_the_outline_gives_headings() -> None:
    """A bookmark found as a line starts a section there; sub-headings stand below it."""
    pages = [
        ["Treatment", "Rest is the first thing to try.", "Medicines", "Take them as told."],
        ["Cream is a medicine too.", "Exercise", "Walk every day."],
    ]
    outline = [("Treatment", 1, 0), ("Medicines", 2, 0), ("Exercise", 1, 1)]
    (document,) = read_pdf(pdf(pages, outline=outline), LIMITS)
    assert [(s.path, s.page, s.text) for s in document.sections] == [
        (("Treatment",), 1, "Rest is the first thing to try."),
        (("Treatment", "Medicines"), 1, "Take them as told."),
        (("Treatment", "Medicines"), 2, "Cream is a medicine too."),
        (("Exercise",), 2, "Walk every day."),
    ]


def test_a_heading_that_is_no_line_still_names_its_page() -> None:
    """Bookmarks need not repeat the printed heading word for word."""
    (document,) = read_pdf(pdf([["Some text."]], outline=[("Overview", 1, 0)]), LIMITS)
    assert document.sections == (Section(path=("Overview",), text="Some text.", page=1),)


def test_a_paragraph_over_a_page_break_is_put_together() -> None:
    """It belongs to the page where it starts; what follows keeps its own page."""
    pages = [["You should drink enough water every", "day, mostly in the"],
             ["morning and at noon.", "", "See a doctor if it stays."]]  # fmt: skip
    (document,) = read_pdf(pdf(pages), LIMITS)
    texts = [(s.page, s.text) for s in document.sections]
    assert texts[0][0] == 1
    assert texts[0][1].startswith("You should drink enough water every day, mostly in the morning")


def test_words_cut_at_line_ends_become_whole() -> None:
    """Unless the document itself writes the hyphen elsewhere."""
    words = vocabulary([["a follow-up is good", "an examination"]])
    assert paragraphs(["Ask for a follow-", "up and an exami-", "nation soon."], words) == [
        "Ask for a follow-up and an examination soon."
    ]
    assert paragraphs(["Vitamin B-", "12 helps"], Counter()) == ["Vitamin B- 12 helps"]
    assert paragraphs(["多喝水，", "少吃盐。"], Counter()) == ["多喝水，少吃盐。"]


def test_lists_stay_lines() -> None:
    """Items of a list are not run together with the sentence before them."""
    lines = ["Call a doctor if:", "- it hurts a lot", "- it bleeds", "", "Rest."]
    assert paragraphs(lines, Counter()) == [
        "Call a doctor if:\n- it hurts a lot\n- it bleeds",
        "Rest.",
    ]
    assert paragraphs([], Counter()) == []


def test_running_lines_need_three_pages() -> None:
    """Two pages that begin alike prove nothing; a lone number at the edge is a page number."""
    assert without_running_lines([["Same", "a"], ["Same", "b"]]) == [["Same", "a"], ["Same", "b"]]
    assert without_running_lines([["Rest.", "第 1 页"], ["Eat.", "Page 2 of 9"]]) == [
        ["Rest."],
        ["Eat."],
    ]
    assert without_running_lines([["a", "12"], ["b", "c"]]) == [["a", "12"], ["b", "c"]]
    assert without_running_lines([["Dose", "12"]]) == [["Dose", "12"]]


def test_a_password_is_named() -> None:
    """A file that opens only with a password says so; one with an empty password is read."""
    with pytest.raises(EncryptedError):
        read_pdf(pdf([["Secret."]], password="x"), LIMITS)
    (document,) = read_pdf(pdf([["Not secret."]], password=""), LIMITS)
    assert document.text == "Not secret."


def test_too_many_pages_and_damage_are_named() -> None:
    """Limits and damage have their own reasons."""
    with pytest.raises(TooManyPagesError, match="3 pages; at most 2"):
        read_pdf(pdf([["a"], ["b"], ["c"]]), Limits(pages=2))
    for bad in (b"", b"%PDF-1.7", b"hello", pdf([["a"]])[:200]):
        with pytest.raises(BrokenError):
            read_pdf(bad, LIMITS)


@pytest.mark.parametrize("title", ["Microsoft Word - x.doc", "untitled", "report.pdf", "无标题"])
def test_titles_of_programs_are_no_titles(title: str) -> None:
    """What a word processor wrote into the title field is not shown to people."""
    assert read_pdf(pdf([["a"]], title=title), LIMITS)[0].title == ""
