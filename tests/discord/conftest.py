"""The rules, read once for all tests of the room."""

from __future__ import annotations

import pytest

from tests.fakes.chat import TRIAGE


class _Loaded:
    """The rules, read once for all tests instead of once for each adapter."""

    load = staticmethod(lambda: TRIAGE)


@pytest.fixture(autouse=True)
def rules_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them takes most of a second."""
    monkeypatch.setattr("bot.adapters.discord.handler.Triage", _Loaded)
