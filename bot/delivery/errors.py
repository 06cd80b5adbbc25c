"""What can become of a send. Each error says one thing: whether and when to try again.

DeliveryError
├── NotSentError        nothing left this machine: try again later
├── AmbiguousError      it may have arrived: not to be repeated blindly
├── FloodedError        too much for this chat: not before ``retry_after`` seconds
├── RefusedError        the platform will never take this letter
├── UnreachableError    the chat takes nothing from us any more
├── MovedError          the chat has another id now
└── LockedOutError      the platform does not know our token (or somebody else uses it)
PrivacyError            something personal was about to leave to a place others can read
"""

from __future__ import annotations

from bot.errors import SalusError


class DeliveryError(SalusError):
    """A letter could not be delivered as it is."""


class NotSentError(DeliveryError):
    """Nothing was sent: connection refused, no address, a definite "later" of the platform."""


class AmbiguousError(DeliveryError):
    """The request went out and no answer came back."""


class FloodedError(DeliveryError):
    """The platform wants ``retry_after`` seconds of silence in this chat."""

    def __init__(self, retry_after: float) -> None:
        """Seconds, at least a fraction of one."""
        super().__init__(f"retry after {retry_after}")
        self.retry_after = max(float(retry_after), 0.1)


class RefusedError(DeliveryError):
    """The platform will not take this letter, now or later."""


class UnreachableError(DeliveryError):
    """Blocked, kicked, deactivated or gone."""


class MovedError(DeliveryError):
    """The chat is now ``chat``."""

    def __init__(self, chat: str) -> None:
        """The new id."""
        super().__init__("the chat has moved")
        self.chat = chat


class LockedOutError(DeliveryError):
    """The token is wrong. ``key`` names the sentence for the operator."""

    key = "telegram.wrong_token"


class PrivacyError(SalusError):
    """A personal letter was addressed to a place that others can read. A bug, never a state."""
