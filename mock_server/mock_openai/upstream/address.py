"""The address of the upstream server, and which headers travel to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mock_openai.wire.hop_by_hop import HOP_BY_HOP

# Hop-by-hop headers, headers that the client for upstream makes itself, and those meant for this server
# alone.
_KEPT_BACK = HOP_BY_HOP | {"accept-encoding", "content-length", "content-type", "expect", "host"}
_KEPT_BACK_PREFIXES = ("sec-websocket-", "x-mock-")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of an API such as `https://api.openai.com/v1`; without a path it is the server's root."""

    origin: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that a user wrote. Raises ValueError, with one line, if it is not valid."""
        try:
            parts = urlsplit(text)
            wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
        except ValueError:
            wrong = True
        if wrong:
            raise ValueError(
                f"upstream: {text!r} is not an address; expected http://HOST:PORT/v1 or https://HOST/v1"
            )
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(
                "upstream: the address must not have a key, query or fragment; the client's key is forwarded"
            )
        return cls(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"))

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    @property
    def port(self) -> int:
        """The TCP port."""
        parts = urlsplit(self.origin)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def host(self) -> str:
        """The host name or IP address."""
        return urlsplit(self.origin).hostname or ""

    def url(self, path_qs: str) -> str:
        """Return the upstream URL for a path of this server."""
        if self.path and path_qs.startswith("/v1"):
            path_qs = self.path + path_qs.removeprefix("/v1")
        return self.origin + path_qs

    def from_here(self, location: str) -> str:
        """Return the target of a redirect as a client of this server must get it. Another path of the
        upstream server becomes a path of this one: a client sends its key to no other server.
        """
        own = location.removeprefix(self.origin)
        if not own.startswith("/") or own.startswith("//"):
            return location
        return "/v1" + own.removeprefix(self.path) if self.path and own.startswith(f"{self.path}/") else own


PASSED_BY = "x-mock-passed-by"
"""The header in which servers that pass a request on leave their marks, to detect a loop."""


def passed_on(headers: Mapping[str, str], mark: str) -> dict[str, str]:
    """Return the headers to send upstream: the client's, with its key, and this server's mark."""
    return {
        **{
            name: value
            for name, value in headers.items()
            if name.lower() not in _KEPT_BACK and not name.lower().startswith(_KEPT_BACK_PREFIXES)
        },
        PASSED_BY: f"{headers[PASSED_BY]},{mark}" if PASSED_BY in headers else mark,
        "Accept-Encoding": "identity",  # the bytes are passed on as they are
    }
