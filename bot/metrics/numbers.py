"""Finds numbers in a sentence, however they are written, without moving a single character.

The text is first folded character by character (full width, case, typographic quotes), then
every number and later every time is *masked* by private-use characters of the same length.
So a pattern can say "a number" in two characters and every offset stays that of the input.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

NO_FIGURE: Final = -1.0  # value of a number that cannot be one: a range, a serial number
_LONGEST: Final = 15  # digits or characters
NUM_HEAD: Final = "\ue000"
NUM_TAIL: Final = "\ue001"
TIME_HEAD: Final = "\ue002"
TIME_TAIL: Final = "\ue003"
N: Final = f"{NUM_HEAD}{NUM_TAIL}*+"
T: Final = f"{TIME_HEAD}{TIME_TAIL}*+"

_FOLD: Final = {
    "’": "'", "‘": "'", "′": "'", "“": '"', "”": '"', "″": '"', "–": "-", "—": "-", "−": "-",
    "～": "~", "℃": "℃", "％": "%", "：": ":", "／": "/", "，": "，", "？": "？", "！": "！",
    "；": "；", "（": "(", "）": ")", "·": "·", "．": ".", "\u00a0": " ", "\u3000": " ",
    "\t": " ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A number at ``[start, end)``; ``digits`` when it was written in digits alone."""

    start: int
    end: int
    value: float
    raw: str

    @property
    def whole(self) -> bool:
        """Whether it was written as plain digits without a decimal part."""
        return self.raw.isdigit()


def fold(text: str) -> str:
    """The text in one plain shape, of exactly the same length (so offsets stay valid).

    Chinese commas stay: "7，8" is a list in Chinese writing, "7,8" may be a decimal.
    """
    return "".join(_fold_char(char) for char in text)


def _fold_char(char: str) -> str:
    if char < "\x80":
        return char.lower() if char != "\t" else " "
    if char in _FOLD:
        return _FOLD[char]
    if NUM_HEAD <= char <= TIME_TAIL:  # ours: an input may not smuggle a mask in
        return " "
    plain = unicodedata.normalize("NFKC", char).lower()
    return plain if len(plain) == 1 else char


# --- lexing --------------------------------------------------------------------------------

