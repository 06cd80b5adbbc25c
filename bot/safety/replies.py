"""The fixed replies of safety: no model, no database, only reviewed sentences and numbers.

Texts are at most about 120 words. The country is what the person chose; it is never inferred
from the language. When it is unknown, examples of numbers and the question stand together.
"""

from __future__ import annotations

from typing import Literal

from bot.i18n import t, texts
from bot.model import TriageResult
from bot.safety.numbers import CountryNumbers, for_country
from bot.safety.triage import OTHER
from rag.types import Lang

RefusalKind = Literal["dose", "harm"]
_MAX_LINES = 2  # crisis lines shown
_DONE = ("suicide.attempt", "poison.overdose", "poison.swallowed")  # an act, not only a thought


def is_about_other(result: TriageResult) -> bool:
    """Whether the sick or endangered person is somebody else than the speaker."""
    return result.rule.endswith(OTHER)


def emergency_text(result: TriageResult, lang: Lang, country: str = "") -> str:
    """What to do right now: call, first aid for the category, stay with somebody."""
    about = "other" if is_about_other(result) else "self"
    place = for_country(country)
    lines = [
        t(f"safety.emergency.open.{about}", lang),
        _call(place, lang),
        _aid(result.category, about, lang),
    ]
    if result.category == "poison" and place and place.poison:
        lines.append(t("safety.emergency.poison", lang, number=place.poison))
    lines.append(t(f"safety.emergency.close.{about}", lang))
    return "\n".join(lines)


def crisis_text(result: TriageResult, lang: Lang, country: str = "") -> str:
    """A warm answer to a crisis of the mind, with people to reach and the next small step."""
    about = "other" if is_about_other(result) else "self"
    violent = result.rule.startswith("violence")
    place = for_country(country)
    lines = [t(f"safety.crisis.open.{'violence' if violent else about}", lang)]
    if result.rule.removesuffix(OTHER) in _DONE:
        lines.append(t(f"safety.crisis.done.{about}", lang, number=_number(place, lang)))
    lines += _crisis_lines(place, lang)
    lines.append(t(f"safety.crisis.step.{'violence' if violent else about}", lang))
    return "\n".join(lines)


def urgent_text(result: TriageResult, lang: Lang, country: str = "") -> str:
    """A short notice to put before an answer: be seen today, and what to watch for.

    A category may have its own (low mood: where help is).
    """
    about = "other" if is_about_other(result) else "self"
    own = f"safety.urgent.{result.category}.{about}"
    key = own if own in texts(lang) else f"safety.urgent.{about}"
    return t(key, lang, number=_number(for_country(country), lang))


def refusal_text(kind: RefusalKind, lang: Lang) -> str:
    """Why Salus does not do this, and what it can do instead."""
    return t(f"safety.refusal.{kind}", lang)


def _number(place: CountryNumbers | None, lang: Lang) -> str:
    return place.ambulance if place else t("safety.number.unknown", lang)


def _call(place: CountryNumbers | None, lang: Lang) -> str:
    if place is None:
        return t("safety.emergency.call.unknown", lang)
    return t("safety.emergency.call.known", lang, number=place.ambulance, country=place.names[lang])


def _aid(category: str, about: str, lang: Lang) -> str:
    key = f"safety.aid.{category}.{about}"
    return t(key if key in texts(lang) else f"safety.aid.general.{about}", lang)


def _crisis_lines(place: CountryNumbers | None, lang: Lang) -> list[str]:
    if place is None:
        return [t("safety.crisis.call.unknown", lang)]
    lines = [
        t(
            "safety.crisis.line",
            lang,
            name=line.names[lang],
            number=line.number,
            hours=line.hours[lang],
        )
        for line in place.crisis[:_MAX_LINES]
    ]
    if not lines:
        lines = [t("safety.crisis.call.no_line", lang)]
    return [*lines, t("safety.crisis.danger", lang, number=place.ambulance)]
