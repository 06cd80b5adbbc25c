"""A Retriever over a handful of passages, by word overlap; can be told to fail or find nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.model import Hit, Lang, Passage, SearchResult, Source
from rag.types import RetrievalError

_WORD = re.compile(r"[a-z]+|[\u3400-\u9fff]")
CDC = Source(
    organisation="Centers for Disease Control and Prevention (CDC)",
    title="About Sleep",
    url="https://www.cdc.gov/sleep/about/index.html",
    date="2024-05-15",
)


def passage(ident: str, title: str, section: str, text: str, lang: Lang = "en") -> Passage:
    """A passage with one source."""
    return Passage(
        id=ident, doc=f"{lang}/{ident}", title=title, section=section, text=text, lang=lang,
        url=CDC.url, sources=(CDC,), reviewed="2026-11-22",
    )  # fmt: skip


PASSAGES = (
    passage(
        "sleep-adults",
        "How much sleep adults need",
        "How much sleep do adults need each night?",
        "Most adults need at least 7 hours of sleep a night. "
        "Regularly sleeping less than 7 hours is linked with weight gain and high blood pressure.",
    ),
    passage(
        "tiredness",
        "Feeling tired",
        "Why am I tired all the time?",
        "Tiredness often comes from too little sleep, stress or too little movement. "
        "See a doctor if tiredness lasts longer than 4 weeks.",
    ),
    passage(
        "bp",
        "High blood pressure",
        "What counts as high blood pressure?",
        "A clinic blood pressure of 140/90 mmHg or higher is high. "
        "A single high reading should be repeated on another day.",
    ),
    passage(
        "zh-bp",
        "高血压",
        "血压多少算高？",
        "诊室血压达到140/90 mmHg及以上属于高血压。一次偏高应在不同日子重复测量。",
        "zh",
    ),
    passage(
        "zh-sleep", "成年人睡多久", "成年人每天要睡几个小时？", "成年人每晚至少要睡7小时。", "zh"
    ),
)


class FakeRetriever:
    """Ranks by shared words; ``failing`` raises, and no shared word means nothing relevant."""

    def __init__(self, passages: Sequence[Passage] = PASSAGES, *, crossing: bool = False) -> None:
        """Passages are searched in the asker's language only, unless ``crossing``."""
        self.passages = passages
        self.crossing = crossing
        self.failing = False
        self.problems: tuple[str, ...] = ()
        self.queries: list[str] = []

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult:
        """See ports.Retriever."""
        self.queries.append(query)
        if self.failing:
            raise RetrievalError("down")
        words = set(_WORD.findall(query.lower())) - {"i", "a", "the", "is", "to", "do", "of", "my"}
        hits = []
        for one in self.passages:
            shared = words & set(_WORD.findall(f"{one.title} {one.section} {one.text}".lower()))
            if shared and (self.crossing or one.lang == (lang or one.lang)):
                hits.append(Hit(passage=one, score=min(0.99, len(shared) / (len(words) + 1))))
        hits.sort(key=lambda h: -h.score)
        best = hits[0].score if hits else 0.0
        return SearchResult(
            hits=tuple(hits[:limit]), relevant=best >= 0.25, confidence=best, version="kb-test"
        )
