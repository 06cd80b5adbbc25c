"""Two medicines, or a medicine and alcohol, asked about together: which, and what speaks of both.

A sentence about one of them, or about one of them with a third, must never stand as an answer
to whether these two go together: "may be taken with paracetamol" says nothing of warfarin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.grounding.lexicon import MEDICINE, lexicon, medicine_class
from bot.grounding.sentences import split_sentences
from bot.model import Hit
from rag.types import Lang

ALCOHOL: Final = "alcohol"
_CLASS: Final = "class "  # begins the lexicon's name of a class
_ALCOHOL: Final = re.compile(
    r"\b(?:alcohol|alcoholic|wine|beer|spirits|drinking|a drink|booze)\b|酒", re.IGNORECASE
)
_JOINED: Final = re.compile(
    r"\b(?:with|and|plus|together|alongside|while|when|if|after|before|mix\w*|combin\w+|interact\w*"
    r"|same time|on top of|as well as)\b|和|跟|与|同|一起|加|合用|混|之后|以后|后|期间",
    re.IGNORECASE,
)
_TAKEN: Final = re.compile(
    r"\b(?:tak\w+|took|us(?:e|ing)|have|having|had|drink|drinking|mix\w*|combin\w+|interact\w*"
    r"|together|same time|safe|ok|okay|fine|dangerous|bad|go with)\b"
    r"|吃|服|用|喝|打|一起|同时|合用|混|相互作用|冲突|反应|安全|能|可以",
    re.IGNORECASE,
)
_COMPARED: Final = re.compile(
    r"\b(?:difference|differ|better|versus|vs|compare\w*|instead|switch\w*|stronger|swap\w*"
    r"|replace\w*|which|stop\w*|start\w*|increase|reduce|double|halve|skip|change|come off)\b"
    r"|区别|哪个|还是|更好|比|换|代替|停|加量|减",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The two as the person wrote them (``names``) and by the lexicon's names (``keys``)."""

    names: tuple[str, str]
    keys: tuple[str, str]


def asked_together(text: str, lang: Lang) -> Together | None:
    """The two that a message asks to take together; None for anything else."""
    if _COMPARED.search(text) or not _TAKEN.search(text):
        return None
    named = _named(text, lang)
    if len(named) != 2 or not (ALCOHOL in named or _JOINED.search(text)):
        return None
    (one, said_one), (other, said_other) = named.items()
    return Together(names=(said_one, said_other), keys=(one, other))


def search_words(pair: Together) -> str:
    """The names of both and of their classes, to be searched for beside the question."""
    classes = [_class_words(key) for key in pair.keys]
    return " ".join([*pair.names, *filter(None, classes)])


def only_both(hits: Sequence[Hit], pair: Together) -> list[Hit]:
    """The hits cut down to their sentences that speak of both; hits without one are left out."""
    kept: list[Hit] = []
    for hit in hits:
        lang = hit.passage.lang
        about = [
            s.strip() for s in split_sentences(hit.passage.text) if speaks_of_both(s, pair, lang)
        ]
        if about:
            kept.append(replace(hit, passage=replace(hit.passage, text="\n".join(about))))
    return kept


def speaks_of_both(sentence: str, pair: Together, lang: Lang) -> bool:
    """Whether a sentence names one of the two itself, and the other itself or by its class."""
    said = set(_named(sentence, lang))
    one, other = pair.keys
    named = (_names(said, one), _names(said, other))
    if all(named):
        return True
    same_class = _class_of(one) == _class_of(other)
    by_class = (_class_of(one) in said, _class_of(other) in said)
    if same_class:
        return any(named) and any(by_class)
    return (named[0] and by_class[1]) or (named[1] and by_class[0])


def _names(said: set[str], key: str) -> bool:
    """The medicine itself; for a class, the class or one of its members."""
    return key in said or (key.startswith(_CLASS) and any(_class_of(m) == key for m in said))


def _class_of(key: str) -> str:
    """The class of a medicine as the lexicon names it; a class is its own, alcohol has none."""
    if key.startswith(_CLASS) or key == ALCOHOL:
        return key
    return _CLASS + medicine_class().get(key, key)


def _named(text: str, lang: Lang) -> dict[str, str]:
    """Medicines (or their classes) and alcohol in a text, each once, in order, as written."""
    found: dict[str, str] = {}
    for item in lexicon(lang).find(text):
        for kind, name in sorted(item.sense.entities) if item.sense else ():
            if kind == MEDICINE:
                found.setdefault(name, text[item.start : item.end])
    if drink := _ALCOHOL.search(text):
        found.setdefault(ALCOHOL, drink.group())
    return found


def _class_words(key: str) -> str:
    """The class's own everyday name: "anticoagulant" for warfarin; "" for alcohol."""
    return "" if key == ALCOHOL else _class_of(key).removeprefix(_CLASS).replace("_", " ")
