"""What the model gets to read, within a token budget: passages, numbers, profile, recent turns.

Pure. The question and the first passage always fit; then the person's own numbers, the other
passages in rank order, and as many recent turns as are left room for, newest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.grounding.excerpts import excerpts
from bot.i18n import t
from bot.model import Hit, Lang, TurnId

_OVERHEAD_TOKENS = 420  # the fixed texts of the prompt and the chat template
_HISTORY_CHARS = 400  # an earlier turn is a reminder, not a source
MOST_SENTENCES = 5  # of one answer
NOTHING = "-"
LANGUAGE_NAMES: Mapping[Lang, str] = {"en": "English", "zh": "简体中文"}


class Exchange(Protocol):
    """An earlier turn, as far as a prompt repeats it."""

    @property
    def id(self) -> str: ...
    @property
    def asked(self) -> str: ...
    @property
    def answered(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The filled sections of a prompt and the passages that made it in, in citation order.

    ``recalled``: the earlier turns that made it in, oldest first.
    """

    hits: tuple[Hit, ...]
    values: Mapping[str, str]
    recalled: tuple[TurnId, ...] = ()


def tokens(text: str) -> int:
    """A safe upper guess of the tokens in ``text``: 4 Latin characters or 1 other per token."""
    ascii_chars = sum(c.isascii() for c in text)
    return ascii_chars // 4 + 2 * (len(text) - ascii_chars) + 1


def build(
    *,
    question: str,
    hits: Sequence[Hit],
    metrics: Sequence[str],
    profile: Sequence[str],
    history: Sequence[Exchange],
    budget: int,
) -> Context:
    """Fill the sections. ``budget`` is in tokens for the whole prompt."""
    left = budget - _OVERHEAD_TOKENS - tokens(question)
    numbers = "\n".join(metrics)
    about = "; ".join(profile)
    left -= tokens(numbers) + tokens(about)
    kept, shown = _fit_passages(hits, left)
    left -= sum(tokens(block) for block in shown)
    recalled, earlier = _fit_history(history, left)
    return Context(
        hits=kept,
        recalled=recalled,
        values={
            "question": question,
            "passages": "\n\n".join(shown) or NOTHING,
            "metrics": numbers or NOTHING,
            "profile": about or NOTHING,
            "history": earlier or NOTHING,
        },
    )


def brief(*, question: str, hits: Sequence[Hit]) -> Context:
    """For a model that reads little: a few sentences of the first hits, and nothing else.

    The person's own numbers stand above the answer anyway, put there by code.
    """
    parts = excerpts(question, hits)
    shown = [
        "\n- ".join((f"[{n}] {part.hit.passage.title}", *part.sentences))
        for n, part in enumerate(parts, 1)
    ]
    empty = dict.fromkeys(("metrics", "profile", "history"), NOTHING)
    return Context(
        hits=tuple(part.hit for part in parts),
        values={"question": question, "passages": "\n".join(shown) or NOTHING, **empty},
    )


def prompt_values(filled: Context, lang: Lang) -> dict[str, str]:
    """Every variable of the answer prompt."""
    return {
        "language": LANGUAGE_NAMES[lang],
        "sentences": str(MOST_SENTENCES),
        "no_answer": t("answer.model_has_none", lang),
        **filled.values,
    }


def _fit_passages(hits: Sequence[Hit], left: int) -> tuple[tuple[Hit, ...], list[str]]:
    kept: list[Hit] = []
    shown: list[str] = []
    for hit in hits:
        passage = hit.passage
        block = f"[{len(kept) + 1}] {passage.title} › {passage.section}\n{passage.text}"
        cost = tokens(block)
        if kept and cost > left:
            break
        left -= cost
        kept.append(hit)
        shown.append(block)
    return tuple(kept), shown


def _fit_history(history: Sequence[Exchange], left: int) -> tuple[tuple[TurnId, ...], str]:
    lines: list[str] = []
    kept: list[TurnId] = []
    for turn in reversed(history):
        line = f"Person: {turn.asked[:_HISTORY_CHARS]}\nSalus: {turn.answered[:_HISTORY_CHARS]}"
        left -= tokens(line)
        if left < 0:
            break
        lines.append(line)
        kept.append(TurnId(turn.id))
    return tuple(reversed(kept)), "\n".join(reversed(lines))
