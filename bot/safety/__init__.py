"""Safety decided in code: red flags before any model, fixed replies, and what is refused."""

from __future__ import annotations

from bot.safety.errors import SafetyDataError
from bot.safety.triage import Triage, from_json

__all__ = ["SafetyDataError", "Triage", "from_json"]
