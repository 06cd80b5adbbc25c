"""The commands by name and word, what each may do where, and reading one from a message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.dialogue.charting import kind_named
from bot.dialogue.turns import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command as given: the message, and what came after the command word."""

    heard: Heard
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``name`` is typed as /name; ``words`` are plain messages that mean the same."""

    name: str
    personal: bool  # its answer may hold something about the person
    shared: bool = False  # offered where others read
    values: bool = False  # about values of the body: not in education-only places
    staff: bool = False  # for those who look after the knowledge: works, but is not offered
    words: tuple[str, ...] = ()


COMMANDS: tuple[Command, ...] = (
    Command(name="start", personal=False, shared=True),
    Command(name="help", personal=False, shared=True, words=("help", "帮助", "?", "？")),
    Command(name="log", personal=True, values=True),
    Command(name="today", personal=True, values=True, words=("today", "今天")),
    Command(name="trend", personal=True, values=True, words=("trend", "trends", "趋势")),
    Command(name="undo", personal=True, values=True, words=("undo", "撤销", "撤回")),
    Command(name="why", personal=True, words=("why?", "为什么这么说")),
    Command(
        name="good",
        personal=False,
        shared=True,
        words=("👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿"),
    ),
    Command(
        name="bad",
        personal=False,
        shared=True,
        words=("👎", "👎🏻", "👎🏼", "👎🏽", "👎🏾", "👎🏿"),
    ),
    Command(name="feedback", personal=True),
    Command(name="language", personal=False),
    Command(name="country", personal=False),
    Command(name="link", personal=True),
    Command(name="unlink", personal=True),
    Command(name="learn", personal=True),
    Command(name="challenge", personal=False, shared=True),
    Command(name="privacy", personal=False, shared=True, words=("privacy", "隐私")),
    Command(name="export", personal=True),
    Command(name="forget", personal=True),
    Command(name="kb", personal=True, staff=True),
)
BY_NAME = {command.name: command for command in COMMANDS}
_BY_WORD = {word: command for command in COMMANDS for word in command.words}
_SLASH = re.compile(r"/([A-Za-z]+)(?:@\w+)?(?:\s+(.*))?\Z", re.DOTALL)
_TREND = re.compile(
    r"(?:trends?|趋势)[\s:：]*(?P<after>.{1,30})|(?P<before>.{1,30}?)\s*(?:trends?|趋势)"
)


def read(text: str) -> tuple[str, str] | None:
    """(command name, rest) when the text is a command; the name may be unknown."""
    slash = _SLASH.match(text)
    if slash:
        return slash.group(1).lower(), (slash.group(2) or "").strip()
    word, _, rest = text.partition(" ")
    if word.lower() == "kb":
        return "kb", rest.strip()
    if word in {"👍", "👎"}:
        return _BY_WORD[word].name, rest.strip()
    said = text.strip().lower().rstrip("。.!！")
    command = _BY_WORD.get(said)
    return (command.name, "") if command else _trend_of(said)


def _trend_of(said: str) -> tuple[str, str] | None:
    """ "Trend sleep", 睡眠趋势: only when a kind of metric is named, and nothing else."""
    found = _TREND.fullmatch(said)
    if found is None:
        return None
    rest = found["after"] or found["before"]
    return ("trend", rest) if kind_named(rest) else None


def available(command: Command, heard: Heard) -> bool:
    """Whether it works, and is worth offering, in this place."""
    if command.staff or (heard.education and command.values):
        return False
    return heard.private or command.shared
