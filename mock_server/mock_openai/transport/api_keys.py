"""The caller's key. It keeps callers apart and is never stored."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

CREDENTIAL_HEADERS = ("Authorization", "api-key", "x-api-key", "Cookie")
"""Headers in which requests of one connection may bring another caller's credentials."""


def caller_of(headers: Mapping[str, str]) -> str | None:
    """Return the key of a request, from Authorization or from `api-key`, which clients of Azure send."""
    return key_of(headers.get("Authorization", "")) or headers.get("api-key") or None


def key_of(authorization: str) -> str | None:
    """Return the token of a bearer header, or the password (else the user) of a basic one."""
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value or None
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return password or user or None
    return None
