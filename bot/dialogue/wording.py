"""The texts around an answer: refusals, what stands before it, and what a failed store means."""

from __future__ import annotations

from bot.dialogue.answering import Question
from bot.dialogue.turns import Heard, Said
from bot.errors import StoreError
from bot.i18n import t
from bot.model import Lang
from bot.safety import check_request, replies


def refusal(heard: Heard) -> Said | None:
    """The fixed refusal of a dose change or harmful help; None for everything else."""
    refused = check_request(heard.text)
    if refused.kind is None:
        return None
    return Said(text=replies.refusal_text(refused.kind, heard.lang), kind="refusal", votable=True)


def stored_nothing(heard: Heard, error: StoreError) -> Said:
    """Say plainly that nothing was stored; the person may send it again."""
    return Said(text=t(error.key, heard.lang, **error.details), kind="clarify", failure=error.key)


def opening(heard: Heard, question: Question, logged: Said | None, country: str) -> str:
    """What stands before an answer: what was logged, or an urgent word; then their numbers."""
    parts: list[str] = []
    if logged is not None:
        parts.append(logged.text)
    elif heard.triage.level == "urgent":
        parts.append(replies.urgent_text(heard.triage, heard.lang, country))
    parts.append(own_lines(question, heard.lang))
    return "\n\n".join(part for part in parts if part)


def own_lines(question: Question, lang: Lang) -> str:
    """The person's own numbers that bear on the question, computed by code."""
    if not question.own.shown:
        return ""
    return "\n".join([t("answer.your_numbers", lang), *(f"- {s}" for s in question.own.shown)])
