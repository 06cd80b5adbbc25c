"""Text hygiene and language: what comes in is cleaned once, here, and judged by its script.

Zero-width and Unicode tag characters can hide instructions or break rules apart, so they are
removed on the way in and on the way out (safety.md, injection).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from rag.types import Lang

MAX_MESSAGE_CHARS = 4000  # what a person may say at once; a chat platform's own limit is close

_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffc\U000e0000-\U000e0fff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af]")
_SURROGATE = re.compile("[\ud800-\udfff]")

Understood = Literal["en", "zh", "other", "wordless"]


def clean(text: str) -> str:
    """The text without hidden, control and broken characters, in NFC, with plain spacing."""
    text = _SURROGATE.sub("\ufffd", text)
    text = unicodedata.normalize("NFC", text)
    text = _HIDDEN.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Co"})
    text = _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text))
    return text.strip()


def language(text: str, *, hint: Lang | None = None) -> Understood:
    """Which of our languages a cleaned text is in; ``other`` is a third one, ``wordless`` none.

    The script decides first: one Han character weighs as much as a Latin word. Latin text
    counts as another language only when its function words say so.
    """
    if not any(c.isalnum() for c in text):
        return "wordless"
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    others = sum(c.isalpha() for c in text) - han - latin
    if _KANA_OR_HANGUL.search(text) and others * 3 >= han + latin:
        return "other"
    if others > han + latin:
        return "other"
    if han and han * 4 >= latin:
        return "zh"
    if not latin:
        return hint or "en"  # bare numbers
    return "other" if _surely_foreign(text) else "en"


def _surely_foreign(text: str) -> bool:
    """At least two function words of one other language, and more of them than of English.

    A trained identifier (py3langid) cost 100 MB of memory and took a Spanish question for
    English; function words decide this narrow question better on short messages.
    """
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(word in _ENGLISH for word in words)
    most = max(sum(word in known for word in words) for known in _FOREIGN.values())
    return most >= 2 and most > english


_ENGLISH = frozenset(
    "the is are am my i of and what how why should can with for it this have has do does feel "
    "was been not too than when after me a to in on at be or if".split()
)
_FOREIGN = {
    name: frozenset(words.split())
    for name, words in {
        "es": "el la los las de que qué cómo cuántas cuánto por para con mi me una un es está "
        "tengo debo puedo hacer duele cada y",
        "fr": "le la les des de du que quoi comment combien pour avec mon ma je suis est une un "
        "j'ai ai dois puis mal faire et quelle quel",
        "de": "der die das ist ich habe mein meine wie viel was für mit und nicht ein eine bin "
        "kann soll schmerzen",
        "it": "il lo la gli le di che come quanto per con mio mia ho sono è una un devo posso e",
        "pt": "o os as de que como quanto para com meu minha tenho estou é uma um devo posso e não",
        "nl": "de het een is ik heb mijn hoe wat voor met en niet ben kan moet",
        "pl": "jak co jest mam mnie nie się na do czy mój moja boli ile",
        "tr": "ve bir bu için ne nasıl benim çok var mı mi kaç değil",
        "vi": "tôi bị là có không và của cho nào bao nhiêu đau làm",
        "id": "saya apa bagaimana yang dan untuk dengan tidak adalah berapa sakit bisa",
    }.items()
}
