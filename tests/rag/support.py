"""A tiny knowledge base in both languages and a deterministic embedder for quick tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from rag.library import Knowledge
from rag.tokens import terms

Open = Callable[..., Knowledge]

PAGE = """---
id: {slug}
lang: {lang}
title: {title}
topics: [{topics}]
sources:
  - id: who
    organisation: World Health Organization (WHO)
    title: "{title}"
    url: https://www.who.int/{slug}
    date: 2024-05
reviewed: 2026-11-22
licence: CC-BY-4.0
clinician_review: pending
---
{sections}
"""

PAGES = {
    "en/sleep": ("How much sleep adults need", "sleep, bedtime, hours of sleep", [
        ("How many hours should I sleep?", "Most adults need 7 to 9 hours of sleep [^who]."),
        ("Why do I wake at night?", "Noise, stress and alcohol wake people at night [^who]."),
        ("When should I see a doctor about sleep?", "See a doctor if sleep stays bad [^who]."),
    ]),
    "zh/sleep": ("成年人需要多少睡眠", "睡眠, 失眠, 睡不着", [
        ("成年人每晚应该睡几个小时？", "多数成年人每晚需要7到9小时睡眠[^who]。"),
        ("为什么夜里会醒？", "噪音、压力和饮酒都会让人夜里醒来[^who]。"),
        ("睡眠不好什么时候看医生？", "睡眠长期不好，请去看医生[^who]。"),
    ]),
    "en/salt": ("Salt and your health", "salt, sodium, salty food", [
        ("How much salt is too much?", "Adults should eat less than 5 g of salt a day [^who]."),
        ("Where does salt hide?", "Bread, sauces and snacks hold a lot of salt [^who]."),
        ("How can I eat less salt?", "Cook with herbs and taste before you add salt [^who]."),
    ]),
    "zh/salt": ("盐与健康", "盐, 钠, 口味重", [
        ("每天吃多少盐算多？", "成年人每天吃盐应少于5克[^who]。"),
        ("哪些食物含盐多？", "酱油、咸菜和零食含盐很多[^who]。"),
        ("怎样少吃盐？", "做饭多用香料，先尝再加盐[^who]。"),
    ]),
    "en/burns": ("First aid for burns", "burn, scald, hot water", [
        ("What should I do for a burn?", "Cool a burn under running water for 20 minutes [^who]."),
        ("What should I not put on a burn?", "Never put butter or ice on a burn [^who]."),
        ("When is a burn an emergency?", "Call for help if a burn is large or deep [^who]."),
    ]),
}  # fmt: skip


class HashEmbedder:
    """Every term is a random but fixed direction; a text is their normalised sum."""

    name = "hash-64"
    dimensions = 64

    def __init__(self) -> None:
        self.embedded = 0
        self.fail_after: int | None = None

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Four texts at a time, so that an interruption can fall between two batches."""
        for start in range(0, len(texts), 4):
            some = list(range(start, min(start + 4, len(texts))))
            if self.fail_after is not None and self.embedded >= self.fail_after:
                raise KeyboardInterrupt
            self.embedded += len(some)
            yield some, np.stack([self.query(texts[i]) for i in some])

    def query(self, text: str) -> np.ndarray:
        """One vector."""
        total = np.full(self.dimensions, 1e-3)
        for term in terms(text):
            seed = int.from_bytes(hashlib.sha256(term.encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).standard_normal(self.dimensions)
        return (total / np.linalg.norm(total)).astype(np.float32)

    def words(self) -> frozenset[str]:
        """A few common words that are not to be mended."""
        return frozenset({"slept", "truck", "water"})


def page_text(name: str, **changes: str) -> str:
    """One of PAGES as a file; ``changes`` replace pieces of its text."""
    lang, slug = name.split("/")
    title, topics, sections = PAGES[name]
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections)
    text = PAGE.format(slug=slug, lang=lang, title=title, topics=topics, sections=body)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def write_page(folder: Path, name: str, text: str | None = None) -> Path:
    """Write one page below ``folder``."""
    path = folder / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page_text(name) if text is None else text, encoding="utf-8")
    return path
