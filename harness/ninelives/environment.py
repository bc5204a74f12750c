"""The environment variables that lead OpenAI's clients to a server of ours."""

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
    """Return what to set in a client's environment.

    `offline` means that a recording or a script can answer: then a client without an OPENAI_API_KEY gets the
    placeholder. Otherwise the real API is asked, and a missing key is the user's to supply.
    """
    found = {"OPENAI_BASE_URL": urls.base_url, "OPENAI_WS_URL": urls.ws_url}
    if offline and not os.environ.get("OPENAI_API_KEY"):
        found["OPENAI_API_KEY"] = PLACEHOLDER_KEY
    return found
