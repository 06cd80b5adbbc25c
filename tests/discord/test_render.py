"""Whatever is said becomes letters that Discord takes, whole and without foreign markup."""

from __future__ import annotations

import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.discord.render import LIMIT, as_markdown, escape, parts
from bot.delivery.rich import Span, utf16
from tests.fakes.discord_rules import check_message

styles = st.sampled_from(["", "bold", "italic", "code", "pre"])
pieces = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab c\n*_~`|[]()<>#-\\/:@。，字👍"), st.characters(codec="utf-8")
    ),
    max_size=400,
)
links = st.sampled_from(["", "", "https://a.example/b_(c)", "https://" + "x" * 500, "javascript:x"])
spans = st.lists(st.builds(Span, pieces, styles, links), max_size=30).map(tuple)


@settings(max_examples=150, deadline=None)
@given(spans)
def test_whatever_is_said_fits_and_is_accepted(given: tuple[Span, ...]) -> None:
    """Every part is within the limit and nothing that Discord refuses."""
    for part in parts(given):
        text = as_markdown(part)
        assert utf16(text) <= LIMIT
        if text.strip():
            check_message({"content": text}, [])


def test_answers_of_any_length_arrive_whole() -> None:
    """1 to 40 000 characters with every kind of span: each word once and in order."""
    chance = random.Random(3)
    for length in (1, 10, 1999, 2000, 2001, 9000, 40_000):
        words, made, size = 0, [], 0
        while size < length:
            style = chance.choice(["", "", "bold", "italic", "code", "pre"])
            href = chance.choice(["", "", "https://a.example/x_y"]) if not style else ""
            text = f" w{words} "
            made.append(Span(text, style, href))  # type: ignore[arg-type]
            more = " ".join(f"w{n}" for n in range(words + 1, words + 12))
            made.append(Span(chance.choice([f". {more}", f"* {more}\n", f"_x_ {more}\n# y\n"])))
            words += 12
            size += len(text) + len(more) + 4
        shown = "".join(as_markdown(part) + "\n" for part in parts(tuple(made)))
        seen = [int(w[1:]) for w in _words(shown)]
        assert seen == list(range(words))


def _words(shown: str) -> list[str]:
    return re.findall(r"(?<![A-Za-z0-9_.])w\d+", shown)


def test_nothing_that_is_quoted_becomes_markup() -> None:
    """Marks, mentions, headings and links in somebody's words show as they are."""
    assert escape("*a* __b__ `c` ||d|| ~~e~~") == (r"\*a\* \_\_b\_\_ \`c\` \|\|d\|\| \~\~e\~\~")
    assert escape("<@1> [x](https://a.b)") == r"\<@1\> \[x\](<https://a.b>)"
    assert escape("# big\n-# small\n- item") == "\\# big\n\\-# small\n- item"
    assert escape("see https://a.b/c_d, ok") == "see <https://a.b/c_d,> ok"
    link = as_markdown((Span("[1] CDC [x] *y*", "", "https://a.b/(c)"),))
    assert link == r"[[1] CDC x \*y\*](<https://a.b/%28c%29>)"
    assert as_markdown((Span(" hard ", "bold"), Span("a`b", "code"), Span("x", "italic"))) == (
        " **hard** `aˋb`*x*"
    )
    assert as_markdown((Span("a\n```b", "code"),)).startswith("```\n")
