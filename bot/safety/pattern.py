"""The small pattern language of the safety data, compiled to regular expressions.

English patterns are words, Chinese ones characters:

    chest (pain|hurts)     words in a row; a group holds alternatives
    (really)? hurts        an optional group; in Chinese also one optional character: 痛了?
    bleed*                 any ending (English only)
    chest ~ tight          a gap of at most 3 words (4 characters in Chinese)
    took ~~ pills          a wide gap of at most 7 words (12 characters)
    {family}               a macro from language.yaml
    ^ stroke $             the beginning and the end of the sentence

A gap never crosses punctuation, a negation or "but", so "chest is not tight" does not match.
Every pattern has an *anchor*: words of which one must be present. Only patterns whose anchor
occurs in a sentence are run, which keeps the cost linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.safety.errors import SafetyDataError
from rag.types import Lang

_TOKEN = re.compile(r"\{(\w+)\}|(~~|~)|(\()|(\)\??)|(\|)|([\^$])|([^\s(){}|~?^$]+)")
_OPTIONAL_CHARACTER = re.compile(r"([^\s(){}|~?^$])\?")
_EN_STOP = r"(?:no|not|never|without|but|nor|dont|doesnt|didnt|isnt|arent|wasnt|except) "
_EN_GAP = rf"(?:(?!{_EN_STOP})[a-z0-9%./+-]+ )"
_ZH_GAP = r"[^，,。；;：:？?！!、()但不没無无未]"
_MARKS = frozenset({"~", "~~", "^", "$"})
_EDGES = {("en", "^"): r"(?<=^ )", ("en", "$"): "$", ("zh", "^"): "^", ("zh", "$"): r"[?？!！]?$"}
_GAP_WIDTH = {("en", "~"): 3, ("en", "~~"): 7, ("zh", "~"): 4, ("zh", "~~"): 12}
_COMMON = frozenset(
    "a an the i im ive my me to of in on at is am are was be been it its this that and or for "
    "with have has had he she his her you your we they so do did get got feel feeling want "
    "cant wont going go out up down all really very just like not no".split()
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Alternatives, each a row of parts; a part is a literal, a gap mark or another group."""

    options: tuple[tuple[_Part, ...], ...]
    optional: bool = False


_Part = _Group | str


@dataclass(frozen=True)
class Pattern:
    """One compiled pattern: where it is anchored and the expression that decides."""

    source: str
    lang: Lang
    anchors: frozenset[str]
    words: frozenset[str]
    body: str = field(repr=False)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The expression, compiled on first use: most patterns never meet their anchor."""
        return re.compile((r"(?<= )" if self.lang == "en" else "") + self.body)


def compile_patterns(source: str, lang: Lang, macros: Mapping[str, str]) -> tuple[Pattern, ...]:
    """Compile a pattern; its outermost alternatives become patterns of their own, so that only
    those whose anchor occurs are run. Raises SafetyDataError naming a malformed pattern.
    """
    expanded = _expand(source, macros)
    if lang == "zh":
        expanded = _OPTIONAL_CHARACTER.sub(r"(\1)?", expanded)
    tokens = list(_tokens(expanded))
    options, rest = _alternatives(tokens, 0, source)
    if rest != len(tokens):
        raise SafetyDataError(f"unbalanced bracket in pattern {source!r}")
    while len(options) == 1 and len(options[0]) == 1 and _is_plain_group(options[0][0]):
        options = options[0][0].options  # type: ignore[union-attr]
    return tuple(_pattern(_Group((row,)), source, lang) for row in options)


def _is_plain_group(part: _Part) -> bool:
    return isinstance(part, _Group) and not part.optional


def _pattern(tree: _Group, source: str, lang: Lang) -> Pattern:
    anchors = _anchors(tree)
    if not anchors:
        raise SafetyDataError(f"pattern {source!r} has nothing that must occur")
    return Pattern(source, lang, anchors, frozenset(_literals(tree)), _regex(tree, lang))


def _expand(source: str, macros: Mapping[str, str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[1] not in macros:
            raise SafetyDataError(f"unknown macro {match[1]!r} in pattern {source!r}")
        return f"({macros[match[1]]})"

    for _ in range(4):  # a macro may use another one
        source = re.sub(r"\{(\w+)\}", replaced, source)
    return source


def _tokens(source: str) -> Iterable[str]:
    position = 0
    text = source.strip()
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise SafetyDataError(f"cannot read pattern {source!r} at {text[position:]!r}")
        yield match[0]
        position = match.end()


def _alternatives(
    tokens: list[str], at: int, source: str
) -> tuple[tuple[tuple[_Part, ...], ...], int]:
    options: list[tuple[_Part, ...]] = []
    row: list[_Part] = []
    while at < len(tokens) and not tokens[at].startswith(")"):
        if tokens[at] == "|":
            options.append(tuple(row))
            row = []
        elif tokens[at] == "(":
            inner, at = _alternatives(tokens, at + 1, source)
            if at >= len(tokens):
                raise SafetyDataError(f"unbalanced bracket in pattern {source!r}")
            row.append(_Group(inner, optional=tokens[at] == ")?"))
        else:
            row.append(tokens[at])
        at += 1
    options.append(tuple(row))
    if any(not option for option in options):
        raise SafetyDataError(f"empty alternative in pattern {source!r}")
    return tuple(options), at


def _regex(part: _Part, lang: Lang) -> str:
    if isinstance(part, _Group):
        options = "|".join("".join(_regex(p, lang) for p in row) for row in part.options)
        return f"(?:{options}){'?' if part.optional else ''}"
    if part in ("~", "~~"):
        return f"{_EN_GAP if lang == 'en' else _ZH_GAP}{{0,{_GAP_WIDTH[lang, part]}}}"
    if part in ("^", "$"):
        return _EDGES[lang, part]
    if lang == "zh":
        return re.escape(part)
    return re.escape(part[:-1]) + r"[a-z]* " if part.endswith("*") else re.escape(part) + " "


def _anchors(part: _Part) -> frozenset[str]:
    """The cheapest set of literals of which one must occur; empty when there is none."""
    if not isinstance(part, _Group):
        return frozenset() if part in _MARKS else frozenset({part})
    if part.optional:
        return frozenset()
    sets = [_row_anchors(row) for row in part.options]
    return frozenset().union(*sets) if all(sets) else frozenset()


def _row_anchors(row: tuple[_Part, ...]) -> frozenset[str]:
    choices = [found for part in row if (found := _anchors(part))]
    return min(choices, key=_cost, default=frozenset())


def _cost(anchors: frozenset[str]) -> float:
    common = sum(1 for word in anchors if word in _COMMON or (len(word) == 1 and word > "z"))
    return common * 50 + len(anchors) - min(len(word) for word in anchors) / 10


def _literals(part: _Part) -> Iterable[str]:
    if isinstance(part, _Group):
        for row in part.options:
            for inner in row:
                yield from _literals(inner)
    elif part not in _MARKS:
        yield part
