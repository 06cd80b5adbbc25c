"""Two sides through the same questions: differences, the gate's verdict, and the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from bot.tuning.cases import Case
from bot.tuning.gate import Gate, GateReport, Side, judge, to_json
from bot.tuning.sampling import Interval, paired
from bot.tuning.scoring import Answered, means

Scores = Mapping[str, Mapping[str, float]]  # case -> measure -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One side's scores on the suites."""

    side: Side
    suites_sha256: str
    scores: Scores


def differences(candidate: Scores, baseline: Scores) -> dict[str, Interval]:
    """Candidate minus baseline for each measure, over the cases where both have it.

    A case that only the baseline has a value for counts as 0 for the candidate, and the other
    way round: no answer is not a missing question.
    """
    found: dict[str, list[float]] = {}
    for case in sorted(set(candidate) | set(baseline)):
        ours, theirs = candidate.get(case, {}), baseline.get(case, {})
        for name in set(ours) | set(theirs):
            found.setdefault(name, []).append(ours.get(name, 0.0) - theirs.get(name, 0.0))
    return {name: paired(values) for name, values in sorted(found.items())}


def verdict(gate: Gate, candidate: Run, baseline: Run, at: datetime) -> GateReport:
    """The gate's verdict. ValueError when the two did not sit the same questions."""
    if candidate.suites_sha256 != baseline.suites_sha256:
        raise ValueError("not the same questions")
    findings = judge(
        gate,
        means(candidate.scores),
        means(baseline.scores),
        differences(candidate.scores, baseline.scores),
    )
    return GateReport(
        candidate=candidate.side,
        baseline=baseline.side,
        gate_sha256=gate.sha256,
        suites_sha256=candidate.suites_sha256,
        findings=findings,
        created=at.isoformat(),
    )


def write(folder: Path, report: GateReport, candidate: Run, baseline: Run) -> Path:
    """gate.json, report.md, report.html, forest.png and both runs; the path of gate.json."""
    from bot.tuning.plots import forest

    folder.mkdir(parents=True, exist_ok=True)
    every = differences(candidate.scores, baseline.scores)
    for name, run in (("candidate", candidate), ("baseline", baseline)):
        text = json.dumps(asdict(run), ensure_ascii=False, indent=1)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    (folder / "forest.png").write_bytes(forest(every, report))
    (folder / "report.md").write_text(markdown(report, every), encoding="utf-8")
    (folder / "report.html").write_text(html(report, every), encoding="utf-8")
    gate = folder / "gate.json"
    gate.write_text(json.dumps(to_json(report), ensure_ascii=False, indent=1), encoding="utf-8")
    return gate


def write_pairs(
    folder: Path,
    cases: Sequence[Case],
    ours: Mapping[str, Answered],
    theirs: Mapping[str, Answered],
) -> Path:
    """pairs.jsonl: what both sides answered from passages, for a judge model (deploy/judge)."""
    rows = [
        {
            "id": case.id, "question": case.say[-1],
            "passages": [passage.text for passage in ours[case.id].passages],
            "candidate": ours[case.id].text, "baseline": theirs[case.id].text,
        }
        for case in cases
        if case.id in ours and case.id in theirs and ours[case.id].passages
    ]  # fmt: skip
    path = folder / "pairs.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _title(report: GateReport) -> str:
    result = "passed" if report.passed else "not passed"
    against = report.baseline.adapter or f"{report.baseline.base} alone"
    return f"{report.candidate.adapter} against {against}: gate {result}"


_HEAD = ("measure", "asked as", "bound", "candidate", "baseline", "difference (95 %)", "n", "")


def _rows(report: GateReport) -> list[tuple[str, ...]]:
    return [
        (
            f.measure, f.role, f"{f.bound:+.3f}", _number(f.candidate), _number(f.baseline),
            _range(f.difference), str(f.difference.count) if f.difference else "0",
            "passed" if f.passed else "FAILED",
        )
        for f in report.findings
    ]  # fmt: skip


def _others(report: GateReport, every: Mapping[str, Interval]) -> list[tuple[str, str, str]]:
    asked = {finding.measure for finding in report.findings}
    return [(n, _range(i), str(i.count)) for n, i in every.items() if n not in asked]


def markdown(report: GateReport, every: Mapping[str, Interval]) -> str:
    """The report as Markdown."""
    lines = [f"# {_title(report)}", "", f"{report.created}; weights {report.candidate.sha256}", ""]
    lines += ["| " + " | ".join(_HEAD) + " |", "|" + " --- |" * len(_HEAD)]
    lines += ["| " + " | ".join(row) + " |" for row in _rows(report)]
    lines += ["", "![differences](forest.png)", "", "Measured besides, and not asked for:", ""]
    lines += ["| measure | difference (95 %) | n |", "| --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in _others(report, every)]
    return "\n".join(lines) + "\n"


def html(report: GateReport, every: Mapping[str, Interval]) -> str:
    """The report as one HTML page."""

    def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
        top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"

    others: list[tuple[str, ...]] = list(_others(report, every))
    style = "body{font:16px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(_title(report))}'
        f"</title><style>{style}</style><h1>{escape(_title(report))}</h1>"
        f"<p>{escape(report.created)}</p>{table(_HEAD, _rows(report))}"
        f'<p><img src="forest.png" alt="Differences with their intervals"></p>'
        f"{table(('measure', 'difference (95 %)', 'n'), others)}</html>\n"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _range(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
