"""The command: ``python -m tests.load --minutes 10 --rate 100``.

Salus runs as an operator runs it, ``salus run`` with settings, in processes of its own, on the
real store, the real knowledge and the real client of a served model. Telegram and the model are
fakes in this process. An update counts as accepted when the poll that confirms it arrives, which
is after its commit; a message as answered when its answer was last changed on the screen.
``SALUS_*`` in the environment is handed on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import shutil
import tempfile
from pathlib import Path

from tests.load.drive import run


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--drain", type=float, default=math.inf, help="seconds to wait at the end")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--knowledge", type=Path, help="a data folder whose index to start from")
    parser.add_argument("--json", type=Path, help="a file for the figures, for machines")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="salus-load-"))
    try:
        if given.knowledge is not None:
            _take_index(given.knowledge, folder)
        found = asyncio.run(
            run(
                folder,
                seconds=given.minutes * 60,
                rate=given.rate,
                seed=given.seed,
                drain_s=given.drain,
            )
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.json is not None:
        given.json.write_text(json.dumps(found.figures(), indent=1), encoding="utf-8")
    print(found.table())  # noqa: T201  # the command's whole purpose


def _take_index(source: Path, folder: Path) -> None:
    """Spare the building of the index; people's data stay where they are."""
    for path in source.iterdir():
        if path.name.startswith("salus.sqlite3") or path.name == "keys":
            continue
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
        else:
            shutil.copy2(path, folder / path.name)


if __name__ == "__main__":
    main()
