"""Replaces secrets before anything is written: a `Redactor` processes everything on its way to the file.

Headers are dropped unless they are on a list, and credentials in dropped headers are remembered and replaced
everywhere else. `mock_openai.redaction`, which the server uses too, finds secrets in every spelling; this
file adds what only a recording needs: the headers, the user's rules and hooks, and how long a stream must be
held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_openai.redaction import Edit, Finding, Replacement, SecretRedactor
from mock_openai.redaction.edits import applied
from mock_openai.redaction.fakes import FAKES, WORD
from mock_openai.redaction.pending import undecided

from ninelives.cassette.headers import KEPT_HEADERS, KEPT_PREFIXES


@dataclass(slots=True)
class RecordedRequest:
    """A request on its way to the file, for `before_record_request`; the names are vcrpy's."""

    method: str
    """HTTP method; "WS" for a client's message on an open WebSocket."""
    uri: str
    """Path and query."""
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.uri.partition("?")[0]


RequestHook = Callable[[RecordedRequest], RecordedRequest | None]
ResponseHook = Callable[[dict[str, Any]], dict[str, Any] | None]
Pairs = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(slots=True)
class Redactor:
    """Replaces secrets, consistently within one recording.

    `rules` are pairs of a regular expression and its replacement; they are applied to texts both as spelled
    and with escapes undone. `before_record_request` and `before_record_response` get a message that is about
    to be written, may change it, and drop it by returning None, as in vcrpy. For a stream the second hook is
    called with one event at a time, as `{"status", "headers", "body": {"string": bytes}}`. With `phones` it
    raises ModuleNotFoundError unless `ninelives[phones]` is installed.
    """

    headers: Iterable[str] = ()
    """Further header names to keep."""
    rules: Iterable[tuple[str | bytes | re.Pattern[bytes], Replacement]] = ()
    emails: bool = False
    phones: bool = False
    enabled: bool = True
    before_record_request: RequestHook | None = None
    before_record_response: ResponseHook | None = None
    _secrets: SecretRedactor = field(init=False, repr=False)
    _kept: frozenset[str] = field(default=frozenset(), init=False, repr=False)

    def __post_init__(self) -> None:
        self._secrets = SecretRedactor(rules=self.rules, emails=self.emails, phones=self.phones)
        self._kept = KEPT_HEADERS | {name.lower() for name in self.headers}

    @classmethod
    def off(cls) -> Redactor:
        """Keep bodies unchanged; headers are still dropped unless listed. For data that is public already."""
        return cls(enabled=False)

    def learn(self, headers: Pairs) -> None:
        """Remember the credentials in a message's headers, so that they are replaced everywhere else."""
        self._secrets.known.headers(_pairs(headers), self.keeps)

    def learn_url(self, url: str) -> None:
        """Remember the credentials in a URL, or in a path with a query."""
        self._secrets.known.url(url)

    def keeps(self, name: str) -> bool:
        """Return whether a header, in lower case, may be written."""
        return name in self._kept or name.startswith(KEPT_PREFIXES)

    def kept_headers(self, headers: Pairs) -> dict[str, str]:
        """Return the headers that may be written, names in lower case, values redacted, repeated ones
        joined.
        """
        kept: dict[str, str] = {}
        for name, value in _pairs(headers):
            low = name.lower()
            if self.keeps(low):
                clean = self._header(low, value)
                kept[low] = f"{kept[low]}, {clean}" if low in kept else clean
        return kept

    def _header(self, name: str, value: str) -> str:
        data = value.encode("utf-8", "surrogateescape")
        edits = self._secrets.edits(data, name.encode("utf-8", "surrogateescape")) if self.enabled else []
        return applied(data, edits).decode("utf-8", "replace")

    def text(self, data: bytes, *, broken: bool = False) -> bytes:
        """Return a text with every secret replaced by its fake; everything else is unchanged, byte for
        byte. If it was `broken` off, the beginning of a secret at its end counts too.
        """
        return self._secrets.text(data, broken=broken) if self.enabled else data

    def string(self, text: str) -> str:
        """Return a string likewise; bytes that are not UTF-8 become replacement characters."""
        return self.text(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def edits(self, data: bytes, *, broken: bool = False) -> list[Edit]:
        """Return what would change in a text, in order, without overlaps. If it was `broken` off, the
        beginning of a secret at its end counts too.
        """
        return self._secrets.edits(data, broken=broken) if self.enabled else []

    def undecided(self, data: bytes, start: int) -> int:
        """Return the index from `start` on from which the following text could turn the text's end into a
        secret.
        """
        if not self.enabled:
            return len(data)
        found = undecided(self._secrets, data, start)
        return min([found, *(rule.undecided(data, start) for rule, _ in self._secrets.rules)])

    def blank(self, data: bytes) -> bytes:
        """Return a text with the same word for every secret and every fake, for comparing two recordings."""
        edits = (
            edit if FAKES.search(edit.new) else edit._replace(new=WORD)  # too short to be recognized
            for edit in self.edits(data)
        )
        return FAKES.sub(WORD, applied(data, edits))

    def findings(self, data: bytes) -> list[Finding]:
        """Find the secrets in a text that is on the disk already; fakes are not secrets."""
        return self._secrets.findings(data)


def _pairs(headers: Pairs) -> Iterable[tuple[str, str]]:
    return headers.items() if isinstance(headers, Mapping) else headers
