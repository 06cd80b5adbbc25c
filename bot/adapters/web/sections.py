"""The menu: every section with its path, who may see it, and in which group it stands."""

from __future__ import annotations

from dataclasses import dataclass

from rag.versions_model import RIGHTS, Right, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One entry of the menu; its label is ``web.nav.<key>``."""

    key: str
    path: str
    group: str  # its label is web.group.<group>
    right: Right | None = None  # needed to see it; None: everybody who is signed in


SECTIONS = (
    Section(key="overview", path="/", group="knowledge"),
    Section(key="documents", path="/documents", group="knowledge"),
    Section(key="add", path="/add", group="knowledge", right="edit"),
    Section(key="draft", path="/draft", group="knowledge"),
    Section(key="versions", path="/versions", group="knowledge"),
    Section(key="search", path="/search", group="quality"),
    Section(key="feedback", path="/feedback", group="quality"),
    Section(key="gaps", path="/gaps", group="quality"),
    Section(key="lessons", path="/lessons", group="quality", right="review"),
    Section(key="people", path="/people", group="house", right="people"),
    Section(key="audit", path="/audit", group="house", right="people"),
    Section(key="account", path="/account", group="house"),
)


def may(role: Role | None, right: Right | None) -> bool:
    """Whether a role has a right; None, the install of one person, has them all."""
    return right is None or role is None or right in RIGHTS[role]


def seen_by(role: Role | None) -> tuple[tuple[str, tuple[Section, ...]], ...]:
    """The menu of a role: groups in order, each with its sections."""
    groups: dict[str, list[Section]] = {}
    for section in SECTIONS:
        if may(role, section.right):
            groups.setdefault(section.group, []).append(section)
    return tuple((name, tuple(found)) for name, found in groups.items())
