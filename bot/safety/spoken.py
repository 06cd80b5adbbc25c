"""Numbers said in words, turned into digits before values are looked for.

English "eighty six", "thirty nine point four"; Chinese "八十五", "三十八度五", "一百八" (180).
"""

from __future__ import annotations

import re

_ONES = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_UNIT = "one|two|three|four|five|six|seven|eight|nine"
_BELOW_100 = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{_UNIT}))?"
    rf"|{'|'.join(sorted(_ONES, key=len, reverse=True))})"
)
_HUNDRED = re.compile(
    rf"\b((?:a|one|two|three|four|five) hundred(?:(?: and)? {_BELOW_100})?"
    rf"|(?:one|two) {_BELOW_100}(?= over)"
    rf"|(?:{'|'.join(_TENS)})(?:[ -](?:{_UNIT}))?)"
    rf"(?: point ({_UNIT}|zero))?\b"
)
_POINT = re.compile(rf"\b({'|'.join(_ONES)}) point ({_UNIT}|zero)\b")
_ZH_POINT = re.compile(
    r"(?<![十百])([一二两三四五六七八九])点([零一二三四五六七八九])(?![十钟分刻])"
)
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_ZH_NUMBER = re.compile(
    r"([一二两三四五六七八九]百(?:零[一二三四五六七八九]|[一二三四五六七八九]?十[一二三四五六七八九]?"
    r"|[一二三四五六七八九])?|[二两三四五六七八九]十[一二三四五六七八九]?|十[一二三四五六七八九])"
    r"(?:(度)(半|[一二三四五六七八九])(?![一二三四五六七八九十百个])|点([零一二三四五六七八九]))?"
)


def with_digits(text: str) -> str:
    """The text with spoken decimals and numbers of 11 and more as digits, the rest as it is."""
    text = _HUNDRED.sub(_english, text)
    text = _POINT.sub(lambda m: f"{_ONES[m[1]]}.{_ONES[m[2]]}", text)
    text = _ZH_POINT.sub(lambda m: f"{_ZH_DIGITS[m[1]]}.{_ZH_DIGITS[m[2]]}", text)
    return _ZH_NUMBER.sub(_chinese, text)


def _english(match: re.Match[str]) -> str:
    total = 0
    for word in re.split(r"[ -]", match[1]):
        if word == "hundred":
            total = max(total, 1) * 100
        elif word == "a":
            total = 1
        elif word != "and":
            value = _TENS.get(word) or _ONES.get(word, 0)
            # "one forty over ninety" is 140/90
            total = total * 100 + value if 0 < total < 10 and value >= 10 else total + value
    return f"{total}.{_ONES[match[2]]}" if match[2] else str(total)


def _chinese(match: re.Match[str]) -> str:
    total = _chinese_value(match[1])
    if match[2]:
        return f"{total}.{5 if match[3] == '半' else _ZH_DIGITS[match[3]]}度"
    return f"{total}.{_ZH_DIGITS[match[4]]}" if match[4] else str(total)


def _chinese_value(text: str) -> int:
    head, hundred, rest = text.rpartition("百")
    total = 100 * _ZH_DIGITS[head] if hundred else 0
    if len(rest) == 1 and hundred:
        return total + 10 * _ZH_DIGITS[rest]  # 一百八 is 180
    rest = rest.removeprefix("零")
    tens, ten, ones = rest.rpartition("十")
    if ten:
        total += 10 * _ZH_DIGITS.get(tens, 1)
    return total + _ZH_DIGITS.get(ones, 0)
