"""The environment variables that point clients to one of our servers, and keep proxies out of the way."""

from __future__ import annotations

import os
from typing import Protocol

PLACEHOLDER_KEY = "no-key-needed-offline"
"""The API key for clients whose requests stay on this machine: they refuse to start without one."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
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


def bypass_proxies() -> None:
    """Add this machine to NO_PROXY if a proxy is set: clients would send it what is meant for our servers."""
    if not any(os.environ.get(name) for proxy in _PROXIES for name in (proxy, proxy.lower())):
        return
    excepted = ",".join(filter(None, (os.environ.get("NO_PROXY"), os.environ.get("no_proxy"))))
    missing = [host for host in _LOOPBACK if host not in excepted.split(",")]
    if "*" not in excepted.split(",") and missing:
        # In both spellings: clients differ in which one they prefer.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(filter(None, (excepted, *missing)))
