"""Telegram's HTML parse mode, as strict as the real server: MarkupError for what it refuses."""

from __future__ import annotations

import html
import re
from typing import Any

_PLAIN_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "code": "code", "pre": "pre", "blockquote": "blockquote",
    "a": "text_link", "span": "spoiler", "tg-emoji": "custom_emoji",
}  # fmt: skip
_TOKEN = re.compile(r"<(/?)([^\s<>/]*)([^<>]*)>|<|&(#x?[0-9a-fA-F]+|[a-zA-Z]+);?|[^<&]+|&")
_HREF = re.compile(r"""href=(?:"([^"]*)"|'([^']*)')""")
_KNOWN_NAMES = {"lt", "gt", "amp", "quot"}


class MarkupError(ValueError):
    """What the server says after "can't parse entities: "."""


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """The text without marks and its entities; MarkupError as the server would refuse it."""
    text = ""
    found: list[dict[str, Any]] = []
    open_tags: list[tuple[str, int, str]] = []
    for token in _TOKEN.finditer(source):
        at = len(source[: token.start()].encode())
        whole = token.group(0)
        if token.group(2) is not None:
            closing, name, rest = token.group(1), token.group(2).lower(), token.group(3)
            if name not in _PLAIN_TAGS:
                raise MarkupError(f'Unsupported start tag "{name}" at byte offset {at}')
            if closing:
                _close(name, at, text, open_tags, found)
            else:
                href = _HREF.search(rest)
                target = html.unescape((href.group(1) or href.group(2) or "") if href else "")
                open_tags.append((name, units(text), target))
        elif whole == "<":
            raise MarkupError(f'Unsupported start tag "" at byte offset {at}')
        elif token.group(4) is not None:
            text += _entity(whole, token.group(4))
        else:
            text += whole
    if open_tags:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    return text, found


def _entity(whole: str, name: str) -> str:
    if name.startswith("#") or name in _KNOWN_NAMES:
        return html.unescape(f"&{name};")
    return whole  # other names stay as they were written


def _close(
    name: str,
    at: int,
    text: str,
    open_tags: list[tuple[str, int, str]],
    found: list[dict[str, Any]],
) -> None:
    if not open_tags:
        raise MarkupError(f"Unexpected end tag at byte offset {at}")
    opened, start, target = open_tags.pop()
    if opened != name:
        raise MarkupError(
            f'Unmatched end tag at byte offset {at}, expected "</{opened}>", found "</{name}>"'
        )
    length = units(text) - start
    if length > 0:
        entity = {"type": _PLAIN_TAGS[name], "offset": start, "length": length}
        found.append(entity | ({"url": target} if name == "a" else {}))
