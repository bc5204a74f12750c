"""Who asks: the key in an Authorization header. It keeps callers apart and is never stored."""

from __future__ import annotations

import base64
import binascii


def key_of(authorization: str) -> str | None:
    """Give the key of a bearer header, or the password (else the user) of a basic one."""
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