_DIGITS: Final = re.compile(
    r"\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?+|\d++(?:[.·]\d++|,\d{1,2}(?!\d))?+"
)
_FRACTIONS: Final = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_ZH_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "俩": 2,
}  # fmt: skip
_ZH_POWERS: Final = {"十": 10, "百": 100, "千": 1000}
_ZH_DIGIT_CLASS: Final = "零〇一二两三四五六七八九"
_ZH: Final = re.compile(
    rf"[{_ZH_DIGIT_CLASS}十][{_ZH_DIGIT_CLASS}十百千万]*+"
    rf"(?:点[{_ZH_DIGIT_CLASS}]++(?![十分刻点]))?"
)
_SMALL: Final = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS: Final = {
    word: 10 * value
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_EN_WORD: Final = "|".join(sorted([*_SMALL, *_TENS, "hundred", "thousand"], key=len, reverse=True))
_EN: Final = re.compile(
    rf"(?<![a-z])(?:an?\s+(?=hundred|thousand))?(?:{_EN_WORD})(?![a-z])"
    rf"(?:(?:(?<=hundred)\s+and\s+|(?<=thousand)\s+and\s+|-|\s+oh\s+|\s+)(?:{_EN_WORD})(?![a-z]))*+"
    rf"(?:\s+point(?:\s+(?:{'|'.join(list(_SMALL)[:10])})(?![a-z]))++)?"
)
_HALF_AFTER: Final = re.compile(r"\s*(?:and\s+a|&|\+)\s+(half|quarter)(?![a-z])")
_COUNTED: Final = (
    r"(?=\s+(?:hours?|hrs?|glass(?:es)?|cups?|bottles?|lit(?:er|re)s?|pints?|minutes?|stone"
    r"|days?|weeks?|months?|few)(?![a-z]))"
)
_ARTICLE: Final = re.compile(
    rf"(?<![a-z])(?:(?P<half>half\s+an?|a\s+half){_COUNTED}|(?P<three>three\s+qua"
    rf"rters\s+of\s+an?){_COUNTED}"
    rf"|(?P<couple>a\s+couple(?:\s+of)?){_COUNTED}|(?P<one>an?){_COUNTED})"
)


# Digits that are part of a name, not a figure.
_NAMES: Final = re.compile(
    r"(?<![a-z])(?:sp\s?o2|o2|h2o|co2|hba1c|a1c|b6|b12|d3|k2|t[34]"
    r"|ft[34]|omega-?3|covid-?19|type\s?[12]"
    r"|vo2)(?![a-z])|[12]型|新冠19|第[一二三四五六七八九十]|一[下起些直样旦向定般共]|统一|唯一|八段锦|五禽戏|二甲双胍|三高|三甲|二锅头|四肢|五官|三明治|七夕"
)


def find_numbers(text: str) -> list[Number]:
    """All numbers of a folded text, left to right, without overlap."""
    found: list[Number] = []
    position = 0
    names = {p for match in _NAMES.finditer(text) for p in range(match.start(), match.end())}
    for start in _starts(text):
        if start < position or start in names:
            continue
        number = _number_at(text, start)
        if number is not None:
            found.append(number)
            position = number.end
    return found


_START: Final = re.compile(
    rf"\d|[{_ZH_DIGIT_CLASS}十]|(?<![a-z])(?:half|an?|{_EN_WORD})(?![a-z])|[½¼¾]"
)


def _starts(text: str) -> Iterator[int]:
    return (match.start() for match in _START.finditer(text))


def _number_at(text: str, start: int) -> Number | None:
    char = text[start]
    if char.isascii() and char.isdigit():
        return _digits_at(text, start)
    if char in _FRACTIONS:
        return Number(start, start + 1, _FRACTIONS[char], char)
    if char in _ZH_DIGIT_CLASS or char == "十":
        return _zh_at(text, start)
    return _en_at(text, start)


_MULTIPLIER: Final = re.compile(r"\s?(?:k(?![a-z])|[万w](?![a-z]))|[千百](?![瓦米克卡])")
_TIMES: Final = {"k": 1e3, "千": 1e3, "百": 1e2}
_TENTH: Final = re.compile(r"点(\d{1,2})(?![\d分:点])")
_CLOCK_BEFORE: Final = re.compile(
    r"(?:[早晚]上|[上下]午|[今昨前]天|凌晨|中午|傍晚|早晨|[今昨]晚|今早)$"
)


def _digits_at(text: str, start: int) -> Number | None:
    match = _DIGITS.match(text, start)
    if match is None:
        return None
    raw, end = match[0], match.end()
    if len(raw) > _LONGEST:
        return Number(start, end, NO_FIGURE, raw)
    value = _decimal(raw)
    tenth = _TENTH.match(text, end)
    if tenth and raw.isdigit() and _is_decimal_point(text, start, tenth):
        return Number(start, tenth.end(), float(f"{raw}.{tenth[1]}"), text[start : tenth.end()])
    if end < len(text) and text[end] in _FRACTIONS and raw.isdigit():
        value, end = value + _FRACTIONS[text[end]], end + 1
    multiplier = _MULTIPLIER.match(text, end)
    if multiplier:
        value = round(value * _TIMES.get(multiplier[0].strip(), 1e4), 6)
        end = multiplier.end()
        value, end = _zh_rest(text, value, end)
    half = _HALF_AFTER.match(text, end)
    if half:
        value, end = value + (0.5 if half[1] == "half" else 0.25), half.end()
    return Number(start, end, value, text[start:end])


def _is_decimal_point(text: str, start: int, tenth: re.Match[str]) -> bool:
    """ "7点8" is 7.8; "7点08" and "7点30" are times, as is anything after a part of the day."""
    if _CLOCK_BEFORE.search(text, max(0, start - 2), start):
        return False
    return len(tenth[1]) == 1 or int(text[start : tenth.start()]) > 24


_ZH_REST: Final = re.compile(
    rf"(\d)(?:千(\d)百|千)?(?!\d|[.,])|([{_ZH_DIGIT_CLASS}])千?(?![百十{_ZH_DIGIT_CLASS}])"
)


def _zh_rest(text: str, value: float, end: int) -> tuple[float, int]:
    """The thousands after 万: "1万2", "1万2千", "1万2千5百"."""
    match = _ZH_REST.match(text, end) if text[end - 1] == "万" else None
    if match is None:
        return value, end
    if match[3]:
        return value + 1000 * _ZH_DIGITS[match[3]], match.end()
    return value + 1000 * int(match[1]) + 100 * int(match[2] or 0), match.end()


def _decimal(raw: str) -> float:
    """Digits with a thousands comma ("8,000") or a decimal one ("70,2"); "13·2" as 13.2."""
    head, comma, tail = raw.partition(",")
    if comma and len(tail) <= 2:
        return float(f"{head}.{tail}")
    return float(raw.replace(",", "").replace("·", "."))


def _zh_at(text: str, start: int) -> Number | None:
    match = _ZH.match(text, start)
    if match is None:
        return None
    whole, _, decimals = match[0].partition("点")
    value = zh_number(whole) if len(whole) <= _LONGEST else NO_FIGURE
    if _is_range(whole, text[match.end() : match.end() + 1]):
        return Number(start, match.end(), NO_FIGURE, match[0])
    if decimals and value >= 0:
        if value <= 24 and _CLOCK_BEFORE.search(text, max(0, start - 2), start):
            return Number(start, start + len(whole), value, whole)
        value += float("0." + "".join(str(_ZH_DIGITS[c]) for c in decimals[:_LONGEST]))
    return Number(start, match.end(), value, match[0])


def _is_range(word: str, after: str) -> bool:
    """六七个小时 is "six or seven", which is no figure."""
    digits = [_ZH_DIGITS.get(char, -9) for char in word]
    return len(digits) == 2 and digits[1] == digits[0] + 1 and after in tuple("个点次杯天")


def zh_number(word: str) -> float:
    """A whole number in Chinese characters: 一万两千, 一百四, 一七五, 十二.

    A last digit without its power counts at the next lower one: 一百四 is 140, 一万二 12 000.
    """
    if not any(c in word for c in "十百千万"):
        return float("".join(str(_ZH_DIGITS[c]) for c in word[:15]))
    total, section, digit, power = 0, 0, 0, 10
    for char in word:
        if char in _ZH_POWERS:
            power = _ZH_POWERS[char]
            section += (digit or 1) * power
            digit = 0
        elif char == "万":
            total, section, digit, power = (total + section + digit) * 10_000, 0, 0, 10_000
        else:
            digit = _ZH_DIGITS[char]
            power = 10 if char in "零〇" else power
    return float(total + section + digit * max(1, power // 10))


def _en_at(text: str, start: int) -> Number | None:
    article = _ARTICLE.match(text, start)
    if article:
        value = {"half": 0.5, "three": 0.75, "couple": 2.0}.get(article.lastgroup or "", 1.0)
        return Number(start, article.end(), value, article[0])
    match = _EN.match(text, start)
    if match is None:
        return None
    value, end = en_number(match[0]), match.end()
    half = _HALF_AFTER.match(text, end)
    if half:
        value, end = value + (0.5 if half[1] == "half" else 0.25), half.end()
    return Number(start, end, value, text[start:end])


def en_number(words: str) -> float:
    """A number in English words: "a hundred and forty", "one forty-eight", "six point five"."""
    whole, _, decimals = words.partition("point")
    total, section = 0, 0
    for word in re.findall(r"[a-z]+", whole)[:12]:
        if word in _SMALL or word in _TENS:
            section = _spoken(section, _SMALL.get(word, _TENS.get(word, 0)))
        elif word == "hundred":
            section = max(1, section) * 100
        elif word == "thousand":
            total, section = total + max(1, section) * 1000, 0
    fraction = "".join(str(_SMALL[word]) for word in decimals.split()[:9])
    return float(f"{total + section}.{fraction or 0}")


def _spoken(section: int, value: int) -> int:
    """ "one forty" is 140 and "one oh five" 105, as people read a pressure aloud."""
    if 1 <= section <= 9:
        return section * 100 + value
    return section + value


def mask(text: str, numbers: list[Number]) -> str:
    """The text with every number replaced by a mask of its own length."""
    parts: list[str] = []
    position = 0
    for number in numbers:
        parts += (text[position : number.start], NUM_HEAD)
        parts.append(NUM_TAIL * (number.end - number.start - 1))
        position = number.end
    parts.append(text[position:])
    return "".join(parts)
