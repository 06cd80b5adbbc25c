"""Number words in English and Chinese as values: "seven", "twenty-five", 七, 一百五十, 3万."""

from __future__ import annotations

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALE = {"hundred": 100.0, "thousand": 1000.0, "million": 1e6, "billion": 1e9}
_WORDS: dict[str, float] = {word: float(i) for i, word in enumerate(_SMALL)}
_WORDS |= {word: 10.0 * (i + 2) for i, word in enumerate(_TENS)}
_WORDS |= {"dozen": 12.0}
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}

_ONES_RX = "|".join(_SMALL[1:10])
_WORD_RX = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{_ONES_RX}))?|{'|'.join(reversed(_SMALL))}|dozen)"
    rf"(?:\s(?:hundred|thousand|million|billion))*"
)
DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?[½¼¾⅓⅔]?|[½¼¾⅓⅔]"
HAN_DIGITS = "零〇一二两三四五六七八九十百千"
# A number is not read inside a name: B12, omega-3, COVID-19, H1N1, 1st.
ATOM = re.compile(
    rf"(?<![A-Za-z\d.#^_])(?<![A-Za-z][-‑])(?P<digits>{DIGITS})(?!\d|(?:st|nd|rd|th)\b)"
    rf"(?:\s?(?P<scale>million|billion|thousand|[万亿]|千(?![克卡米焦帕瓦])|百(?!分)))?"
    rf"|(?<![A-Za-z-])(?P<word>{_WORD_RX})(?![A-Za-z])"
    rf"|(?P<han>[{HAN_DIGITS}半]+[万亿]?)",
    re.IGNORECASE,
)
_HAN_SCALE = {"万": 1e4, "亿": 1e8, "千": 1e3, "百": 1e2}
_HAN_VALUE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}


def atom_value(match: re.Match[str]) -> float | None:
    """The value of one ``ATOM`` match; None when the characters are no number after all."""
    if match["digits"]:
        value = _digits(match["digits"])
        scale = (match["scale"] or "").lower()
        return value * (_SCALE.get(scale) or _HAN_SCALE.get(scale) or 1.0)
    if match["word"]:
        return _english(match["word"].lower())
    return chinese_value(match["han"])


def _digits(text: str) -> float:
    fraction = _FRACTIONS.get(text[-1], 0.0)
    plain = text[:-1] if fraction else text
    return (float(plain.replace(",", "")[:300]) if plain else 0.0) + fraction


def _english(text: str) -> float:
    total = 0.0
    for word in re.split(r"[-\s]+", text):
        total = total * _SCALE[word] if word in _SCALE else total + _WORDS[word]
    return total


def chinese_value(text: str) -> float | None:
    """一百五十 -> 150, 两 -> 2, 半 -> 0.5, 十五万 -> 150000; None for 百 alone or nonsense."""
    scale = 1.0
    if text[-1] in "万亿":
        scale, text = _HAN_SCALE[text[-1]], text[:-1]
    if text == "半":
        return 0.5 * scale
    if not text or "半" in text or text in {"百", "千"}:
        return None
    if all(c in _HAN_VALUE for c in text):
        value = float("".join(str(_HAN_VALUE[c]) for c in text[:300]))
        return (
            None if len(text) > 1 and not text.startswith("二") and value < 1000 else value * scale
        )
    return _positional(text) * scale


def _positional(text: str) -> float:
    total, current = 0.0, 0.0
    unit = 1.0
    for char in text:
        if char in _HAN_VALUE:
            current = float(_HAN_VALUE[char])
            continue
        unit = {"十": 10.0, "百": 100.0, "千": 1000.0}[char]
        total += (current or 1.0) * unit
        current = 0.0
    if current and unit > 10 and text[-2:-1] not in {"零", "〇"}:
        current *= unit / 10  # 一百五 is 150
    return total + current
