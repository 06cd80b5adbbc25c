"""Make bot/charts/fonts/NotoSansSC-charts.ttf again from a full Noto Sans SC.

    python deploy/chart_font.py FULL_FONT

FULL_FONT is the regular weight of Noto Sans SC (SIL Open Font License 1.1) as TTF or WOFF, for
example from a font package. Kept are printable Latin, the units and every character of the
Chinese sentences that can reach a chart; needs fontTools, which comes with Matplotlib.
"""

from __future__ import annotations

import json
import string
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "bot" / "charts" / "fonts" / "NotoSansSC-charts.ttf"
GROUPS = ("chart", "metrics", "commands", "dialogue")
EXTRA = "°·–—…±×²µ℃％，。：；、（）“”‘’《》一二三四五六七八九十上中下午早晚周星期均值目标范围"
LEFT_OUT = ["BASE", "GDEF", "GPOS", "GSUB", "STAT", "gasp", "prep", "vhea", "vmtx"]
FAMILY = "Noto Sans SC Charts"
MOST_BYTES = 200_000


def characters() -> set[str]:
    """Everything a chart may have to say."""
    found = set(string.printable) - set("\t\n\r\x0b\x0c") | set(EXTRA)
    for group in GROUPS:
        for lang in ("en", "zh"):
            path = ROOT / "bot" / "locales" / lang / f"{group}.json"
            for sentence in json.loads(path.read_text(encoding="utf-8")).values():
                found |= set(sentence)
    return found - {"\n"}


def main() -> None:
    """The command."""
    font = TTFont(sys.argv[1])
    options = subset.Options(
        layout_features=[], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14]
    )
    options.drop_tables += LEFT_OUT
    cutter = subset.Subsetter(options)
    known = font.getBestCmap()
    wanted = characters()
    cutter.populate(unicodes=[ord(c) for c in wanted])
    cutter.subset(font)
    font.flavor = None
    for number, name in ((1, FAMILY), (4, FAMILY), (6, FAMILY.replace(" ", ""))):
        font["name"].setName(name, number, 3, 1, 0x409)
    font["head"].modified = font["head"].created  # the same input makes the same file
    font.recalcTimestamp = False
    font.save(TARGET)
    size = TARGET.stat().st_size
    lacking = "".join(sorted(c for c in wanted if ord(c) not in known))
    print(f"{TARGET.name}: {size} bytes, {len(wanted)} characters; not in the font: {lacking!r}")
    if size > MOST_BYTES:
        sys.exit("too large: leave a group out")


if __name__ == "__main__":
    main()
