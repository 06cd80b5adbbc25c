"""One file or address on its way into the draft, as a person's profile remembers it.

Nothing of the file itself is kept before it is in the draft: only where to fetch it again, and
a digest of what was shown, so that what is put into the draft is what was looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from bot.ids import new_id
from bot.model import Lang, Profile, Upload

if TYPE_CHECKING:
    from rag.versions_intake import Intake

WALK, USED, NOTE = "kb", "kb_used", "kb_note"  # in Profile.pending
Field = Literal["organisation", "url", "licence", "date"]
FIELDS: tuple[Field, ...] = ("organisation", "url", "licence", "date")
LICENCES = ("CC BY 4.0", "CC BY-SA 4.0", "CC0", "Public domain", "OGL v3.0")
_SHOWN = 6  # findings of each kind that a card names
_REMEMBERED = 24  # cards that were used
_LONGEST = 200
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")
_URL = re.compile(r"https?://[^\s<>\"]+\.[^\s<>\"]+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding about the file: the key of its sentence and what fills it."""

    where: str
    key: str
    details: Mapping[str, str]
    level: Literal["refused", "flagged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where a file stands. ``missing`` counts documents by the field they lack.

    ``given`` is what the admin filled in, ``skipped`` what was left open, ``asks`` the field
    that the next message answers.
    """

    id: str
    upload: Upload
    step: Literal["reading", "read"] = "reading"
    digest: str = ""
    documents: int = 0
    chunks: int = 0
    langs: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    asks: str = ""
    told: tuple[Told, ...] = ()
    refused: int = 0
    flagged: int = 0

    @property
    def open(self) -> tuple[Field, ...]:
        """The fields that some document still lacks."""
        return tuple(name for name in FIELDS if name in self.missing and name not in self.given)

    @property
    def next(self) -> Field | None:
        """The field to ask for, if any was not left open."""
        return next((name for name in self.open if name not in self.skipped), None)


def begun(upload: Upload) -> Walk:
    """A file that is about to be read."""
    return Walk(id=new_id()[-8:], upload=upload)


def read(walk: Walk, intake: Intake) -> Walk:
    """With what reading it found."""
    refused = [f for f in intake.findings if f.level == "refused"]
    flagged = [f for f in intake.findings if f.level == "flagged"]
    told = [
        Told(where=f.where, key=f.key, details=dict(f.details), level=f.level)
        for f in (*refused[:_SHOWN], *flagged[:_SHOWN])
    ]
    return replace(
        walk, step="read", digest=intake.digest, documents=intake.documents,
        chunks=intake.chunks, langs={str(k): v for k, v in intake.langs.items()},
        missing=dict(intake.missing),
        told=tuple(told), refused=len(refused), flagged=len(flagged), asks="",
    )  # fmt: skip


def value_of(name: str, text: str) -> str:
    """What a person wrote, as the value of a field; empty when it cannot be one."""
    words = " ".join(text.split())
    if not words or len(words) > _LONGEST or words.endswith(("?", "？")) or "\n" in text.strip():
        return ""
    if name == "date":
        words = words.replace("/", "-").replace("年", "-").replace("月", "-").rstrip("-日")
        words = "-".join(part.zfill(2) for part in words.split("-"))
        return words if _DATE.match(words) else ""
    if name == "url":
        return words if _URL.match(words) else ""
    return words


def address_in(text: str) -> str:
    """The web address that a whole message is; empty for every other message."""
    return text.strip() if _URL.match(text.strip()) else ""


# --- in the profile ----------------------------------------------------------


def of(profile: Profile) -> Walk | None:
    """The open walk."""
    raw = profile.pending.get(WALK)
    if not raw:
        return None
    data = json.loads(raw)
    told = tuple(Told(**one) for one in data.pop("told"))
    skipped = tuple(data.pop("skipped"))
    return Walk(upload=Upload(**data.pop("upload")), told=told, skipped=skipped, **data)


def asked(profile: Profile) -> bool:
    """Whether a question of ours is open."""
    open_walk = of(profile)
    return bool(profile.pending.get(NOTE) or (open_walk is not None and open_walk.asks))


def kept(profile: Profile, walk: Walk | None) -> Profile:
    """The profile with this walk open, or none."""
    pending = {k: v for k, v in profile.pending.items() if k != WALK}
    if walk is not None:
        pending[WALK] = json.dumps(asdict(walk), ensure_ascii=False)
    return replace(profile, pending=pending)


def used(profile: Profile, card: str) -> Profile | None:
    """The profile that remembers the card as pressed; None if it was pressed before."""
    known = profile.pending.get(USED, "").split()
    if card in known:
        return None
    return _with(profile, USED, " ".join([*known, card][-_REMEMBERED:]))


def noting(profile: Profile, version: str) -> Profile:
    """The profile of somebody asked why they reject a draft; empty: of nobody."""
    return _with(profile, NOTE, version)


def _with(profile: Profile, key: str, value: str) -> Profile:
    pending = {k: v for k, v in profile.pending.items() if k != key}
    return replace(profile, pending=pending | ({key: value} if value else {}))


def langs_of(walk: Walk) -> Iterable[Lang]:
    """The languages of its documents."""
    langs: tuple[Lang, ...] = ("en", "zh")
    return [lang for lang in langs if lang in walk.langs]
