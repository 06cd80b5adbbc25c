"""What an admin is shown, in both languages, and the buttons under it.

A card is used once: its buttons carry its own name, so that a second press, of this button or
another on the same card, is known for what it is. ``action`` is ``verb:card:argument``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.dialogue.curating.walk import LICENCES, Walk, langs_of
from bot.dialogue.turns import Said
from bot.i18n import t, texts
from bot.ids import new_id
from bot.model import Button, Lang

if TYPE_CHECKING:
    from rag.gaps import Gaps
    from rag.versions_model import Diff, Draft, LogEntry, Right
    from rag.versions_words import DocumentDiff

Rows = tuple[tuple[Button, ...], ...]
_SHOWN = 5
_LOG = 10
_TEXT = 9000  # characters of documents shown at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks: their name, what they may do, and their language."""

    name: str
    rights: frozenset[Right]
    lang: Lang
    reviewed: bool  # whether drafts need a second person here


def said(text: str, rows: Rows = ()) -> Said:
    """A card: private, and nothing for the record of one's health."""
    return Said(text=text, kind="command", personal=True, record=False, buttons=rows)


def count(what: str, number: int, lang: Lang) -> str:
    """A number of things, in words that fit the number."""
    return t(f"curate.n.{what}.{'one' if number == 1 else 'many'}", lang, count=number)


def rows(lang: Lang, *wanted: Sequence[tuple[str, str]]) -> Rows:
    """Rows of (verb, argument), all of one new card."""
    card = new_id()[-6:]
    return tuple(
        tuple(
            Button(label=t(f"curate.button.{verb}", lang), action=f"{verb}:{card}:{rest}")
            for verb, rest in row
        )
        for row in wanted
        if row
    )


# --- a file ------------------------------------------------------------------


def read(walk: Walk, lang: Lang, note: str = "") -> Said:
    """What was read of a file: how much, what not and why, what is missing."""
    name = walk.upload.name
    parts = [note] if note else []
    if not walk.documents:
        parts.append(t("curate.read_nothing", lang, name=name))
        parts += _findings(walk, lang)
        return said("\n\n".join(parts))
    comma = t("metrics.comma", lang)
    langs = comma.join(t(f"curate.lang.{found}", lang) for found in langs_of(walk))
    parts.append(
        t(
            "curate.read",
            lang,
            name=name,
            documents=count("document", walk.documents, lang),
            passages=count("passage", walk.chunks, lang),
            langs=langs,
        )
    )
    parts += _findings(walk, lang)
    given = [
        f"{t(f'curate.field.{k}', lang)}{t('curate.colon', lang)}{v}" for k, v in walk.given.items()
    ]
    if given:
        parts.append(t("curate.given", lang, fields=t("curate.semicolon", lang).join(given)))
    if walk.open:
        parts.append(t("curate.missing", lang, fields=_missing(walk, lang)))
    elif walk.missing or not walk.given:
        parts.append(t("curate.complete", lang))
    first = [("ask", walk.id)] if walk.open else []
    return said("\n\n".join(parts), rows(lang, first, [("put", walk.id), ("drop", walk.id)]))


def asking(walk: Walk, lang: Lang, *, again: bool = False) -> Said:
    """One question about where the file comes from."""
    name = walk.asks
    text = t(f"curate.ask.{name}", lang)
    if walk.documents > 1:
        some = t("curate.ask.some", lang, count=walk.missing[name], documents=walk.documents)
        text = f"{some} {text}" if lang == "en" else f"{some}{text}"
    if again:
        text = f"{t(f'curate.again.{name}', lang)}\n\n{text}"
    choices: list[tuple[Button, ...]] = []
    buttons = rows(lang, [("skip", walk.id), ("drop", walk.id)])
    if name == "licence":
        card = buttons[0][0].action.split(":")[1]
        made = [
            Button(label=label, action=f"lic:{card}:{walk.id}.{i}")
            for i, label in enumerate(LICENCES)
        ]
        choices = [tuple(made[:3]), tuple(made[3:])]
    return said(text, (*choices, *buttons))


def _missing(walk: Walk, lang: Lang) -> str:
    return t("metrics.comma", lang).join(_lacking(walk, name, lang) for name in walk.open)


def _lacking(walk: Walk, name: str, lang: Lang) -> str:
    """The field, and how many documents lack it where some do not."""
    field, lacking = t(f"curate.field.{name}", lang), walk.missing[name]
    if lacking == walk.documents:
        return field
    return t("curate.lacking", lang, field=field, count=lacking, documents=walk.documents)


