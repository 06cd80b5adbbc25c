"""Takes out of a text what names or reaches a person, and leaves what it says about health.

Rules, not a model: addresses and numbers by their form; names where something says that one
follows, and words with a capital that the knowledge never writes small. What is masked too much
costs a little meaning; what is masked too little costs a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

# The commonest family names, most of the people of mainland China: "我叫" alone also calls a taxi.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
)
_CAP = r"[A-ZÀ-ÖØ-ÞŁŠŽ][A-Za-zÀ-ɏ'’.-]*"
_NAME = rf"{_CAP}(?:\s+{_CAP}){{0,2}}"
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Nurse|Doctor)\.?"
_ROAD = (
    r"(?:St|Street|Rd|Road|Ave|Avenue|Blvd|Boulevard|Ln|Lane|Dr|Drive|Way|Ct|Court|Pl|Place|Sq|"
    r"Square|Hwy|Highway|Pkwy|Parkway|Terrace|Close|Crescent|Rue|Strasse|Straße|Platz)"
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
# What a figure may measure: such figures are what a lesson is about.
_UNIT = (
    r"(?:[munµ]?g|kg|lbs?|pounds?|m?[lL]|[mk]?cal|kilocalories|calories|steps|mm|cm|km|miles?|IU|"
    r"units?|mmol|mg/dl|ppm|hours?|minutes?|days?|weeks?|months?|years?|步|毫克|微克|克|千卡|卡|毫升|升|单位)"
)

ALWAYS: Final = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"(?:https?://|www\.)[^\s，。）)]+", re.IGNORECASE), "[link]"),
    (re.compile(r"(?<![\w/])@\w{3,}"), "[account]"),
    # seven digits or more, as one number or in groups: telephones, identity cards, files
    (re.compile(r"(?<![\d.])\+?\(?\d(?:[ ()-]{0,2}\d){6,}[Xx]?"), "[number]"),
    (re.compile(rf"\b((?i:my name is|i am called|i'm called|call me))\s+{_NAME}"), r"\1 [name]"),
    (re.compile(rf"(我叫|我的名字叫|我的名字是)[{_SURNAMES}][一-鿿]{{1,2}}(?=[，。,.、；;！!？?\s]|$)"),
     r"\1[name]"),
)  # fmt: skip
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_FLAT = r"(?:,?\s+(?:Apt|Suite|Unit|Floor)\.?\s*\w+)?"
_MORE: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "[number]"),  # addresses of machines
        (r"\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b", "[number]"),  # bank accounts
        (r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b", "[date]"),
        (rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}\b\.?(?:,?\s+\d{{4}})?", "[date]"),
        (rf"\b{_MONTH}\.?\s+(?:{_DAY}\b(?:,?\s+\d{{4}})?|\d{{4}}\b)", "[date]"),
        (rf"\b(?:19|20)\d\d(?:s\b|\b)(?!\s*{_UNIT}\b)(?![.,/]\d)", "[date]"),
        (r"\d{4}年(?:\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月\d{1,2}[日号]", "[date]"),
        (rf"\b\d{{1,6}}[A-Za-z]?,?\s+(?:{_CAP}\s+){{1,4}}{_ROAD}\b\.?{_FLAT}", "[address]"),
        (rf"\b\d{{3,6}}\s+(?!{_UNIT}\b)(?:{_CAP}\s+){{1,3}}(?:\d{{1,5}}\b)?{_FLAT}", "[address] "),
        (rf"\b{_CAP}(?:\s+{_CAP}){{0,3}}\s+{_ROAD}\b\.?(?:\s+\d{{1,6}})?{_FLAT}", "[address]"),
        (r"\b(?i:P\.?\s?O\.?\s+Box|Suite|Apt\.?|Box)\s+#?\d+\w?", "[address]"),
        (r"[一-鿿]{2,10}(?:路|街|大道|巷|弄)\d+号(?:[\d一-鿿]{0,8}室)?", "[address]"),
        (rf"\b{_TITLE}\s+{_NAME}", "[name]"),
        (rf"[{_SURNAMES}](?=医生|大夫|先生|女士|护士|老师)", "[name]"),
        (rf"(?<![\d.,])\d{{5,}}(?!\s*{_UNIT}\b)(?![\d.,]*\d)", "[number]"),
        (rf"(?<![\d.,])\d{{3}}[ -]\d{{4}}(?!\s*{_UNIT}\b)", "[number]"),
    )
)
_WORD = re.compile(rf"(?<![\w\[]){_CAP}")
_START = re.compile(r"(?:^|[.!?:;\n•-]\s*|[\"“(])$")
# Written with a capital in any text about health or daily life, and nobody's name.
_KNOWN: Final = frozenset(
    "i i'm i've i'll i'd english chinese monday tuesday wednesday thursday friday saturday sunday "
    "january february march april may june july august september october november december "
    "christmas easter covid bmi bp ecg ekg mri ct dna hiv hpv uti ibs gerd copd adhd ptsd ldl hdl "
    "a1c hba1c spo2 b12 d3 nsaid nsaids ok tv us uk eu who cdc nhs fda salus".split()
)
_ENDINGS: Final = tuple(
    "ing ly tion ment ness ed ies ology itis emia ine ol pril sartan statin azole cillin "
    "mycin".split()
)
_OFTEN_FIRST: Final = frozenset(
    "a about after all also am an and any are as at be because before but by can could did do does "
    "create for from get give had has have he hello help her hey hi his how if in is it it's its "
    "just let my need no not now of on or our please she should since so some tell thank thanks "
    "that the "
    "their them then there these they this those to today too was we were what what's when where "
    "which while who why will with would yes yesterday you your".split()
)


def masked(text: str) -> str:
    """What reaches a person, by its form alone: for texts that others wrote, such as answers."""
    for pattern, instead in ALWAYS:
        text = pattern.sub(instead, text)
    return text


def deidentified(text: str, *, known: Collection[str], own: Iterable[str] = ()) -> str:
    """What a person wrote, without what is theirs alone.

    ``known``: words that the knowledge writes with a small letter. ``own``: names and places
    from this person's profile.
    """
    for name in sorted({n.strip() for n in own if len(n.strip()) > 1}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", text, flags=re.IGNORECASE)
    text = masked(text)
    for pattern, instead in _MORE:
        text = pattern.sub(instead, text)
    text = _WORD.sub(lambda m: _judged(m, known), text)
    return re.sub(r"\[name\](?:[\s,]+\[name\])+", "[name]", text)


def _judged(match: re.Match[str], known: Collection[str]) -> str:
    """The word, or a mask where only a name would be written like that."""
    raw = match.group()
    word = raw.rstrip(".'’-")
    bare = re.sub(r"['’]s$", "", word).lower()
    if bare in _KNOWN or bare in _OFTEN_FIRST or bare in known or bare.rstrip("s") in known:
        return raw
    if len(word) == 1 or word[1:2] == "-" or (word.isupper() and len(word) <= 4):
        return raw  # an abbreviation, vitamin C, a C-section
    if _START.search(match.string[: match.start()]) and _ordinary(bare):
        return raw
    return "[name]" + raw[len(word) :]


def _ordinary(word: str) -> bool:
    """Formed as words are that begin a sentence and that nobody is called."""
    return word.endswith(_ENDINGS)
