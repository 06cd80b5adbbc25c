"""Charts: what the axes say, what the picture holds, and that nothing outside it changes."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.charts import data
from bot.charts.png import HEIGHT, WIDTH, draw
from bot.charts.scale import local, time_axis, unit_label, value_axis
from bot.i18n import LANGS, texts
from bot.metrics.kinds import KINDS
from bot.model import Chart, MetricKind

NOW = datetime(2026, 11, 22, 8, 10, tzinfo=UTC)
WEIGHT = Chart(
    kind="weight", unit="kg", lang="en", tz="Europe/Berlin", title="Weight", alt="Weight falls.",
    points=tuple((NOW - timedelta(days=d), 71.0 - d / 10) for d in (4, 2, 0)),
)  # fmt: skip
PRESSURE = replace(
    WEIGHT, kind="blood_pressure", unit="mmHg", lang="zh", tz="Asia/Shanghai", title="血压",
    points=tuple((NOW - timedelta(days=d), 140.0 - d) for d in range(30, -1, -1)),
    points2=tuple((NOW - timedelta(days=d), 90.0 - d) for d in range(30, -1, -1)),
)  # fmt: skip
kinds = st.sampled_from(get_args(MetricKind))


def clock(*parts: int) -> datetime:
    """A time on the wall, which has no offset."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def seen(chart: Chart) -> Image.Image:
    """The picture."""
    return Image.open(io.BytesIO(draw(chart))).convert("RGB")


def colours(picture: Image.Image) -> set[tuple[int, int, int]]:
    """Colours that fill more than a few dots."""
    found = picture.getcolors(1 << 20) or []
    return {rgb for count, rgb in found if count > 40}  # type: ignore[misc]


def test_a_picture_shows_one_line_or_two() -> None:
    """900 by 500; blue for one line, vermilion besides for the diastolic one."""
    one, two = seen(WEIGHT), seen(PRESSURE)
    assert one.size == two.size == (WIDTH, HEIGHT)
    assert (0, 114, 178) in colours(one)
    assert (213, 94, 0) not in colours(one)
    assert {(0, 114, 178), (213, 94, 0)} <= colours(two)


def test_the_same_chart_is_the_same_picture_also_in_threads() -> None:
    """Eight threads draw two charts; nothing mixes."""
    wanted = {chart.kind: draw(chart) for chart in (WEIGHT, PRESSURE)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(draw, [WEIGHT, PRESSURE] * 8))
    assert found == [wanted["weight"], wanted["blood_pressure"]] * 8
    assert draw(replace(WEIGHT, points=WEIGHT.points[::-1])) == wanted["weight"]


def test_odd_charts_are_drawn_too() -> None:
    """One point, all at once, unknown zone, unknown characters, dollars; none is an error."""
    assert seen(replace(WEIGHT, points=WEIGHT.points[:1]))
    assert seen(replace(WEIGHT, points=((NOW, 70.0),) * 3))
    assert seen(replace(WEIGHT, tz="Nowhere/Land", title="$x$ 龘 🏃 {} \\alpha", unit="$_"))
    assert seen(replace(WEIGHT, points=tuple((NOW - timedelta(hours=h), 70.0) for h in range(99))))
    with pytest.raises(ValueError, match="without points"):
        draw(replace(WEIGHT, points=()))


def test_every_kind_is_drawn_in_both_languages() -> None:
    """Each with its unit; a missing glyph would be a warning, and warnings are errors here."""
    for kind, info in KINDS.items():
        for lang in LANGS:
            title = texts(lang)[f"metrics.title.{kind}"]
            middle = (info.plausible.low + info.plausible.high) / 2
            points = tuple((NOW - timedelta(days=d), middle) for d in (1, 0))
            chart = replace(
                WEIGHT, kind=kind, unit=info.unit, lang=lang, title=title, points=points
            )
            assert seen(chart).size == (WIDTH, HEIGHT)


def test_the_font_holds_all_that_a_chart_says() -> None:
    """Every character of chart and metrics texts is in the font, which stays small."""
    from fontTools.ttLib import TTFont

    folder = files("bot") / "charts" / "fonts"
    raw = (folder / "NotoSansSC-charts.ttf").read_bytes()
    assert len(raw) <= 200_000
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")
    known = TTFont(io.BytesIO(raw)).getBestCmap()
    for lang in LANGS:
        said = "".join(v for k, v in texts(lang).items() if k.startswith(("chart.", "metrics.")))
        assert [c for c in set(said) - {"\n"} if ord(c) not in known] == []


def test_pyplot_stays_out() -> None:
    """Drawing loads neither pyplot nor a window system, and importing the room loads nothing."""
    code = (
        "import sys, tests.charts.test_charts as x, bot.charts.png\n"
        "assert 'matplotlib' not in sys.modules\n"
        "x.draw(x.WEIGHT); x.draw(x.PRESSURE)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_a_chart_waits_as_json() -> None:
    """Out and back, with offsets kept."""
    import json

    assert data.load(json.loads(json.dumps(data.dump(PRESSURE)))) == PRESSURE


@settings(max_examples=200, deadline=None)
@given(kinds, st.lists(st.floats(0.5, 9e4), min_size=1, max_size=40))
def test_the_value_axis_holds_all_values(kind: MetricKind, values: list[float]) -> None:
    """Every value lies inside (a mood within its scale), ticks are few, rising and inside."""
    if kind == "mood":
        values = [min(v, 10.0) for v in values]
    if kind == "spo2":
        values = [min(v, 100.0) for v in values]
    axis = value_axis(kind, values)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert axis.low >= 0
    at = [value for value, _ in axis.ticks]
    assert 2 <= len(at) <= 7
    assert all(a < b for a, b in pairwise(at))
    assert axis.low - 1e-6 <= at[0] < at[-1] <= axis.high + 1e-6
    assert len({label for _, label in axis.ticks}) == len(at)


def test_small_changes_do_not_look_like_cliffs() -> None:
    """200 g are a small part of the weight axis; steps begin at nought; saturation ends at 100."""
    axis = value_axis("weight", [70.0, 70.2])
    assert axis.high - axis.low > 4
    assert value_axis("steps", [4000.0]).low == 0
    assert value_axis("spo2", [98.0, 99.0]).high <= 100.5
    assert [label for _, label in value_axis("steps", [9000.0, 12000.0]).ticks][-1] == "10,000"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.datetimes(clock(2020, 1, 1), clock(2026, 11, 22)), min_size=1))
def test_the_time_axis_holds_all_times(times: list[datetime]) -> None:
    """Inside the limits, with one to eight labels."""
    axis = time_axis(times, "en")
    assert axis.low <= min(times) <= max(times) <= axis.high
    labels = [label for _, label in axis.ticks]
    assert 1 <= len(labels) <= 8
    assert all(axis.low <= at <= axis.high for at, _ in axis.ticks)


def test_dates_are_the_persons_own() -> None:
    """Ten at night in Berlin is next morning in Shanghai; within a day the clock is shown."""
    late = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    assert local(late, "Asia/Shanghai") == clock(2026, 11, 22, 6, 30)
    assert local(late, "Nowhere") == clock(2026, 11, 21, 22, 30)
    within = time_axis([local(late, "UTC"), local(NOW, "UTC")], "zh")
    assert within.ticks[0][1] == "22:00\n11月21日"
    years = time_axis([clock(2025, 12, 1), clock(2026, 2, 1)], "en")
    assert years.ticks[-1][1] == "1 Feb\n2026"
    assert unit_label("kg", "zh") == "公斤"
    assert unit_label("furlong", "zh") == "furlong"
