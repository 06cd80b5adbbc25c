"""Tables and lists cut into chunks: rows stay whole, heads are repeated."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.split import split, tokens

HEAD = "| Food | Purine |\n| --- | --- |"


def test_every_part_of_a_table_has_its_header() -> None:
    """A row says nothing without the names of its columns, and is never cut."""
    rows = [f"| Food number {i} | amount {i} |" for i in range(40)]
    chunks = split("\n".join(["Purines in food:", "", HEAD, *rows]), 80)
    assert len(chunks) > 4
    assert chunks[0].startswith("Purines in food:\n| Food")
    assert all(HEAD in chunk for chunk in chunks)
    assert all(tokens(chunk) <= 80 for chunk in chunks)
    assert [line for c in chunks for line in c.split("\n") if "number" in line] == rows


def test_a_wide_row_is_whole_and_a_page_long_one_is_not() -> None:
    """A row a little beyond the window stays together; one of three windows is cut."""
    wide, huge = "| " + "word " * 60 + "| x |", "| " + "word " * 400 + "| x |"
    chunks = split(f"{HEAD}\n| a | b |\n{wide}\n| c | d |\n{huge}", 50)
    assert any(wide in chunk for chunk in chunks)
    assert max(map(tokens, chunks)) < 3 * 50 + 20
    assert "".join(chunks).count("word") == 460


def test_a_header_too_long_is_not_repeated() -> None:
    """It would leave no room for rows."""
    header = "| " + "column " * 20 + "| b |\n|---|---|"
    chunks = split(header + "\n" + "\n".join(f"| row {i} | x |" for i in range(30)), 60)
    assert sum("column" in chunk for chunk in chunks) == 1


def test_the_lead_in_is_repeated_with_a_long_list() -> None:
    """A sentence such as "Call a doctor if:" belongs to every item, in Chinese too."""
    for lead, item in (
        ("Call a doctor if:", "- you have symptom"),
        ("出现以下情况请就医：", "- 症状"),
    ):
        items = [f"{item} {i} for long" for i in range(30)]
        chunks = split("\n".join(["Before.", "", lead, *items, "", "After all of that, rest."]), 70)
        assert len(chunks) > 2
        assert all(lead in chunk for chunk in chunks if item in chunk)
        assert all(tokens(chunk) <= 70 for chunk in chunks)


def test_what_follows_a_table_or_list_has_no_head() -> None:
    """Neither a list after a table nor a paragraph after a list repeats what is not theirs."""
    rows = "\n".join(f"| {i} | value {i} |" for i in range(12))
    items = "\n".join(f"- item {i}" for i in range(12))
    chunks = split(f"{HEAD}\n{rows}\n{items}", 40)
    assert not [c for c in chunks if c.startswith(HEAD) and "item" in c and "value" not in c]
    plain = "\n".join(f"Line number {i} without a list." for i in range(12))
    chunks = split(f"Either:\n- item one\n- item two\n{plain}", 40)
    assert sum("Either:" in chunk for chunk in chunks) == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from(
    ["| a | b |", "|---|---|", "| c | long cell of a table |", "- item one", "If:", "Text.", "",
     "  - inner item", "  more of it"]), max_size=40), st.integers(8, 60))  # fmt: skip
def test_nothing_is_lost_however_lines_mix(lines: list[str], limit: int) -> None:
    """Every line stands in some chunk, in order of first appearance."""
    chunks = split("\n".join(lines), limit)
    together = "\n".join(chunks)
    assert all(line.strip() in together for line in lines)
