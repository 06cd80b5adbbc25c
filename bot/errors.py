"""Everything Salus raises on purpose, as one tree.

    SalusError                      base; ``key`` names its sentence in locales/
    ├── SettingsError               a setting is unknown, malformed or contradictory   (exit 2)
    ├── InputError                  what was given cannot be used                      (exit 2)
    ├── ModelError                  the language model gave no usable answer
    │   ├── ModelUnavailableError   refused, unreachable, 5xx, breaker open
    │   ├── ModelTimeoutError       no (further) token within the deadline
    │   ├── ModelCutOffError        the stream ended without a finish reason
    │   ├── ModelAbortedError       the server said 200 and then aborted
    │   ├── AdapterMissingError     the server does not have the adapter asked for
    │   └── AdapterRefusedError     the server would not take an adapter
    ├── TranscriptionError          a voice message could not be turned into text
    │   └── NoTranscriberError      nothing here can do it
    ├── StoreError                  the database could not do it                       (exit 4)
    │   ├── StoreLockedError        locked for longer than we wait
    │   ├── StoreReadOnlyError      the data directory cannot be written
    │   └── StoreKeyError           the key that decrypts personal data is missing or wrong
    ├── UnfetchedError              a file that was sent cannot be fetched (any more)
    │   └── OversizedError          it is larger than we take
    └── NotFoundError               no such turn, user, observation                    (exit 3)

rag/ has its own small tree (rag/types.py); the edges treat both alike: show
``t(error.key, **error.details)``, log the class, never the message text.
"""

from __future__ import annotations


class SalusError(Exception):
    """Base of the tree. ``details`` fill the placeholders of the sentence behind ``key``."""

    key = "error.unexpected"
    exit_code = 1

    def __init__(self, message: str = "", **details: str) -> None:
        """Keep the developer's message and the details a person is shown."""
        super().__init__(message or self.key)
        self.details = details


class SettingsError(SalusError):
    """A setting is unknown, malformed or contradictory."""

    key = "error.settings"
    exit_code = 2


class InputError(SalusError):
    """What was given on a command line or in a file cannot be used."""

    key = "error.input"
    exit_code = 2


class ModelError(SalusError):
    """The language model gave no usable answer."""

    key = "error.model"


class ModelUnavailableError(ModelError):
    """The server refused, was unreachable or answered 5xx, or the breaker is open."""

    key = "error.model_unavailable"


class ModelTimeoutError(ModelError):
    """No token, or no further token, came within the deadline."""

    key = "error.model_timeout"


class ModelCutOffError(ModelError):
    """The stream ended without saying why."""

    key = "error.model_cut_off"


class ModelAbortedError(ModelError):
    """HTTP 200, then ``finish_reason: abort`` or another end that is no end."""

    key = "error.model_aborted"


class AdapterMissingError(ModelError):
    """The generator does not have the adapter it was asked for; nothing was said."""

    key = "error.adapter_missing"


class AdapterRefusedError(ModelError):
    """The model server would not load or unload an adapter; the message has its reason."""

    key = "error.adapter_refused"


class TranscriptionError(SalusError):
    """A voice message could not be turned into text."""

    key = "error.transcription"


class NoTranscriberError(TranscriptionError):
    """Neither a transcription server is set nor the voice extra installed."""

    key = "error.no_transcriber"


class UnfetchedError(SalusError):
    """A file that was sent cannot be fetched, or not any more."""

    key = "curate.not_fetched"


class OversizedError(UnfetchedError):
    """A file that turns out larger than we take."""


class StoreError(SalusError):
    """The database could not do what was asked."""

    key = "error.store"
    exit_code = 4


class StoreLockedError(StoreError):
    """Another process holds the database for longer than we wait."""

    key = "error.store_locked"


class StoreReadOnlyError(StoreError):
    """The data directory or the database cannot be written."""

    key = "error.store_read_only"


class StoreKeyError(StoreError):
    """The key that decrypts personal data is missing or does not fit."""

    key = "error.store_key"


class NotFoundError(SalusError):
    """There is no such turn, person or observation (or it is somebody else's)."""

    key = "error.not_found"
    exit_code = 3
