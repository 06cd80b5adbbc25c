"""Honest rewordings of a source sentence, one per kind; None where one cannot apply."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from bot.grounding import bench_words as words
from bot.grounding.bench_corrupt import Seed, replace_word
from bot.grounding.quantities import quantities
from bot.grounding.sentences import parse_sentences

__all__ = ["FAITHFUL"]

Rewording = Callable[[Seed, random.Random], str | None]
_EN_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_ZH_WORDS = "零 一 两 三 四 五 六 七 八 九 十 十一 十二".split()
_MOVED = re.compile(
    r"^(?P<main>[^,]{12,}?) (?P<clause>(?:if|when|because|after|before|while) [^,]{8,})\.$"
)
_TURNED = re.compile(
    r"^(?P<clause>(?:If|When|Because|After|Before|While) [^,]{8,}), (?P<main>[^,]{12,})\.$"
)
_PAREN = re.compile(r"\s?[（(][^（）()]*[)）]")


def _verbatim(seed: Seed, _rng: random.Random) -> str | None:
    return seed.text


def _synonyms(seed: Seed, rng: random.Random) -> str | None:
    """Up to two words replaced by words that say the same."""
    text, changes = seed.text, 0
    pairs = list(words.pairs("synonyms", seed.lang))
    rng.shuffle(pairs)
    for old, new in pairs:
        changed = replace_word(text, old, new)
        if changed and changes < 2 and new not in text:
            text, changes = changed, changes + 1
    return text if changes else None


def _reorder(seed: Seed, _rng: random.Random) -> str | None:
    if seed.lang == "zh":
        parts = re.split(r"，", seed.text.rstrip("。"))
        if len(parts) != 3 or parts[0].startswith(("如果", "若", "当")):
            return None
        return "，".join([parts[0], parts[2], parts[1]]) + "。"
    if match := _MOVED.match(seed.text):
        main = match["main"]
        return f"{match['clause'][0].upper()}{match['clause'][1:]}, {main[0].lower()}{main[1:]}."
    if match := _TURNED.match(seed.text):
        clause, main = match["clause"], match["main"]
        return f"{main[0].upper()}{main[1:]} {clause[0].lower()}{clause[1:]}."
    return None


def _shorten(seed: Seed, _rng: random.Random) -> str | None:
    """Without brackets or the last clause."""
    end = "." if seed.lang == "en" else "。"
    text = _PAREN.sub("", seed.text)
    if text != seed.text:
        return text
    cut = re.split(
        r", (?:so|because|and|which|but|yet) | because |，(?:因此|所以|因为|也|但|并)", text
    )
    if len(cut) < 2 or len(cut[0]) < (25 if seed.lang == "en" else 10):
        return None
    return cut[0].rstrip(" .。") + end


def _merge(seed: Seed, _rng: random.Random) -> str | None:
    """Two neighbouring sentences of the passage as one."""
    sentences = [s for s in parse_sentences(seed.passage) if not s.item]
    texts = [s.text for s in sentences]
    if seed.text not in texts or texts.index(seed.text) + 1 >= len(texts):
        return None
    following = texts[texts.index(seed.text) + 1]
    if seed.text[-1] in ":：" or following[-1] in ":：":
        return None
    if seed.lang == "zh":
        return seed.text.rstrip("。") + "，" + following
    return seed.text.rstrip(".") + ", and " + following[0].lower() + following[1:]


def _numerals(seed: Seed, _rng: random.Random) -> str | None:
    """Figures up to twelve written as words."""
    table = _EN_WORDS if seed.lang == "en" else _ZH_WORDS
    text = seed.text
    for quantity in sorted(quantities(text), key=lambda q: -q.start):
        if (
            quantity.kind == "pair"
            or not quantity.dim
            or {".", ","} & set(quantity.text)
            or quantity.dim in {"mmol/l", "ratio"}
        ):
            continue
        changed = re.sub(
            r"\d+",
            lambda m: table[int(m.group())] if int(m.group()) <= 12 else m.group(),
            quantity.text,
        )
        changed = (
            re.sub(r"(?<=[a-z])[–-](?=[a-z])", " to ", changed)
            if seed.lang == "en"
            else re.sub(r"(?<=\D)[～–~-](?=\D)", "到", changed)
        )
        text = text[: quantity.start] + changed + text[quantity.end :]
    return text if text != seed.text else None


def _converted(seed: Seed, _rng: random.Random) -> str | None:
    """One figure in another unit, exactly."""
    for quantity in quantities(seed.text):
        changed = _convert(quantity.values, quantity.unit_name, quantity.kind, seed.lang)
        if changed:
            return seed.text[: quantity.start] + changed + seed.text[quantity.end :]
    return None


_RULES = {
    "hours": (60.0, "minutes"),
    "hour": (60.0, "minutes"),
    "minutes": (1 / 60, "hours"),
    "weeks": (7.0, "days"),
    "mg": (0.001, "g"),
    "g": (1000.0, "mg"),
    "kg": (2.2046226, "pounds"),
    "litres": (1000.0, "ml"),
    "ml": (0.001, "litres"),
    "cm": (0.01, "m"),
    "小时": (60.0, "分钟"),
    "分钟": (1 / 60, "小时"),
    "克": (1000.0, "毫克"),
    "千克": (2.0, "斤"),
    "公斤": (2.0, "斤"),
    "升": (1000.0, "毫升"),
    "周": (7.0, "天"),
}


def _convert(values: tuple[float, ...], unit: str, kind: str, lang: str) -> str | None:
    if unit not in _RULES or kind == "pair":
        return None
    factor, name = _RULES[unit]
    shown = [round(value * factor, 1 if factor == 2.2046226 else 6) for value in values]
    if any(abs(s * 100 - round(s * 100)) > 1e-9 or s < 0.01 for s in shown):
        return None
    joined = ("–" if lang == "en" else "～").join(f"{s:g}" for s in shown)
    return f"{joined} {name}" if lang == "en" else joined + name


def _list_to_prose(seed: Seed, _rng: random.Random) -> str | None:
    """Two or three items of the passage's list as one sentence."""
    items = [s.text for s in parse_sentences(seed.passage) if s.item]
    if len(items) < 2 or seed.text != items[0]:
        return None
    taken = items[:2]
    if seed.lang == "zh":
        return "，".join(t.rstrip("。；") for t in taken) + "。"
    first, second = (t.rstrip(".") for t in taken)
    return f"{first}, and {second[0].lower()}{second[1:]}."


def _opened(seed: Seed, rng: random.Random) -> str | None:
    opener = rng.choice(words.phrases("openers", seed.lang))
    text = seed.text if seed.lang == "zh" else seed.text[0].lower() + seed.text[1:]
    return opener + text


def _chatter(seed: Seed, rng: random.Random) -> str | None:
    return rng.choice(words.phrases("chatter", seed.lang))


FAITHFUL: dict[str, Rewording] = {
    "verbatim": _verbatim,
    "synonyms": _synonyms,
    "clause order": _reorder,
    "shortened": _shorten,
    "two merged": _merge,
    "numerals as words": _numerals,
    "units converted": _converted,
    "list to prose": _list_to_prose,
    "opener added": _opened,
    "no claim": _chatter,
}
