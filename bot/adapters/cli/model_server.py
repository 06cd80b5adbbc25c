"""What ``salus doctor`` says of a model server: what was seen, and what to change there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.generation.probe import Seen
from bot.i18n import t
from bot.model import Lang
from bot.settings import Settings

OLDEST = (0, 32)  # the vLLM that Salus is tested on
NEEDED_RANK = 16  # what adapters are trained with
ANSWER_TOKENS = 400
_State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing seen; ``mend`` says what to change, empty when all is well."""

    name: str
    state: _State
    detail: str
    mend: str = ""


def lines(seen: Seen, settings: Settings, lang: Lang) -> list[Line]:
    """A line for each thing that Salus needs. What could not be seen is said to be so."""
    report = _Report(lang)
    found = [*_answers(report, seen), _context(report, seen, settings)]
    if not seen.is_vllm:
        return [*found, report.line("server", "warn", "other", "other")]
    return [report.version(seen.version), *found, *_vllm(report, seen), *_lora(report, seen)]


def _answers(report: _Report, seen: Seen) -> Iterator[Line]:
    yield report.yes_no("stream", seen=seen.streams, bad="fail")
    ended = seen.finish in {"stop", "length"}
    yield report.line("finish", "ok" if ended else "fail", "ok" if ended else "bad", "",
                      finish=seen.finish or "-")  # fmt: skip
    yield report.yes_no("usage", seen=seen.usage, bad="warn")


def _context(report: _Report, seen: Seen, settings: Settings) -> Line:
    needed = settings.context_tokens + ANSWER_TOKENS
    if seen.context is None:
        return report.line("context", "warn", "unseen", "unseen", needed=needed)
    if seen.context < needed:
        return report.line("context", "fail", "bad", "bad", tokens=seen.context, needed=needed)
    return report.line("context", "ok", "ok", "", tokens=seen.context, needed=needed)


def _vllm(report: _Report, seen: Seen) -> Iterator[Line]:
    yield report.yes_no("metrics", seen=seen.metrics, bad="warn")
    yield report.yes_no("abort", seen=seen.aborts, bad="fail")
    yield report.yes_no("priority", seen=seen.priorities, bad="warn")
    yield report.line("queue", "ok", "unseen", "unseen")


def _lora(report: _Report, seen: Seen) -> Iterator[Line]:
    yield report.yes_no("lora", seen=seen.lora, bad="warn")
    yield report.yes_no("lora_changes", seen=seen.lora_changes, bad="warn")
    rank = {"rank": seen.lora_rank or NEEDED_RANK, "needed": NEEDED_RANK}
    if seen.lora_rank is None:
        yield report.line("lora_rank", "ok", "unseen", "", **rank)
    else:
        yield report.enough("lora_rank", enough=seen.lora_rank >= NEEDED_RANK, **rank)
    if seen.lora_slots is not None:
        yield report.enough("lora_slots", enough=seen.lora_slots > 1, slots=seen.lora_slots)


class _Report:
    """Words for findings in one language: ``doctor.NAME.WORD`` and ``doctor.NAME.mend_WORD``."""

    def __init__(self, lang: Lang) -> None:
        self._lang: Lang = lang

    def line(self, name: str, state: _State, word: str, mend: str, **values: object) -> Line:
        """One line; values fill both sentences."""
        return Line(
            name=f"model.{name}",
            state=state,
            detail=t(f"doctor.{name}.{word}", self._lang, **values),
            mend=t(f"doctor.{name}.mend_{mend}", self._lang, **values) if mend else "",
        )

    def yes_no(self, name: str, *, seen: bool | None, bad: _State) -> Line:
        """A thing that is there, is not there, or could not be seen."""
        if seen is None:
            return self.line(name, "warn", "unseen", "")
        return self.line(name, "ok", "ok", "") if seen else self.line(name, bad, "bad", "bad")

    def enough(self, name: str, *, enough: bool, **values: object) -> Line:
        """A limit that should be wider, or is wide enough."""
        if enough:
            return self.line(name, "ok", "ok", "", **values)
        return self.line(name, "warn", "bad", "bad", **values)

    def version(self, version: str) -> Line:
        """The version against the oldest one that the suite runs on."""
        numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
        if not numbers:
            return self.line("version", "warn", "unseen", "")
        old = numbers < OLDEST
        oldest = ".".join(map(str, OLDEST))
        state: _State = "warn" if old else "ok"
        return self.line("version", state, "ok", "old" if old else "", version=version,
                         oldest=oldest)  # fmt: skip
