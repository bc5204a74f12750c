"""The environment variables that point OpenAI's clients to one of our servers."""

from __future__ import annotations

import os
from typing import Protocol

PLACEHOLDER_KEY = "no-key-needed-offline"
"""The API key for clients whose requests stay on this machine: they refuse to start without one."""


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
