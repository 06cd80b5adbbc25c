"""What the SDK and the HTTP library raise, under our own names."""

from __future__ import annotations

from bot.errors import (
    AdapterMissingError,
    ModelCutOffError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
)


def sdk_errors() -> tuple[type[Exception], ...]:
    """What the SDK and the HTTP library under it raise; imported when first needed."""
    import httpx2
    import openai

    return (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, OSError, ValueError)


def named(error: Exception, *, begun: bool, adapter: str = "") -> ModelError:
    """Our name for an SDK error. After the first token every break is a cut-off answer."""
    import httpx2
    import openai

    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return ModelTimeoutError(type(error).__name__)
    if begun:
        return ModelCutOffError(type(error).__name__)
    if adapter and isinstance(error, openai.NotFoundError):
        return AdapterMissingError(adapter)
    if isinstance(error, openai.APIStatusError):
        # 408, 429 and 5xx may pass; other 4xx are a wrong request or key and stay wrong.
        if error.status_code in {408, 409, 429} or error.status_code >= 500:
            return ModelUnavailableError(f"HTTP {error.status_code}")
        return ModelError(f"HTTP {error.status_code}")
    return ModelUnavailableError(type(error).__name__)
