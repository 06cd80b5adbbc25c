"""Which country a person means by "China", "UK", "中国" or "us", and its numbers in words."""

from __future__ import annotations

from functools import cache

from bot.i18n import t
from bot.model import Lang
from bot.safety.numbers import for_country, numbers_table

_SPOKEN = {
    "usa": "US", "u.s.": "US", "america": "US", "the us": "US", "the united states": "US",
    "united states of america": "US", "uk": "GB", "u.k.": "GB", "britain": "GB",
    "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "the uk": "GB",
    "mainland china": "CN", "prc": "CN", "大陆": "CN", "中国大陆": "CN", "内地": "CN",
    "美": "US", "holland": "NL",
}  # fmt: skip
_LEAD_INS = ("i'm in ", "i am in ", "in ", "from ", "我在", "在", "人在")


@cache
def _names() -> dict[str, str]:
    """Every name we know, lower-case, with its two-letter code."""
    names = dict(_SPOKEN)
    for code, row in numbers_table().items():
        names |= {code.lower(): code, row.names["en"].lower(): code, row.names["zh"]: code}
    return names


def find(text: str) -> str:
    """The two-letter code of the country named; empty when none of ours is."""
    said = text.strip().strip(".!。！ ").lower()
    for lead in ("", *_LEAD_INS):
        if said.startswith(lead) and (code := _names().get(said.removeprefix(lead).strip())):
            return code
    return ""


def numbers_text(code: str, lang: Lang) -> str:
    """The emergency number of a country in one sentence."""
    row = for_country(code)
    if row is None:
        return t("safety.number.unknown", lang)
    return t("country.numbers", lang, country=row.names[lang], number=row.ambulance)
