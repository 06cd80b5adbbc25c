"""The texts around an answer: fixed sentences, refusals, what stands before it."""

from __future__ import annotations

from bot.dialogue.question import Question
from bot.dialogue.turns import Heard, Said
from bot.errors import StoreError
from bot.grounding.together import asked_together
from bot.i18n import t, texts
from bot.model import Lang, ReplyKind, UserId
from bot.safety import check_request, replies


def here(key: str, heard: Heard, **values: object) -> str:
    """The sentence for this place: where values are not kept, one that does not offer it."""
    lang, other = heard.lang, f"{key}_education"
    platform = t(f"platform.{heard.message.place.platform}", lang)
    wanted = other if heard.education and other in texts(lang) else key
    return t(wanted, lang, platform=platform, **values)


def say(  # the few ways in which one fixed sentence differs from another
    key: str,
    heard: Heard,
    *,
    kind: ReplyKind = "command",
    personal: bool = False,
    record: bool = True,
    person: UserId | None = None,
    **values: object,
) -> Said:
    """One fixed sentence, as it is said in this place."""
    text = here(key, heard, **values)
    return Said(text=text, kind=kind, personal=personal, record=record, person=person)


def refusal(heard: Heard) -> Said | None:
    """The fixed refusal of a dose change or harmful help; None for everything else.

    Two medicines together are answered with what the sources say of both, behind a fixed word.
    """
    refused = check_request(heard.text)
    if refused.kind is None or (refused.kind == "dose" and asked_together(heard.text, heard.lang)):
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
