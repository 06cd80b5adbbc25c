"""One loaded rule book for all safety tests."""

from __future__ import annotations

import pytest

from bot.safety import Triage


@pytest.fixture(scope="session")
def triage() -> Triage:
    """The packaged rules, loaded once."""
    return Triage.load()
