"""The gate between a candidate and people: it must win on the target and lose on nothing else.

A gate file says what is asked for::

    {"target": {"measure": "coverage", "at_least": 0.0},
     "margins": {"safety": 0.0, "citation_precision": 0.02, ...}, "floors": {"safety": 0.97}}

Won: the lower end of the interval of the difference lies above ``at_least``. Not lost: it lies
above minus the margin. A measure that either side lacks is lost. All measures are oriented so
that more is better; differences are candidate minus baseline, question by question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import InputError, SalusError
from bot.tuning.registry import Adapter
from bot.tuning.sampling import Interval

FORMAT = "salus-gate-1"


class GateError(SalusError):
    """An adapter may not be promoted on this report; ``details["fault"]`` says why."""

    key = "error.gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What is asked of a candidate. Margins and ``at_least`` in the measure's own unit."""

    target: str
    at_least: float
    margins: Mapping[str, float]
    floors: Mapping[str, float] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measure: the means of both sides, the difference with its interval, and the verdict."""

    measure: str
    role: str  # target, margin, floor
    bound: float
    candidate: float | None
    baseline: float | None
    difference: Interval | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Who was measured. Empty ``adapter`` and ``sha256``: the base model alone."""

    base: str
    adapter: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """The verdict, bound by hashes to what it is about."""

    candidate: Side
    baseline: Side
    gate_sha256: str
    suites_sha256: str
    findings: tuple[Finding, ...]
    created: str
    format: str = FORMAT

    @property
    def passed(self) -> bool:
        """Whether everything asked for holds."""
        return bool(self.findings) and all(finding.passed for finding in self.findings)


def load_gate(path: Path) -> Gate:
    """Read a gate file; InputError for one that cannot be used."""
    try:
        raw = path.read_bytes()
        found = json.loads(raw)
        target = found["target"]
        return Gate(
            target=str(target["measure"]),
            at_least=float(target.get("at_least", 0.0)),
            margins={str(k): float(v) for k, v in found.get("margins", {}).items()},
            floors={str(k): float(v) for k, v in found.get("floors", {}).items()},
            sha256=hashlib.sha256(raw).hexdigest(),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fault = f"{path} is no gate file: {type(error).__name__} {error}"
        raise InputError(fault, fault=fault) from error


def judge(
    gate: Gate,
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    differences: Mapping[str, Interval],
) -> tuple[Finding, ...]:
    """One Finding for the target, each margin and each floor."""

    def found(measure: str, role: str, bound: float, *, passed: bool) -> Finding:
        return Finding(
            measure=measure, role=role, bound=bound, candidate=candidate.get(measure),
            baseline=baseline.get(measure), difference=differences.get(measure), passed=passed,
        )  # fmt: skip

    def low(measure: str) -> float:
        interval = differences.get(measure)
        return float("-inf") if interval is None else interval.low

    won = low(gate.target) > gate.at_least
    return (
        found(gate.target, "target", gate.at_least, passed=won),
        *(
            found(name, "margin", margin, passed=low(name) >= -margin)
            for name, margin in sorted(gate.margins.items())
            if name != gate.target
        ),
        *(
            found(name, "floor", floor, passed=candidate.get(name, float("-inf")) >= floor)
            for name, floor in sorted(gate.floors.items())
        ),
    )


def to_json(report: GateReport) -> dict[str, Any]:
    """The report as it is written to disk."""
    return asdict(report) | {"passed": report.passed}


def from_json(path: Path) -> tuple[GateReport, str]:
    """A written report and the sha256 of its file; GateError for one that cannot be read."""
    try:
        raw = path.read_bytes()
        found = json.loads(raw)
        if found["format"] != FORMAT:
            raise ValueError(found["format"])
        findings = tuple(
            Finding(**f | {"difference": Interval(**f["difference"]) if f["difference"] else None})
            for f in found["findings"]
        )
        report = GateReport(
            candidate=Side(**found["candidate"]),
            baseline=Side(**found["baseline"]),
            gate_sha256=str(found["gate_sha256"]),
            suites_sha256=str(found["suites_sha256"]),
            findings=findings,
            created=str(found["created"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(f"{path} is no gate report ({type(error).__name__})") from error
    return report, hashlib.sha256(raw).hexdigest()


def prove(report: GateReport, adapter: Adapter, active: Adapter | None) -> None:
    """GateError unless the report passed and is of these weights against the active ones."""
    if (report.candidate.base, report.candidate.sha256) != (adapter.base, adapter.sha256):
        raise _refused("the report is not of this adapter's weights over this base")
    wanted = (active.base, active.sha256) if active else (adapter.base, "")
    if active is not None and active.name == adapter.name:
        raise _refused(f"{adapter.name} is active already")
    if (report.baseline.base, report.baseline.sha256) != wanted:
        against = active.name if active else "the base model alone"
        raise _refused(f"the report does not compare it with what is active now: {against}")
    if not report.passed:
        raise _refused(f"the gate was not passed: {verdict_of(report)}")


def verdict_of(report: GateReport) -> str:
    """What was asked for and does not hold, in one line."""
    lost = [finding.measure for finding in report.findings if not finding.passed]
    return ", ".join(lost) or ("" if report.findings else "nothing was measured")


def _refused(fault: str) -> GateError:
    return GateError(fault, fault=fault)
