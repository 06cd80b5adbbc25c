"""Makes foreign text plain: one Unicode form, nothing hidden, tidy lines, no page furniture.

Hidden characters can carry text that a person does not see and a model reads: zero-width
and tag characters, variation selectors, bidirectional controls. All are taken out and counted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Tag characters and the variation selectors of plane 14 encode whole hidden sentences.
SMUGGLED = re.compile("[\U000e0000-\U000e01ef]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e01ef]"
)
# Control characters, halves of characters, and noncharacters; tab and newline stay.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef]")
_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANK = re.compile("[\\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SPACES = re.compile(" {2,}")
_EMPTY_LINES = re.compile(r"\n{3,}")
# Word processors draw bullets with characters of the private use area.
_PRIVATE_BULLET = re.compile("(?m)^[ \\t]*[\ue000-\uf8ff][ \\t]*")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_LIST = re.compile(r"(?:[-*+•◦▪‣●○■·]|\d+[.)、])\s")
_BULLET = re.compile(r"^(\s*)[•◦▪‣●○■]\s*")
_FURNITURE = re.compile(
    r"""(?:skip\ to\ (?:main\ )?content|back\ to\ top|top\ of\ page|print(?:\ this)?(?:\ page)?
    |share(?:\ this)?(?:\ page)?(?:\ on\ \w+)?|e-?mail\ this\ page|follow\ us(?:\ on\ .{0,40})?
    |subscribe(?:\ to\ .{0,60})?|sign\ up\ for\ .{0,60}|read\ more|learn\ more|see\ more
    |advertisement|cookie\ (?:policy|settings|preferences)|privacy\ policy|terms\ of\ use
    |(?:this|our)\ (?:site|website)\ uses\ cookies.{0,120}
    |accept\ (?:all\ )?cookies|(?:please\ )?enable\ javascript.{0,80}
    |(?:©|\(c\)|copyright)\ .{0,120}|.{0,60}\ball\ rights\ reserved\.?
    |返回顶部|回到顶部|打印本页|分享到.{0,40}|分享本文|关注我们|上一篇.{0,60}|下一篇.{0,60}|阅读更多
    |查看更多|点击查看更多|广告|责任编辑.{0,30}|版权所有.{0,80}|.{0,40}保留所有权利[。.]?
    |隐私政策|使用条款|本网站使用.{0,6}cookies?.{0,60}|京ICP备.{0,40})""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Clean text; ``hidden`` counts the invisible characters that were taken out."""

    text: str
    hidden: int = 0
    smuggled: int = 0


def clean(text: str) -> Cleaned:
    """The text in NFC without invisible characters, lines trimmed, blank lines single."""
    hidden = len(_HIDDEN.findall(text))
    smuggled = len(SMUGGLED.findall(text)) if hidden else 0
    plain = _NEWLINE.sub("\n", _HIDDEN.sub("", text) if hidden else text)
    plain = _CONTROL.sub("", _BLANK.sub(" ", plain))
    plain = _PRIVATE.sub("", _PRIVATE_BULLET.sub("- ", plain))
    plain = unicodedata.normalize("NFC", plain)
    lines = "\n".join(_line(line) for line in plain.split("\n"))
    return Cleaned(
        text=_EMPTY_LINES.sub("\n\n", lines).strip("\n"), hidden=hidden, smuggled=smuggled
    )


def clean_line(text: str) -> str:
    """The same for a title or a name: one line."""
    return " ".join(clean(text).text.split())


def without_furniture(text: str) -> str:
    """The text without lines that only serve a website or a printed page."""
    lines = [line for line in text.split("\n") if not is_furniture(line)]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def is_furniture(line: str) -> bool:
    """Whether a whole line is nothing but page furniture ("Back to top", "版权所有 …")."""
    bare = line.strip().lstrip("-*•| ").rstrip("| ").strip()
    return bool(bare) and len(bare) <= 160 and bool(_FURNITURE.fullmatch(bare))


def _line(line: str) -> str:
    stripped = line.strip()
    if not stripped:
        return ""
    body = _SPACES.sub(" ", stripped)
    if line[0] == " " and _LIST.match(body):  # indentation says which list an item belongs to
        indent = min(8, len(line) - len(line.lstrip()))
        body = " " * indent + body
    return _BULLET.sub(r"\1- ", body)