def _findings(walk: Walk, lang: Lang) -> Iterable[str]:
    for level, count in (("refused", walk.refused), ("flagged", walk.flagged)):
        title = "curate.refused_list" if level == "refused" else "curate.flagged"
        lines = [
            f"- {one.where}{t('curate.colon', lang)}{_sentence(one.key, lang, one.details)}"
            for one in walk.told
            if one.level == level
        ]
        if lines:
            more = count - len(lines)
            lines += [t("kb.more", lang, count=more)] if more > 0 else []
            yield "\n".join([t(title, lang, count=count), *lines])


def _sentence(key: str, lang: Lang, details: object) -> str:
    try:
        return t(key, lang, **details) if isinstance(details, dict) else t(key, lang)
    except KeyError:  # a sentence that asks for more than the finding knows
        return texts(lang)["ingest.failed"]


# --- the draft ---------------------------------------------------------------


def home(draft: Draft, viewer: Viewer, heading: str = "", *, switched: bool = False) -> Said:
    """How things stand, and what this person can do about it.

    ``switched``: the heading says already which version is published.
    """
    lang = viewer.lang
    parts = [heading] if heading else []
    if not switched:
        parts.append(t("curate.published_is", lang, version=draft.base or "–"))
    if draft.empty:
        parts.append(t("curate.draft_empty", lang))
    else:
        parts.append("\n".join(_draft_lines(draft, lang)))
        waits = [t(f"curate.waiting.{w}", lang, count=len(draft.unproven)) for w in draft.waiting]
        parts += ["\n".join(waits)] if waits else [t("curate.ready", lang)]
    return said("\n\n".join(parts), _home_rows(draft, viewer))


def _draft_lines(draft: Draft, lang: Lang) -> Iterable[str]:
    yield t(
        "curate.draft", lang, version=draft.version, editor=draft.editor,
        added=len(draft.added), changed=len(draft.changed), removed=len(draft.removed),
    )  # fmt: skip
    for kind, docs in (
        ("added", draft.added),
        ("changed", draft.changed),
        ("removed", draft.removed),
    ):
        for doc in docs[:_SHOWN]:
            yield f"- {t(f'curate.kind.{kind}', lang)}{doc}"
        if len(docs) > _SHOWN:
            yield f"- {t('kb.more', lang, count=len(docs) - _SHOWN)}"
    for review in draft.reviews:
        note = f"{t('curate.colon', lang)}{review.note}" if review.note else ""
        yield t(f"kb.review.{review.verdict}", lang, name=review.name, note=note)
    for one in draft.unproven[:_SHOWN]:
        fields = t("metrics.comma", lang).join(t(f"curate.field.{m}", lang) for m in one.missing)
        yield t("curate.unproven", lang, doc=one.doc, fields=fields)


def _home_rows(draft: Draft, viewer: Viewer) -> Rows:
    look, decide, back = [], [], []
    if not draft.empty:
        look = [("text", draft.version), ("diff", draft.version)]
        decide = [(verb, draft.version) for verb in _decisions(draft, viewer)]
    elif draft.earlier and "publish" in viewer.rights:
        back = [("back", draft.base)]
    return rows(viewer.lang, look, decide, [("log", ""), ("gaps", ""), *back])


def _decisions(draft: Draft, viewer: Viewer) -> Iterable[str]:
    """What may be decided about a draft by this person, the likeliest first."""
    may, own = viewer.rights, viewer.name == draft.editor
    said_before = {r.name: r.verdict for r in draft.reviews}.get(viewer.name)
    if not draft.waiting and "publish" in may:
        yield "pub"
    if viewer.reviewed and "review" in may and not own:
        if said_before != "approve" and not draft.unproven:
            yield "ok"
        if said_before != "reject":
            yield "no"
    elif viewer.reviewed and "edit" in may and not draft.unproven and "approval" in draft.waiting:
        yield "sub"
    if "edit" in may and (own or not viewer.reviewed or "review" not in may):
        yield "out"


def text(documents: Sequence[DocumentDiff], viewer: Viewer, draft: Draft) -> Said:
    """What the draft's documents say: new text as it is, changed text with both wordings."""
    lang, parts, room = viewer.lang, list[str](), _TEXT
    for number, one in enumerate(documents):
        shown = "\n".join(_document(one, lang))
        if len(shown) > room:
            shown = shown[:room].rstrip() + " …"
            parts += [shown, t("curate.text_more", lang, count=len(draft.docs) - number - 1)]
            break
        room -= len(shown)
        parts.append(shown)
    return said("\n\n".join(parts), _home_rows(draft, viewer))


