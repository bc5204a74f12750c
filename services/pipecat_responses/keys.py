"""The keys that a service sends, struck from all that it says: servers repeat them in errors and reasons."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .errors import Failure, TurnBroken

__all__ = ["SentKeys"]

_HEADERS = ("authorization", "api-key", "x-api-key", "proxy-authorization")
_NO_KEYS = ("api-version", "deployment", "model", "region", "version")
"""Parameters of a URL that an error may name."""
_SHORTEST = 8
"""Characters; what is shorter is the word of a test, which messages have as well."""
_MOST = 16
"""The latest keys are remembered; a service whose key changes sends one at a time."""
_TEXTS = ("message", "code", "type", "param", "request_id", "response_id")


class SentKeys:
    """The keys of one service, as far as they were sent."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def note(self, url: object, headers: Mapping[str, object]) -> None:
        """Remember the keys of a request: those in its headers and in its URL."""
        for name, value in headers.items():
            if name.lower() in _HEADERS:
                self._add(str(value).rpartition(" ")[2])
        try:
            parts = urlsplit(str(url))
            self._add(unquote(parts.password or ""))
        except ValueError:  # brackets of an IPv6 address that do not match, for example
            return
        for name, value in parse_qsl(parts.query):
            if name.lower() not in _NO_KEYS:
                self._add(value)

    def _add(self, key: str) -> None:
        if len(key) >= _SHORTEST:
            self._keys.pop(key, None)
            self._keys[key] = None
            if len(self._keys) > _MOST:
                del self._keys[next(iter(self._keys))]

    def struck(self, text: str) -> str:
        """Return a text without the keys."""
        for key in sorted(self._keys, key=len, reverse=True):
            text = text.replace(key, "[redacted]")
        return text

    def without(self, failure: Failure) -> Failure:
        """Return a failure without the keys in any of its texts."""
        texts: dict[str, Any] = {
            name: self.struck(text) for name in _TEXTS if (text := getattr(failure, name))
        }
        return replace(failure, **texts)

    def broken(self, broken: TurnBroken) -> TurnBroken:
        """Return the end of an attempt without the keys in its texts, with the same cause and traceback."""
        new = TurnBroken(self.without(broken.failure)).with_traceback(broken.__traceback__)
        new.__cause__ = broken.__cause__
        return new
