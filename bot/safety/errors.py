"""The one error of the safety package: its reviewed data cannot be used."""

from __future__ import annotations

from bot.errors import SettingsError


class SafetyDataError(SettingsError):
    """A file of knowledge/safety is missing or malformed; the message names file and place."""

    key = "error.settings"
