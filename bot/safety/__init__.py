"""Safety decided in code: red flags before any model, fixed replies, and what is refused."""

from __future__ import annotations

from bot.safety.errors import SafetyDataError
from bot.safety.incoming import from_json
from bot.safety.lint import check_data
from bot.safety.policy import PolicyResult, check_request, unsafe_advice
from bot.safety.replies import (
    crisis_text,
    emergency_text,
    is_about_other,
    refusal_text,
    urgent_text,
)
from bot.safety.triage import Triage

__all__ = [
    "PolicyResult",
    "SafetyDataError",
    "Triage",
    "check_data",
    "check_request",
    "crisis_text",
    "emergency_text",
    "from_json",
    "is_about_other",
    "refusal_text",
    "unsafe_advice",
    "urgent_text",
]
