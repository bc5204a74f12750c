"""Parses the upstream of a recorder as a user types it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from mock_openai.control.hosts import is_loopback

from ninelives.cassette import Redactor

_PREFIX = "/v1"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server of the Responses API."""

    origin: str
    """Scheme, host and port."""
    prefix: str
    """The prefix of paths; `/v1` if none was given."""
    local: bool
    """Whether it is on this machine."""

    @classmethod
    def parse(cls, typed: str) -> Upstream:
        """Parse a URL, or a host: one on this machine uses http, any other https. Raises ValueError, which
        quotes the input without secrets.
        """
        try:
            parts = urlsplit(typed if "://" in typed else f"//{typed}")
            host = parts.hostname or ""
            local = is_loopback(host)
            scheme = {"ws": "http", "wss": "https", "": "http" if local else "https"}.get(
                parts.scheme, parts.scheme
            )
            fits = bool(host) and scheme in ("http", "https") and parts.port != 0
        except ValueError:  # a port that is not a number, or above 65535; half an IPv6 address
            fits = False
        if not fits:
            raise ValueError(
                f"upstream {Redactor().text(typed.encode()).decode()!r} is not a URL of an HTTP server; "
                "expected for example https://api.openai.com"
            )
        prefix = parts.path.rstrip("/").removesuffix("/responses") or _PREFIX
        return cls(f"{scheme}://{parts.netloc.rpartition('@')[2]}", prefix, local)
