"""The differences of an evaluation as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from bot.tuning.gate import GateReport
from bot.tuning.sampling import Interval


def forest(every: Mapping[str, Interval], report: GateReport) -> bytes:
    """A PNG: one line per measure with its interval; red where the gate was lost."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = {name: i for name, i in every.items() if not name.startswith("latency")}
    failed = {finding.measure for finding in report.findings if not finding.passed}
    figure = Figure(figsize=(8, 1 + 0.3 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, (name, i) in enumerate(reversed(shown.items())):
        colour = "tab:red" if name in failed else "tab:blue"
        axes.plot([i.low, i.high], [place, place], color=colour)
        axes.plot([i.mean], [place], "o", color=colour)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(shown)), list(reversed(shown)))
    axes.set_xlabel("candidate minus baseline, 95 % interval")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()
