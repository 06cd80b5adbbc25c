"""Ways to spoil a faithful sentence, one per kind; each returns None where it cannot apply."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.grounding import bench_words as words
from bot.grounding.quantities import Quantity, quantities
from rag.types import Lang

__all__ = ["CORRUPTIONS", "Seed"]


@dataclass(frozen=True, slots=True)
class Seed:
    """A source sentence and what a corruption may draw on."""

    text: str
    lang: Lang
    passage: str
    topic: str
    foreign: str  # a sentence of another page


Corruption = Callable[[Seed, random.Random], str | None]
_DIGITS = re.compile(r"(?<![A-Za-z\d.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![A-Za-z\d])")


def replace_word(text: str, old: str, new: str) -> str | None:
    """``text`` with the first whole ``old`` replaced; None when it is not there."""
    latin = old[0].isascii() and old[0].isalpha()
    pattern = rf"\b{re.escape(old)}\b" if latin else re.escape(old)
    changed, count = re.subn(pattern, lambda _: new, text, count=1)
    return changed if count else None


def _table(seed: Seed, rng: random.Random, table: str) -> str | None:
    found = [
        c for old, new in words.pairs(table, seed.lang) if (c := replace_word(seed.text, old, new))
    ]
    return rng.choice(found) if found else None


def _figures(text: str) -> list[re.Match[str]]:
    spans = [(q.start, q.end) for q in quantities(text)]
    return [m for m in _DIGITS.finditer(text) if any(a <= m.start() < b for a, b in spans)]


def _number(seed: Seed, rng: random.Random) -> str | None:
    """Another figure in place of one."""
    found = _figures(seed.text)
    if not found:
        return None
    match = rng.choice(found)
    value = float(match.group().replace(",", ""))
    factor = rng.choice([0.5, 0.8, 1.25, 1.5, 2.0, 3.0])
    changed = value * factor if "." in match.group() else round(value * factor)
    if changed == value:
        changed = value + 2
    text = f"{changed:.1f}" if "." in match.group() else f"{int(changed)}"
    return seed.text[: match.start()] + text + seed.text[match.end() :]


def _number_of_passage(seed: Seed, rng: random.Random) -> str | None:
    """A figure that stands elsewhere in the same passage."""
    found = _figures(seed.text)
    own = {m.group() for m in found}
    others = sorted({m.group() for m in _figures(seed.passage)} - own)
    if not found or not others:
        return None
    match = rng.choice(found)
    return seed.text[: match.start()] + rng.choice(others) + seed.text[match.end() :]


def _exchanged(seed: Seed, rng: random.Random) -> str | None:
    """Two figures of one sentence in each other's place."""
    found = [q for q in quantities(seed.text) if q.kind == "single" and _DIGITS.fullmatch(_bare(q))]
    pairs = [
        (a, b)
        for a in found
        for b in found
        if a.start < b.start and a.unit == b.unit and a.values != b.values
    ]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    text = seed.text
    return text[: a.start] + b.text + text[a.end : b.start] + a.text + text[b.end :]


def _bare(quantity: Quantity) -> str:
    match = re.match(r"[\d.,]+", quantity.text)
    return match.group() if match else ""


def _unit(seed: Seed, rng: random.Random) -> str | None:
    options: list[str] = []
    for quantity in quantities(seed.text):
        for old, new in words.pairs("units", seed.lang):
            changed = replace_word(quantity.text, old, new)
            if changed and quantity.unit_name == old.lower():
                options.append(seed.text[: quantity.start] + changed + seed.text[quantity.end :])
    return rng.choice(options) if options else None


def _swap(kind: str) -> Corruption:
    def swap(seed: Seed, rng: random.Random) -> str | None:
        names = words.names(kind, seed.lang)
        present = [
            n for n in sorted(names, key=len, reverse=True) if replace_word(seed.text, n, "#")
        ]
        if not present:
            return None
        old = present[0]
        if kind == "condition" and seed.lang == "en" and old == "diabetes":
            seed = Seed(
                seed.text.replace("type 2 ", ""), seed.lang, seed.passage, seed.topic, seed.foreign
            )
        new = rng.choice(
            [n for n in names if n not in present and n not in seed.text and old not in n]
        )
        return replace_word(seed.text, old, new)

    return swap


def _from_table(table: str, figures: bool = False) -> Corruption:
    def change(seed: Seed, rng: random.Random) -> str | None:
        if figures and not quantities(seed.text):
            return None
        return _table(seed, rng, table)

    return change


def _limit(seed: Seed, rng: random.Random) -> str | None:
    """A limit turned round, only where it stands at a figure."""
    signed = [q for q in quantities(seed.text) if q.sign]
    options: list[str] = []
    for quantity in signed:
        piece = seed.text[quantity.lead : quantity.tail]
        found = [
            c
            for old, new in words.pairs("limits", seed.lang)
            if (c := replace_word(piece, old, new))
        ]
        options += (
            [seed.text[: quantity.lead] + found[0] + seed.text[quantity.tail :]] if found else []
        )
    return rng.choice(options) if options else None


def _invented(seed: Seed, rng: random.Random) -> str | None:
    text = rng.choice(words.phrases("invented", seed.lang))
    return text.format(topic=seed.topic, Topic=seed.topic[:1].upper() + seed.topic[1:])


def _added(seed: Seed, rng: random.Random) -> str | None:
    body = seed.text.rstrip(" .。!！?？:：")
    if len(body) < 8:
        return None
    return (
        body + rng.choice(words.phrases("added", seed.lang)) + ("." if seed.lang == "en" else "。")
    )


def _foreign(seed: Seed, _rng: random.Random) -> str | None:
    """A true sentence of another page, cited to this one."""
    return seed.foreign or None


def _dose(seed: Seed, rng: random.Random) -> str | None:
    """An invented dose in a sentence that has none."""
    if quantities(seed.text):
        return None
    amount = rng.choice([5, 10, 25, 100, 200, 500])
    body = seed.text.rstrip(" .。")
    return (
        f"{body} ({amount} mg twice a day)." if seed.lang == "en" else f"{body}，每次{amount}毫克。"
    )


CORRUPTIONS: dict[str, Corruption] = {
    "number swap": _number,
    "number from passage": _number_of_passage,
    "numbers exchanged": _exchanged,
    "unit swap": _unit,
    "rate swap": _from_table("rates", figures=True),
    "limit turned": _limit,
    "negation flip": _from_table("negate"),
    "direction flip": _from_table("flips"),
    "medicine swap": _swap("medicine"),
    "condition swap": _swap("condition"),
    "population swap": _swap("group"),
    "substance swap": _swap("thing"),
    "organ swap": _swap("organ"),
    "dose invented": _dose,
    "overclaim": _from_table("overclaim"),
    "invented sentence": _invented,
    "added claim": _added,
    "wrong citation": _foreign,
}
