"""The sentences an extractive answer may quote, and how well each answers the question."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.grounding.claims import Claims, extract
from bot.grounding.sentences import parse_sentences
from bot.grounding.telling import promise
from bot.model import Hit
from rag.types import Lang

__all__ = [
    "Candidate",
    "candidates",
    "gives_value",
    "is_worrying",
    "other_people",
    "seeks_help",
    "tells_figures",
    "trim_opener",
    "wants_figures",
]

Similarity = Callable[[str, list[str]], list[float]]

_OPENER = re.compile(
    r"^(?:(?:However|Moreover|Furthermore|In addition|Additionally|Also|Therefore|Thus"
    r"|As a result|For example|For instance"
    r"|In fact|Instead|Similarly|Likewise|Besides|Still|Nevertheless|On the other hand"
    r"|That said|In contrast|Meanwhile|Finally|Second|Then)"
    r",\s+(?=[A-Za-z])|(?:And|But|So|Yet)\s+(?=[a-z]))"
    r"|^(?:此外|另外|同时|因此|所以|然而|不过|但是|而且|并且|例如|比如|其次|再次|最后|总之|相反"
    r"|同样)[，,：:]?\s*(?=[\u4e00-\u9fff])"
)
_DANGLING = re.compile(
    r"^(?:This|That|These|Those|They|It|He|She|Its|Their|Both|Such|The same|Most of them"
    r"|Some of them|Others|Another|One of them|More than that|Less than that)\b"
    r"|^(?:这|那|它|他们|她们|其(?!实|他)|此(?!外)|两者|二者|前者|后者|以上|上述|该|有的(?!人)|也|还"
    r"|如此|否则|在正常范围内)|^\d[\d.]*(?:[～~–-]\d[\d.]*)?(?:及以上|以上|以下)?(?:为|是|属)|^[^，。；]{0,12}(?:，[^，。；]{0,8})?(?:这类|这种|这些|这两|上述)"
)
# Share of what fitting is worth that a sentence gets for its heading's words too. A Chinese
# sentence hardly repeats what its heading names, and no likeness is measured that would see it all
# the same: of the 62 Chinese questions of sections.jsonl .84 begin with their section, not .82.
_IMPLIED: dict[Lang, float] = {"en": 0.0, "zh": 0.5}
_HEADED = 2.0  # what a heading that asks the question itself is worth (rag.sections)
_ASKING = frozenset("怎办什么哪啥咋吗呢")  # ask, and say nothing of what about
_EVERYONE = frozenset({"adults", "成年人"})
_FIGURES = re.compile(
    r"\bhow (?:much|many|long|often|high|low|far|fast|old|late|soon)\b|\bwhat (?:is|are"
    r"|'s) (?:a |the |an )?(?:normal|healthy|good|right|safe|ideal)"
    r"|\b(?:limit|target|range|maximum|minimum|level|dose|number)\b|多少|几|多久|多长|多高"
    r"|多大|正常值|标准|范围|上限|多重",
    re.IGNORECASE,
)
# "142/88, is that bad?": who gives a value wants to know the limits it lies between
_OWN_VALUE = re.compile(
    r"\d.*\b(?:ok|okay|normal|bad|good|fine|high|low|mean|means|healthy|too|worry|overweight)\b"
    r"|\d.*(?:正常|高不高|高吗|低吗|[偏太]?[高低]|什么意思|算|胖|要紧|严重|怎么样)",
    re.IGNORECASE,
)
_WORRY = re.compile(
    r"\b(?:pain|ache|hurts?|hurting|bleed\w*|blood in|dizz\w*|faint\w*|fever|temperature"
    r"|short of breath|breathless\w*|breathing|numb\w*"
    r"|weak(?:ness)?|swollen|swelling|lump|rash|vomit\w*|sick|cough\w*|palpitation\w*|racing"
    r"|pounding|blurr\w*|headache\w*|migraine\w*"
    r"|tired|exhausted|anxious|panic\w*|hopeless|depress\w*|burning|itch\w*|diarrh\w*"
    r"|constipat\w*|can't sleep|cannot sleep|insomnia"
    r"|worr\w*|dangerous|too (?:high|low)|serious|normal|urgent|doctor|hospital|emergency"
    r"|symptoms?|snor\w*|infection|allerg\w*|reading)\b"
    r"|痛|疼|出血|便血|头晕|晕|发热|发烧|气短|气喘|喘|胸闷|麻木|无力|肿|皮疹|呕吐|恶心|咳|心慌"
    r"|心悸|模糊|乏力|疲劳|累|焦虑|惊恐|抑郁|低落|难受"
    r"|不舒服|拉肚子|腹泻|便秘|失眠|睡不着|担心|危险|严重|太高|太低|偏高|偏低|正常吗|要紧|医生"
    r"|医院|急诊|症状|打鼾|打呼|感染|过敏|要不要看|怎么办",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"\b(?:see|call|contact|speak to|talk to|ask|go to|get|seek|visit"
    r"|tell)\b[^.]{0,60}\b(?:doctor|gp|ambulance|emergency|999|911|112|120|medical help|urgent"
    r"|hospital|nurse|help|care|clinic)\b"
    r"|去[\u4e00-\u9fff、或]{2,12}科|(?:就医|就诊|看医生|急诊|拨打120|打120|去医院|到医院|联系医生|找医生|求助|看看医生)",
    re.IGNORECASE,
)
_HELP_HEADING = re.compile(
    r"\b(?:doctor|help|urgent|emergency|worry|see someone|hospital)\b|医生|就医|看病|急诊|求助"
    r"|就诊|医院",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Candidate:
    """One quotable sentence. ``hit`` and ``place`` give its passage and its order therein."""

    text: str
    hit: int
    place: int
    item: bool
    leading: bool
    claims: Claims
    lead_in: int = -1  # place of the sentence that introduces this item
    dangling: bool = False
    score: float = 0.0  # how well it fits the question
    promise: float = 0.0  # how much it is likely to tell for its length
    heading: str = ""
    keys: frozenset[str] = field(default_factory=frozenset)
    says: frozenset[int] = frozenset()  # which pieces of the question it names

    @property
    def helps(self) -> bool:
        """True when it tells when or where to get help."""
        return bool(_HELP.search(self.text))


def trim_opener(text: str) -> str:
    """``text`` without a connecting opener that makes no sense alone ("However, …", 此外，…)."""
    trimmed = _OPENER.sub("", text)
    if trimmed == text or not trimmed:
        return text
    return trimmed[0].upper() + trimmed[1:]


def is_worrying(question: str) -> bool:
    """The question is about a symptom or a reading that worries."""
    return bool(_WORRY.search(question))


def gives_value(question: str) -> bool:
    """The question gives a value and asks what to think of it."""
    return bool(_OWN_VALUE.search(question))


def wants_figures(question: str) -> bool:
    """The question asks how much, how many, how long, or what a value means."""
    return bool(_FIGURES.search(question)) or gives_value(question)


def seeks_help(heading: str) -> bool:
    """The heading is about when to see somebody."""
    return bool(_HELP_HEADING.search(heading))


def candidates(
    question: str, hits: Sequence[Hit], similarity: Similarity | None
) -> list[Candidate]:
    """All quotable sentences of ``hits``, scored against the question, in reading order."""
    found = [c for index, hit in enumerate(hits) for c in _of_hit(index, hit)]
    asked = extract(question, hits[0].passage.lang if hits else None)
    weights = _weights(asked, found)
    figures = wants_figures(question)
    home = _home(hits)
    strangers = {
        index
        for index, hit in enumerate(hits)
        if other_people(asked, hit) or hit.passage.doc != home
    }
    alike = _alike(question, found, similarity)
    for candidate, close in zip(found, alike, strict=True):
        candidate.score = _score(candidate, hits[candidate.hit], weights, figures) + 0.9 * close
        candidate.score -= 0.25 if candidate.hit in strangers else 0.0
        candidate.promise = promise(candidate, hits)
        candidate.says = frozenset(i for i, (k, _) in enumerate(weights) if k & candidate.keys)
    return found


def _home(hits: Sequence[Hit]) -> str:
    """The document that most of the best hits belong to."""
    totals: dict[str, float] = {}
    for hit in hits[:4]:
        totals[hit.passage.doc] = totals.get(hit.passage.doc, 0.0) + hit.score
    return max(totals, key=lambda doc: totals[doc], default="")


def other_people(asked: Claims, hit: Hit) -> bool:
    """The section is about children, pregnancy… and the question about none of them."""
    heading = extract(f"{hit.passage.title} {hit.passage.section}", hit.passage.lang)
    groups = {s.value for s in heading.slots if s.axis == "group"} - _EVERYONE
    return bool(groups) and groups.isdisjoint(s.value for s in asked.slots if s.axis == "group")


def _of_hit(index: int, hit: Hit) -> list[Candidate]:
    passage = hit.passage
    found: list[Candidate] = []
    lead_in = -1
    for place, sentence in enumerate(parse_sentences(passage.text)):
        text = trim_opener(sentence.text)
        claims = extract(sentence.text, passage.lang)
        dangling = bool(_DANGLING.match(text)) and not sentence.item
        found.append(
            Candidate(
                text=text,
                hit=index,
                place=place,
                item=sentence.item,
                leading=place == 0,
                claims=claims,
                lead_in=lead_in if sentence.item else -1,
                dangling=dangling,
                heading=passage.section,
                keys=claims.keys,
            )
        )
        if not sentence.item:
            lead_in = place
    return [c for c in found if "[" not in c.text and "【" not in c.text]


def _weights(asked: Claims, found: list[Candidate]) -> list[tuple[frozenset[str], float]]:
    """The question's pieces with how telling each is among the candidates (idf)."""
    weighted: list[tuple[frozenset[str], float]] = []
    for item in asked.items:
        seen = sum(bool(item.keys & c.keys) for c in found)
        weighted.append((item.keys, item.weight * math.log(1 + len(found) / (1 + seen))))
    return weighted


