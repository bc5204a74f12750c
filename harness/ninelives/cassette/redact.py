"""Secrets are replaced before anything is written: a `Redactor` stands between the wire and the file.

Deny first: of the headers only those on a list are kept, and the credentials in the others are remembered and
struck wherever else they stand. What a secret is and how it is found, however it is spelled, is the affair of
`mock_openai.redaction`, which the server uses too; here stands what only a recording needs: the headers, the
user's rules and hooks, and how long a stream must wait.
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
    """A request on its way to the file, as `before_record_request` sees it; the names are vcrpy's."""

    method: str
    """HTTP method; "WS" for a message that the client sends on an open WebSocket."""
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

    `rules` are pairs of a regular expression and what stands in its place; they are applied to texts as they
    are spelled and with their escapes undone. `before_record_request` and `before_record_response` see what
    is about to be written, may change it, and drop it by returning None, as in vcrpy; of a stream the second
    sees one event at a time as `{"status", "headers", "body": {"string": bytes}}`. With `phones` it raises
    ModuleNotFoundError unless `ninelives[phones]` is installed.
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
        """Keep bodies as they are; headers are still kept by the list only. For data that is public
        already.
        """
        return cls(enabled=False)

    def learn(self, headers: Pairs) -> None:
        """Remember the credentials in a message's headers, so that they are replaced wherever else they
        stand.
        """
        self._secrets.known.headers(_pairs(headers), self.keeps)

    def learn_url(self, url: str) -> None:
        """Remember the credentials in a URL, or in a path with a query."""
        self._secrets.known.url(url)

    def keeps(self, name: str) -> bool:
        """Tell whether a header, in lower case, may be written."""
        return name in self._kept or name.startswith(KEPT_PREFIXES)

    def kept_headers(self, headers: Pairs) -> dict[str, str]:
        """Return the headers that may be written, names in lower case, values redacted, repeated ones
        joined.
        """
        kept: dict[str, str] = {}
        for name, value in _pairs(headers):
            low = name.lower()
            if self.keeps(low):
                clean = self.string(value)
                kept[low] = f"{kept[low]}, {clean}" if low in kept else clean
        return kept

    def text(self, data: bytes, *, broken: bool = False) -> bytes:
        """Return a text with every secret replaced by its fake; everything else is the same, byte for byte.
        When it was `broken` off, the beginning of a secret at its end is one too.
        """
        return self._secrets.text(data, broken=broken) if self.enabled else data

    def string(self, text: str) -> str:
        """Return a string likewise; bytes that are not UTF-8 become replacement characters."""
        return self.text(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def edits(self, data: bytes, *, broken: bool = False) -> list[Edit]:
        """Return what would change in a text, in order, without overlaps. When it was `broken` off, the
        beginning of a secret at its end is one too.
        """
        return self._secrets.edits(data, broken=broken) if self.enabled else []

    def undecided(self, data: bytes, start: int) -> int:
        """Return the place from `start` on from which what follows could make a secret of the text's end."""
        if not self.enabled:
            return len(data)
        found = undecided(self._secrets, data, start)
        return min([found, *(rule.undecided(data, start) for rule, _ in self._secrets.rules)])

    def blank(self, data: bytes) -> bytes:
        """Return a text with the same word for every secret and every fake: what two recordings are compared
        by.
        """
        edits = (
            edit if FAKES.search(edit.new) else edit._replace(new=WORD)  # too short to say what it is
            for edit in self.edits(data)
        )
        return FAKES.sub(WORD, applied(data, edits))

    def findings(self, data: bytes) -> list[Finding]:
        """Find the secrets in a text that is on the disk already; fakes are none."""
        return self._secrets.findings(data)


def _pairs(headers: Pairs) -> Iterable[tuple[str, str]]:
    return headers.items() if isinstance(headers, Mapping) else headers