def _document(one: DocumentDiff, lang: Lang) -> Iterable[str]:
    kind = t(f"curate.kind.{one.kind}", lang) if one.kind != "same" else ""
    yield f"{kind}{one.title} ({one.doc})"
    for told in one.after:
        source = told.sources[0] if told.sources else None
        about = (source.organisation if source else "", told.url or (source.url if source else ""),
                 told.licence, source.date if source else told.reviewed)  # fmt: skip
        yield " · ".join(filter(None, about))
        break
    for passage in one.passages:
        if passage.kind == "same":
            continue
        yield f"[{passage.section}]" if passage.section else ""
        yield "".join(_marked(piece.kind, piece.text, passage.kind) for piece in passage.pieces)


def _marked(kind: str, words: str, passage: str) -> str:
    """Words as they are; in a changed passage what goes and comes is bracketed."""
    if passage == "changed" and kind == "removed":
        return f"⟦− {words}⟧"
    if passage == "changed" and kind == "added":
        return f"⟦+ {words}⟧"
    return words if kind != "removed" else f"⟦− {words}⟧"


def diff(found: Diff, viewer: Viewer, draft: Draft) -> Said:
    """What a draft changes, documents first, then the canary questions that are answered anew."""
    lang = viewer.lang
    if not found.version:
        return home(draft, viewer)
    lines = [t("curate.diff", lang, version=found.version, base=found.base or "–")]
    for one in found.documents[: _SHOWN * 2]:
        lacks = t("metrics.comma", lang).join(t(f"curate.field.{m}", lang) for m in one.missing)
        line = t(
            "curate.diff_line", lang, kind=t(f"curate.kind.{one.kind}", lang), title=one.title,
            doc=one.doc, added=one.chunks_added, removed=one.chunks_removed,
        )  # fmt: skip
        lines.append(line + (t("kb.diff.lacks", lang, missing=lacks) if lacks else ""))
    if len(found.documents) > _SHOWN * 2:
        lines.append(t("kb.more", lang, count=len(found.documents) - _SHOWN * 2))
    report = found.canary
    parts = ["\n".join(lines), "\n".join(_answers(found, lang)) if report.questions else ""]
    if report.questions:
        parts.append(
            t("curate.canary", lang, found=report.found, questions=report.questions,
              before_found=report.before_found, before=report.before)
        )  # fmt: skip
    if report.blocked:
        parts.append(t("curate.canary_fell", lang, why=report.blocked))
    shown = "\n\n".join(filter(None, parts))
    return said(shown, _home_rows(draft, viewer))


def _answers(found: Diff, lang: Lang) -> Iterable[str]:
    if not found.answers:
        yield t("curate.answers_same", lang)
        return
    first = sum(a.top for a in found.answers)
    yield t("curate.answers", lang, count=len(found.answers), first=first)
    for change in found.answers[:_SHOWN]:
        before, after = (x[0] if x else "–" for x in (change.before, change.after))
        arrow = after if before == after else f"{before} → {after}"
        yield f"- {change.text} ({arrow})"


# --- log and gaps ------------------------------------------------------------


def log(entries: Sequence[LogEntry], viewer: Viewer, draft: Draft) -> Said:
    """Who did what, newest first."""
    lang = viewer.lang
    lines = [t("curate.log", lang)]
    for entry in entries[:_LOG]:
        at = entry.at.strftime("%Y-%m-%d %H:%M")
        move = f"{entry.before} → {entry.version}" if entry.before else entry.version
        lines.append(f"- {at} {entry.who}{t('curate.colon', lang)}"
                     f"{t(f'kb.event.{entry.action}', lang)} {move}")  # fmt: skip
    return said("\n".join(lines), rows(lang, [("home", draft.version)]))


def gaps(found: Gaps, viewer: Viewer, draft: Draft) -> Said:
    """Questions that were not helped, in groups that ask the same."""
    lang = viewer.lang
    lines = [t("curate.gaps_title", lang, count=found.questions, groups=len(found.shown))]
    for gap in found.shown[: _SHOWN * 2]:
        lines.append(
            "- " + t("kb.gaps.group", lang, count=gap.count, people=gap.people, label=gap.label)
        )
        if gap.nearest is not None:
            lines.append(t("curate.nearest", lang, title=gap.nearest.title, doc=gap.nearest.doc))
    if not found.shown:
        lines = [t("curate.gaps_none", lang)]
    if found.hidden:
        lines.append(t("curate.gaps_hidden", lang, count=found.hidden))
    return said("\n".join(lines), rows(lang, [("home", draft.version)]))