def _share(weights: list[tuple[frozenset[str], float]], keys: frozenset[str]) -> float:
    total = sum(w for _, w in weights)
    return sum(w for k, w in weights if k & keys) / total if total else 0.0


def _score(
    candidate: Candidate, hit: Hit, weights: list[tuple[frozenset[str], float]], figures: bool
) -> float:
    passage = hit.passage
    heading = extract(passage.section, passage.lang).keys if passage.section else frozenset[str]()
    score = 1.0 * hit.score
    implied = _IMPLIED[passage.lang]
    score += (1.1 - implied) * _share(weights, candidate.keys) + 0.9 * _share(weights, heading)
    if implied:
        about = [(keys, weight) for keys, weight in weights if not keys <= _ASKING]
        score += implied * _share(about, candidate.keys | heading)
    score += _HEADED * hit.why.get("heading", 0.0)
    score += 0.45 if candidate.leading else 0.0
    score += 0.5 if figures and tells_figures(candidate.claims) else 0.0
    score -= 0.25 if candidate.item else 0.0
    score -= 0.5 if candidate.text.endswith(("?", "？")) else 0.0
    long = len(candidate.text) > (260 if passage.lang == "en" else 110)
    return score - (0.4 if long else 0.0) - 0.06 * candidate.hit


def tells_figures(claims: Claims) -> bool:
    """A measure or a number, not merely the "one" of "one low reading"."""
    return any(p.figure.dim or max(p.figure.values) > 1 for p in claims.quantities)


def _alike(question: str, found: list[Candidate], similarity: Similarity | None) -> list[float]:
    if similarity is None or not found or found[0].claims.lang != "en":
        return [0.0] * len(found)
    return [max(0.0, value) for value in similarity(question, [c.text for c in found])]
