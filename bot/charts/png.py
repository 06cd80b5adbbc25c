"""A chart as a PNG of 900 by 500 pixels: points and line, few labels, readable on a phone.

Colours are Okabe and Ito's blue and vermilion, told apart with any colour vision; the two lines
of a blood pressure also differ in their marks. Matplotlib is used without pyplot and without its
settings, so nothing outside a picture is changed; one picture is drawn at a time.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final

from bot.charts.data import Points
from bot.charts.scale import local, time_axis, unit_label, value_axis
from bot.i18n import t
from bot.metrics.kinds import KINDS
from bot.model import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

WIDTH, HEIGHT = 900, 500
_DPI: Final = 100
_BLUE, _VERMILION = "#0072B2", "#D55E00"
_INK, _SOFT, _GRID, _PAPER = "#1F2933", "#52606D", "#E4E7EB", "#FFFFFF"
_FONT: Final = "NotoSansSC-charts.ttf"
_drawing = threading.Lock()  # font objects and the drawing core are not made to be shared


@dataclass(frozen=True, slots=True)
class _Pen:
    """The same font in the sizes that are needed."""

    title: FontProperties
    label: FontProperties
    known: frozenset[int]

    def can(self, text: str) -> str:
        """The text without characters that the font lacks."""
        return "".join(c for c in text if ord(c) in self.known or c == "\n")


def draw(chart: Chart) -> bytes:
    """The picture of a chart, the same bytes for the same chart. Blocks: call it in a thread.

    ValueError for a chart without points.
    """
    if not chart.points:
        raise ValueError("a chart without points")
    with _drawing, ExitStack() as opened:
        path = opened.enter_context(as_file(files("bot") / "charts" / "fonts" / _FONT))
        figure = _figure(chart, _pen(str(path)))
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=_DPI, metadata={"Software": None})
        return target.getvalue()


def _pen(path: str) -> _Pen:
    from matplotlib.font_manager import FontProperties, get_font

    known = frozenset(get_font(path).get_charmap())
    return _Pen(
        title=FontProperties(fname=path, size=19),
        label=FontProperties(fname=path, size=13),
        known=known,
    )


def _figure(chart: Chart, pen: _Pen) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.095, 0.135, 0.835, 0.655), facecolor=_PAPER)
    _axes(chart, axes, pen)
    if chart.points2:
        _line(axes, chart, chart.points, _BLUE, "o", t("chart.systolic", chart.lang))
        _line(axes, chart, chart.points2, _VERMILION, "s", t("chart.diastolic", chart.lang))
        _legend(axes, pen)
    else:
        _line(axes, chart, chart.points, _BLUE, "o", "")
    _newest(axes, chart, pen)
    title, unit = pen.can(chart.title), pen.can(unit_label(chart.unit, chart.lang))
    figure.text(
        0.022, 0.955, title, fontproperties=pen.title, color=_INK, va="top", parse_math=False
    )
    figure.text(
        0.022, 0.865, unit, fontproperties=pen.label, color=_SOFT, va="top", parse_math=False
    )
    return figure


def _axes(chart: Chart, axes: Axes, pen: _Pen) -> None:
    """Limits, ticks and the light lines behind the values."""
    values = value_axis(chart.kind, [v for _, v in (*chart.points, *chart.points2)])
    days = time_axis([local(at, chart.tz) for at, _ in (*chart.points, *chart.points2)], chart.lang)
    axes.set_xlim(_number(days.low), _number(days.high))
    axes.set_ylim(values.low, values.high)
    axes.set_yticks([at for at, _ in values.ticks], [pen.can(label) for _, label in values.ticks])
    axes.set_xticks(
        [_number(at) for at, _ in days.ticks], [pen.can(label) for _, label in days.ticks]
    )
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontproperties=pen.label, color=_SOFT, parse_math=False)
    axes.tick_params(length=0, pad=8)
    axes.grid(visible=True, axis="y", color=_GRID, linewidth=1.2)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set(color="#9AA5B1", linewidth=1.2)


def _line(axes: Axes, chart: Chart, points: Points, colour: str, mark: str, label: str) -> None:
    times, values = _numbers(points, chart.tz)
    many = len(points) > 40
    axes.plot(
        times,
        values,
        color=colour,
        marker=mark,
        label=label,
        linewidth=1.8 if many else 2.4,
        markersize=3.5 if many else 7,
        markeredgecolor=_PAPER,
        markeredgewidth=0.5 if many else 1.2,
        solid_joinstyle="round",
        clip_on=False,
    )


def _legend(axes: Axes, pen: _Pen) -> None:
    legend = axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.01),
        ncols=2,
        frameon=False,
        prop=pen.label,
        handlelength=1.6,
        borderaxespad=0.0,
        columnspacing=1.4,
    )
    for text in legend.get_texts():
        text.set(color=_INK)


def _newest(axes: Axes, chart: Chart, pen: _Pen) -> None:
    """The last value in figures beside its point: the one that is looked for."""
    for points, colour in ((chart.points, _BLUE), (chart.points2, _VERMILION)):
        if not points:
            continue
        times, values = _numbers(points, chart.tz)
        axes.annotate(
            _figure_text(chart, values[-1]),
            (times[-1], values[-1]),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            ha="left",
            color=colour,
            fontproperties=pen.label,
            annotation_clip=False,
            parse_math=False,
        )


def _figure_text(chart: Chart, value: float) -> str:
    """As many decimals as the kind is shown with, one at most: a picture is read at a glance."""
    text = f"{value:,.{min(KINDS[chart.kind].digits, 1)}f}"
    return text.removesuffix(".0")


def _numbers(points: Points, tz: str) -> tuple[Sequence[float], Sequence[float]]:
    ordered = sorted(points)
    return [_number(local(at, tz)) for at, _ in ordered], [value for _, value in ordered]


def _number(at: datetime) -> float:
    """Days since the beginning of 1970, on the wall clock."""
    return (at - datetime(1970, 1, 1)).total_seconds() / 86_400  # noqa: DTZ001  # a wall clock
