"""Who is there and what they say: hundreds of people, two languages, private chats and groups.

The questions are those of the retrieval sets (reviewed pages, consumers, off topic), each made
one of its own with a name or an age, so that no cache answers for us. The shares are fixed here
and printed with every result.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.model import Lang

Kind = Literal["question", "own numbers", "value", "command", "small talk", "vote"]

SHARES: dict[Kind, float] = {
    "question": 0.52,
    "own numbers": 0.03,
    "value": 0.19,
    "command": 0.09,
    "small talk": 0.09,
    "vote": 0.08,
}
IN_GROUPS = 0.25  # of the questions and the small talk
CHINESE = 0.4  # of the people
PEOPLE = 400
GROUPS = 150  # Telegram lets a bot say 20 things a minute in one
SETS = Path(__file__).resolve().parents[1] / "retrieval"
NAME = "SalusTestBot"

_ABOUT: dict[Lang, tuple[str, ...]] = {
    "en": ("i'm {n}. {q}", "{q} (asking for {who}, {n})", "hi, {who} is {n}: {q}", "{q} i am {n}"),
    "zh": ("我{n}岁，{q}", "{who}{n}岁，{q}", "你好，{q} 我今年{n}", "帮{who}问的，{n}岁：{q}"),
}  # fmt: skip
_WHO: dict[Lang, tuple[str, ...]] = {
    "en": ("my mum", "my dad", "my sister", "a friend", "my husband", "my aunt", "my neighbour"),
    "zh": ("我妈", "我爸", "我姐", "朋友", "我老公", "姑姑", "邻居"),
}
_VALUES: dict[Lang, tuple[tuple[str, str, float], ...]] = {  # text, kind, step of the value
    "en": (
        ("weight {v:.1f} kg", "weight", 0.1),
        ("heart rate {v:.0f}", "heart_rate", 1),
        ("walked {v:.0f} steps", "steps", 13),
        ("waist {v:.1f} cm", "waist", 0.1),
    ),
    "zh": (
        ("体重{v:.1f}公斤", "weight", 0.1),
        ("心率{v:.0f}", "heart_rate", 1),
        ("走了{v:.0f}步", "steps", 13),
    ),
}
_FROM = {
    "weight": (55.0, 40),
    "heart_rate": (60.0, 25),
    "steps": (3000.0, 900),
    "waist": (70.0, 300),
}
_OWN: dict[Lang, tuple[str, ...]] = {
    "en": (
        "how is my weight this week?",
        "what was my average heart rate?",
        "am i walking enough?",
    ),
    "zh": ("我这周体重怎么样？", "我的平均心率是多少？", "我走得够多吗？"),
}
_COMMANDS: dict[Lang, tuple[str, ...]] = {
    "en": ("/help", "/today", "/why", "/privacy"),
    "zh": ("/help", "/today", "/why", "/privacy"),
}
_TALK: dict[Lang, tuple[str, ...]] = {
    "en": ("hi", "thanks!", "good morning", "ok", "who are you?", "good night"),
    "zh": ("你好", "谢谢", "早上好", "好的", "你是谁？", "晚安"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a private chat (their id) who also writes in some groups."""

    id: int
    lang: Lang
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One thing that is about to be said; ``value`` is what must then be stored, once."""

    kind: Kind
    person: Person
    chat: int
    text: str = ""
    value: tuple[str, float] | None = None


@dataclass
class Mix:
    """The stream of one seed. ``made`` counts what came out of it."""

    seed: int = 1
    made: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """The people, and the questions of both languages."""
        self._chance = random.Random(self.seed)
        groups = range(-60_001, -60_001 - GROUPS, -1)
        self.people = [
            Person(
                id=10_001 + n,
                lang="zh" if n % 10 < CHINESE * 10 else "en",
                groups=tuple(self._chance.sample(groups, 3)),
            )
            for n in range(PEOPLE)
        ]
        self._questions = {lang: list(_questions(lang)) for lang in ("en", "zh")}
        self._values: Counter[tuple[int, str]] = Counter()

    def __iter__(self) -> Iterator[Saying]:
        """Without end."""
        kinds = list(SHARES)
        weights = list(SHARES.values())
        while True:
            kind = self._chance.choices(kinds, weights)[0]
            person = self._chance.choice(self.people)
            saying = self._saying(kind, person)
            self.made[f"{kind}"] += 1
            self.made["in groups"] += saying.chat < 0
            self.made["in Chinese"] += person.lang == "zh"
            yield saying

    def _saying(self, kind: Kind, person: Person) -> Saying:
        if kind == "value":
            return self._value(person)
        if kind == "vote":
            return Saying(kind=kind, person=person, chat=person.id)
        text = self._text(kind, person.lang)
        if kind in {"question", "small talk"} and self._chance.random() < IN_GROUPS:
            chat = self._chance.choice(person.groups)
            return Saying(kind=kind, person=person, chat=chat, text=f"@{NAME} {text}")
        return Saying(kind=kind, person=person, chat=person.id, text=text)

    def _text(self, kind: Kind, lang: Lang) -> str:
        if kind != "question":
            texts = {"own numbers": _OWN, "command": _COMMANDS, "small talk": _TALK}[kind]
            return self._chance.choice(texts[lang])
        question = self._chance.choice(self._questions[lang])
        about, who = self._chance.choice(_ABOUT[lang]), self._chance.choice(_WHO[lang])
        return about.format(q=question, who=who, n=self._chance.randint(18, 89))

    def _value(self, person: Person) -> Saying:
        """A value this person has not had before, so that each can be found again."""
        text, kind, step = self._chance.choice(_VALUES[person.lang])
        number = self._values[person.id, kind]
        self._values[person.id, kind] += 1
        low, most = _FROM[kind]
        value = round(low + step * (number % most), 1)
        return Saying(
            kind="value",
            person=person,
            chat=person.id,
            text=text.format(v=value),
            value=(kind, value),
        )


def _questions(lang: Lang) -> Iterator[str]:
    for path in sorted(SETS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["lang"] == lang:
                yield row["text"]
