"""Which language a text is in: by its script, and for Latin letters by its commonest words.

Only English and Chinese can be answered in, so anything else must be noticed; which other
language it is matters little and is named for the person who has to mend it.
"""

from __future__ import annotations

import re
from collections import Counter

from rag.tokens import detect_lang
from rag.types import Lang

_SCRIPTS = (
    ("Japanese", re.compile("[\u3040-\u30ff]"), 0.1),
    ("Korean", re.compile("[\uac00-\ud7af]"), 0.3),
    ("Russian or another Cyrillic language", re.compile("[\u0400-\u04ff]"), 0.3),
    ("Arabic or Persian", re.compile("[\u0600-\u06ff]"), 0.3),
    ("Greek", re.compile("[\u0370-\u03ff]"), 0.3),
    ("Hebrew", re.compile("[\u0590-\u05ff]"), 0.3),
    ("Thai", re.compile("[\u0e00-\u0e7f]"), 0.3),
    ("an Indian language", re.compile("[\u0900-\u0dff]"), 0.3),
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
# The commonest words that the languages do not share with English.
_COMMON = {
    "English": "the of and to in is that for it with are this be as or on from by can you your "
    "not may have has which these their if at was other when more who",
    "Spanish": "el la los las de que y en un una es por con para del se al como su más pero sus "
    "también puede son usted sobre este",
    "French": "le la les des de et en un une est que pour dans qui du par sur au avec ce sont "
    "vous ne pas plus votre peut ou",
    "German": "der die das und ist nicht ein eine mit von zu den im für auf dem sich des auch "
    "werden oder bei sie wird sind einer",
    "Italian": "il lo gli di che è e un una per con del della sono non si nel alla più anche "
    "può come le dei",
    "Portuguese": "o os as de que e do da em um uma para com não por mais dos das se na no ao "
    "você pode são também",
    "Dutch": "de het een van en in is dat op te met voor niet zijn aan er om ook als bij door "
    "kan wordt je",
    "Polish": "i w na z do się nie jest to że jak przez od po dla może lub są oraz ale przy",
    "Vietnamese": "và của là có được cho không một các trong với bạn để những khi này người",
    "Indonesian": "yang dan di dari untuk dengan pada ini tidak adalah atau anda dapat dalam",
    "Turkish": "ve bir bu için ile olarak da de daha çok olan gibi veya sonra en ne",
}
_SETS = {name: frozenset(words.split()) for name, words in _COMMON.items()}
_ENOUGH = 20  # words below which commonest words prove nothing
_LOOK = 6_000  # characters looked at


_CODES = {
    "en": "en", "eng": "en", "english": "en", "英语": "en", "英文": "en",
    "zh": "zh", "chi": "zh", "zho": "zh", "chinese": "zh", "中文": "zh", "汉语": "zh",
}  # fmt: skip


def declared(value: object) -> str:
    """A language as files declare it ("en-GB", "中文") as en or zh; another stays as it is."""
    text = value.strip().casefold() if isinstance(value, str) else ""
    return _CODES.get(text) or _CODES.get(re.split(r"[-_ (（]", text)[0]) or text


def language(text: str) -> Lang | str:
    """``en``, ``zh``, or the English name of another language. Short Latin text counts as en."""
    some = text[:_LOOK]
    if not some.isascii():
        letters = sum(map(str.isalpha, some))
        for name, script, share in _SCRIPTS:
            if letters and len(script.findall(some)) >= max(2, share * letters):
                return name
        if detect_lang(some) == "zh":
            return "zh"
    words = Counter(_WORD.findall(some.lower()))
    total = sum(words.values())
    if total < _ENOUGH:
        return "en"
    counts = {n: sum(words[w] for w in words.keys() & common) for n, common in _SETS.items()}
    best = max(counts, key=lambda name: counts[name])
    certain = counts[best] >= 0.12 * total and counts[best] >= 2 * counts["English"]
    return best if certain and best != "English" else "en"
