"""``salus`` and ``python -m bot``: hand over to the command line, with one catch-all."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; every failure ends in one line and a meaningful exit code."""
    from bot.adapters.cli.edge import run
    from bot.memory import set_up

    set_up()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
