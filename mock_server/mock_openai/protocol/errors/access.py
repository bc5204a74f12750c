"""Errors for API keys that are missing or wrong."""

from __future__ import annotations

from mock_openai.protocol.errors.base import ApiError


def missing_api_key() -> ApiError:
    """Return the error: no key was sent (reported)."""
    return ApiError(
        "Missing bearer or basic authentication in header",
        status=401,
        headers={"www-authenticate": 'Bearer realm="OpenAI API"'},
    )


_WRONG_KEY = (
    "Incorrect API key provided: {}. You can find your API key at "
    "https://platform.openai.com/account/api-keys."
)


class WrongKey(ApiError):
    """The only error that repeats a secret, masked; the journal does not show the secret at all."""

    without_key = _WRONG_KEY.format("[redacted]")
    """The message without the key."""


def invalid_api_key(key: str) -> ApiError:
    """Return the error: the key is wrong, masked as the API masks it: eight characters, stars, four
    characters (observed).
    """
    return WrongKey(
        _WRONG_KEY.format(mask_key(key)),
        status=401,
        code="invalid_api_key",
        headers={"www-authenticate": 'Bearer realm="OpenAI API"'},
    )


def mask_key(key: str) -> str:
    """Hide the middle of a key; keys of at most twelve characters are shown whole, as the API does
    (observed).
    """
    if len(key) <= 12:
        return key
    return key[:8] + "*" * (len(key) - 12) + key[-4:]
