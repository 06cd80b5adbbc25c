"""The rules, read once for all tests of the room."""

from __future__ import annotations

import discord
import pytest

from tests.fakes.chat import TRIAGE


class _Loaded:
    """The rules, read once for all tests instead of once for each adapter."""

    load = staticmethod(lambda: TRIAGE)


@pytest.fixture(autouse=True)
def rules_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them takes most of a second."""
    monkeypatch.setattr("bot.adapters.discord.handler.Triage", _Loaded)


@pytest.fixture
def no_waiting_to_identify(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library waits five seconds before a second IDENTIFY; the fake does not mind."""

    async def at_once(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)
