"""The environment variables that point clients to one of our servers, and keep proxies out of the way."""

from __future__ import annotations

import os
from typing import Protocol

PLACEHOLDER_KEY = "no-key-needed-offline"
"""The API key for clients whose requests stay on this machine: they refuse to start without one."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_EXCEPTIONS = ("NO_PROXY", "no_proxy")
_LOOPBACK = ("127.0.0.1", "localhost")


class Urls(Protocol):
    """A server."""

    @property
    def base_url(self) -> str:
        """The URL for HTTP clients."""

    @property
    def ws_url(self) -> str:
        """The URL of WebSocket mode."""


def variables(urls: Urls, *, offline: bool) -> dict[str, str]:
    """Return the variables for a client's environment.

    `offline`: whether a recording or a script can answer; then a client without an OPENAI_API_KEY gets the
    placeholder. Otherwise the real API is called, and the user must provide a key.
    """
    found = {"OPENAI_BASE_URL": urls.base_url, "OPENAI_WS_URL": urls.ws_url}
    if offline and not os.environ.get("OPENAI_API_KEY"):
        found["OPENAI_API_KEY"] = PLACEHOLDER_KEY
    return found


def proxies() -> list[str]:
    """Return the names of the variables that send clients to a proxy."""
    return [name for each in _PROXIES for name in (each, each.lower()) if os.environ.get(name)]


def around_proxies() -> dict[str, str]:
    """Return the variables that keep requests to this machine away from a proxy; none if no proxy is set.

    Both spellings of NO_PROXY are set, because clients prefer different ones.
    """
    given = [host.strip() for name in _EXCEPTIONS for host in os.environ.get(name, "").split(",")]
    if not proxies() or "*" in given:
        return {}
    hosts = ",".join(dict.fromkeys(filter(None, [*given, *_LOOPBACK])))
    return dict.fromkeys(_EXCEPTIONS, hosts)
