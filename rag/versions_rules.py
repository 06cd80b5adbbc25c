"""Who may do what, and what stands before a publish. Pure functions over plain values.

Without anybody in ``kb_people`` the install is one person's, who may do everything. As soon as
there is a reviewer, a draft is published only after somebody other than its last editor, who
may review, has approved exactly this version; and every staged document must say where it
comes from.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.versions_model import (
    RIGHTS,
    Draft,
    Person,
    Provenance,
    RefusedError,
    Review,
    Right,
    Role,
    UnknownError,
)

_LONGEST_NAME = 64


def role_of(people: Sequence[Person], who: str) -> Role | None:
    """Somebody's role; None for a stranger."""
    return next((p.role for p in people if p.name == who), None)


def require(people: Sequence[Person], who: str, right: Right) -> None:
    """RefusedError unless ``who`` has the right, or nobody has a role at all."""
    if not people:
        return
    role = role_of(people, who)
    if role is None:
        raise RefusedError("kb.refused.stranger", who=who)
    if right not in RIGHTS[role]:
        able = ", ".join(r for r, rights in RIGHTS.items() if right in rights)
        raise RefusedError(f"kb.refused.{right}", who=who, role=role, able=able)


def reviewed(people: Sequence[Person]) -> bool:
    """Whether drafts need a second person here."""
    return any(p.role == "reviewer" for p in people)


def latest(reviews: Sequence[Review]) -> dict[str, Review]:
    """Everybody's last word on a version."""
    return {review.name: review for review in reviews}


def waiting(
    people: Sequence[Person],
    editor: str,
    reviews: Sequence[Review],
    unproven: Sequence[Provenance],
) -> tuple[str, ...]:
    """What a draft still needs: rejected, approval, provenance; empty without reviewers."""
    if not reviewed(people):
        return ()
    said = latest(reviews).values()
    able = {p.name for p in people if "review" in RIGHTS[p.role]} - {editor}
    found = []
    if any(r.verdict == "reject" and r.name in able for r in said):
        found.append("rejected")
    elif not any(r.verdict == "approve" and r.name in able for r in said):
        found.append("approval")
    if unproven:
        found.append("provenance")
    return tuple(found)


def expected(draft: Draft, version: str) -> None:
    """RefusedError when the draft is not (or no longer) the version somebody looked at."""
    if version and draft.version != version:
        raise RefusedError("kb.refused.moved", version=version)


def proven(unproven: Sequence[Provenance]) -> None:
    """RefusedError naming documents that do not say where they come from."""
    if unproven:
        shown = "; ".join(f"{p.doc}: {', '.join(p.missing)}" for p in unproven[:5])
        raise RefusedError("kb.refused.provenance", count=str(len(unproven)), documents=shown)


def may_publish(
    wanted: Sequence[str], editor: str, unproven: Sequence[Provenance], version: str
) -> None:
    """RefusedError for the first thing that is still wanted (see ``waiting``)."""
    if not wanted:
        return
    if wanted[0] in ("rejected", "approval"):
        raise RefusedError(f"kb.refused.{wanted[0]}", version=version, editor=editor)
    proven(unproven)


def name_of(text: str) -> str:
    """A person's name as it is kept; UnknownError when it is none."""
    name = text.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise UnknownError("kb.unknown.name", name=repr(text[:80]), longest=str(_LONGEST_NAME))
    return name


def may_change(people: Sequence[Person], name: str, role: Role | None) -> None:
    """Keep one admin as long as anybody has a role; RefusedError or UnknownError otherwise."""
    admins = {p.name for p in people if p.role == "admin"}
    others = {p.name for p in people} - {name}
    if role is None and name not in {p.name for p in people}:
        raise UnknownError("kb.unknown.person", name=name)
    if role == "admin" or admins - {name}:
        return
    if others or role is not None:
        raise RefusedError("kb.refused.last_admin", name=name)
