"""From screened lessons to the rows of a data set: caps, splits, the four forms.

sft, kto and dpo are for a model that writes; choose is for one that reads a few sentences and says
yes or no behind each (bot.grounding.choosing). Answers of the one teach the other nothing. The
same lessons, seed and key give the same rows in the same order.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bot.grounding.choosing import Reading, decided, reading
from bot.model import ChatMessage
from bot.tuning.lineage import pseudonym
from bot.tuning.rated import Rated, Rebuilding
from bot.tuning.screening import Screened
from rag.tokens import normalise

Kind = Literal["sft", "kto", "dpo", "choose"]
Split = Literal["train", "val", "test"]
KINDS: Final[tuple[Kind, ...]] = ("sft", "kto", "dpo", "choose")
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
PER_PERSON = 20
MOST_SHARE = 0.1  # of one person in a set, where it has rows enough
_ENOUGH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to build. ``review`` "all": nothing that no person has accepted."""

    name: str
    kind: Kind
    key: str  # of the pseudonyms
    seed: int = 0
    per_person: int = PER_PERSON
    review: Literal["all", "flagged"] = "flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Rows by split; ``who`` gives each row's pseudonym; ``left_out`` counts reasons."""

    rows: dict[Split, list[dict[str, Any]]]
    who: dict[str, str]
    left_out: dict[str, int]
    versions: dict[str, list[str]] = field(default_factory=dict)


def build(plan: Plan, screened: Sequence[Screened], rebuilding: Rebuilding) -> Built:
    """The data set of these lessons."""
    left: Counter[str] = Counter()
    usable = []
    prompts: dict[str, list[ChatMessage]] = {}
    for one in screened:
        why = left_out(one, plan.review)
        if not why:
            prompts[one.lesson.id] = rebuilding.prompt(one.lesson) or []
            if (_read(one.lesson, prompts) is not None) != (plan.kind == "choose"):
                why = "another form"
        if why:
            left[why] += 1
        else:
            usable.append(one)
    forms = {"sft": _sft, "kto": _kto, "dpo": _dpo, "choose": _choose}
    made = sorted(forms[plan.kind](usable, prompts), key=lambda m: _place(plan, m[0].id))
    kept = list(_capped(plan, made, left))
    rows: dict[Split, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    who: dict[str, str] = {}
    for lesson, row in kept:
        row_id = pseudonym(plan.key, "row", lesson.id)
        rows[split_of(lesson)].append({"id": row_id, **row, "lang": lesson.lang})
        who[row_id] = pseudonym(plan.key, "who", lesson.who)
    return Built(rows=rows, who=who, left_out=dict(sorted(left.items())),
                 versions=_versions([lesson for lesson, _ in kept]))  # fmt: skip


def left_out(one: Screened, review: str) -> str:
    """Why a lesson is not used; empty if it is. What a reviewer decided stands over a doubt."""
    decided = one.lesson.review.verdict if one.lesson.review else ""
    if one.dropped:
        return next(reason for reason in one.reasons if one.dropped)
    if decided == "reject":
        return "rejected"
    if decided:
        return ""
    if one.reasons:
        return f"waits: {one.reasons[0]}"
    return "waits: review" if review == "all" else ""


def split_of(lesson: Rated) -> Split:
    """By the question alone, so that the same question never stands on both sides."""
    words = normalise(lesson.asked)
    place = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4]) % 100
    return "train" if place < 80 else "val" if place < 90 else "test"


Made = tuple[Rated, dict[str, Any]]
Prompts = Mapping[str, Sequence[ChatMessage]]  # by lesson; empty where it cannot be built again


def _sft(usable: Iterable[Screened], prompts: Prompts) -> list[Made]:
    """What was liked, or written by a reviewer."""
    return [
        (one.lesson, {"prompt": _prompt(one.lesson, prompts), "completion": _said(text)})
        for one in usable
        if (text := _good(one.lesson))
    ]


def _kto(usable: Iterable[Screened], prompts: Prompts) -> list[Made]:
    """Every thumb; an answer that a reviewer rewrote is a liked one."""
    found = []
    for one in usable:
        text = _good(one.lesson) or one.lesson.written
        row = {"prompt": _prompt(one.lesson, prompts), "completion": _said(text)}
        found.append((one.lesson, row | {"label": bool(_good(one.lesson))}))
    return found


def _dpo(usable: Sequence[Screened], prompts: Prompts) -> list[Made]:
    """A reviewer's text over the original, and a liked answer over a disliked one to the same."""
    pairs: list[Made] = []
    asked: dict[tuple[object, ...], list[Rated]] = defaultdict(list)
    for one in usable:
        lesson = one.lesson
        if lesson.review and lesson.review.verdict == "edit":
            pairs.append((lesson, _pair(lesson, lesson.review.text, lesson.written, prompts)))
        asked[(normalise(lesson.asked), lesson.shown, lesson.earlier)].append(lesson)
    for group in asked.values():
        liked = [one for one in group if one.vote == "up" and not _edited(one)]
        # Both halves from one person, so that a row has one owner and goes with them.
        for good in liked:
            for bad in group:
                if bad.vote == "down" and bad.who == good.who and bad.written != good.written:
                    pairs.append((good, _pair(good, good.written, bad.written, prompts)))
                    break
    return pairs


def _choose(usable: Iterable[Screened], prompts: Prompts) -> list[Made]:
    """Which sentences a liked answer was made of, or one that a reviewer wrote out of them.

    A dislike does not say which sentence was wrong, so it makes no row.
    """
    found: list[Made] = []
    for one in usable:
        read, text = _read(one.lesson, prompts), _good(one.lesson)
        if read is None:
            continue
        chosen = {place for place, choice in enumerate(read.choices) if choice.text in text}
        if chosen:
            found.append((one.lesson, {"parts": decided(read, chosen)}))
    return found


def _read(lesson: Rated, prompts: Prompts) -> Reading | None:
    """The few sentences that the answer was chosen from, if it was."""
    return reading(*(message.content for message in prompts[lesson.id]))


def _pair(lesson: Rated, good: str, bad: str, prompts: Prompts) -> dict[str, Any]:
    return {
        "prompt": _prompt(lesson, prompts), "chosen": _said(good), "rejected": _said(bad),
    }  # fmt: skip


def _edited(lesson: Rated) -> bool:
    return lesson.review is not None and lesson.review.verdict == "edit"


def _good(lesson: Rated) -> str:
    """The text to imitate; empty when there is none."""
    if lesson.review and _edited(lesson):
        return lesson.review.text
    return lesson.written if lesson.vote == "up" else ""


def _prompt(lesson: Rated, prompts: Prompts) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in prompts[lesson.id]]


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _place(plan: Plan, id_: str) -> str:
    return pseudonym(plan.key, f"order {plan.seed}", id_)


def _capped(plan: Plan, made: Sequence[Made], left: Counter[str]) -> Iterable[Made]:
    """At most so many rows of one person, and in a large set no more than their share."""
    most = plan.per_person
    if len(made) >= _ENOUGH:
        most = min(most, max(1, int(len(made) * MOST_SHARE)))
    counts: Counter[str] = Counter()
    for lesson, row in made:
        counts[lesson.who] += 1
        if counts[lesson.who] > most:
            left["cap"] += 1
        else:
            yield lesson, row


def _versions(lessons: Sequence[Rated]) -> dict[str, list[str]]:
    """What the answers were made with, for the lineage."""
    names = ("prompt_version", "knowledge_version", "model", "adapter")
    return {name: sorted({getattr(one, name) for one in lessons} - {""}) for name in names}
