"""Secrets are replaced before anything is written: a `Redactor` stands between the wire and the file.

Deny first: of the headers only those on a list are kept; keys, tokens, cookies, organisation and project ids
are replaced wherever they stand in paths, bodies, events and frames, on the text itself, so that the JSON
around them stays verbatim. Each secret gets a fake of the same length (eight characters at least), the same
one every time: ids still match, lengths still fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ninelives.cassette.kinds import CREDENTIALS, EMAIL, KEPT_HEADERS, KEPT_PREFIXES, PATTERNS, PHONE
from ninelives.cassette.unfinished import undecided, undecided_literal

_FAKE = "redacted"
_FAKES = re.compile(rb"(?<![0-9])\d{3,}reda(?:c(?:t(?:ed?)?)?)?x*")
_PLACEHOLDER = re.compile(r"(?i)\*\*|redacted|sanitized|^<.*>$")  # another recorder has been here before
_SHORTEST = 8
"""A literal shorter than this is not remembered: it would replace ordinary words (a key called "test")."""


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


Replacement = str | bytes | Callable[[re.Match[bytes]], bytes]
RequestHook = Callable[[RecordedRequest], RecordedRequest | None]
ResponseHook = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret that was found in a text: what kind, and where; never the secret itself."""

    kind: str
    start: int
    end: int


@dataclass(slots=True)
class Redactor:
    """Replaces secrets, consistently within one recording.

    `rules` are pairs of a regular expression and what stands in its place. `before_record_request` and
    `before_record_response` see what is about to be written, may change it, and drop it by returning None, as
    in vcrpy; of a stream the second sees one event at a time as `{"status", "headers", "body": {"string":
    bytes}}`.
    """

    headers: Iterable[str] = ()
    """Further header names to keep."""
    rules: Iterable[tuple[str | bytes | re.Pattern[bytes], Replacement]] = ()
    emails: bool = False
    phones: bool = False
    enabled: bool = True
    before_record_request: RequestHook | None = None
    before_record_response: ResponseHook | None = None
    _known: dict[bytes, bytes] = field(default_factory=dict, init=False, repr=False)
    _literals: re.Pattern[bytes] | None = field(default=None, init=False, repr=False)
    _texts: list[bytes] = field(default_factory=list, init=False, repr=False)
    _patterns: tuple[tuple[str, tuple[bytes, ...], re.Pattern[bytes]], ...] = field(
        default=(), init=False, repr=False
    )
    _words: tuple[bytes, ...] = field(default=(), init=False, repr=False)
    _regular: list[re.Pattern[bytes]] = field(default_factory=list, init=False, repr=False)
    _wordless: list[tuple[str, re.Pattern[bytes]]] = field(default_factory=list, init=False, repr=False)
    _rules: tuple[tuple[re.Pattern[bytes], Any], ...] = field(default=(), init=False, repr=False)
    _kept: frozenset[str] = field(default=frozenset(), init=False, repr=False)

    def __post_init__(self) -> None:
        chosen = [*PATTERNS, *([EMAIL] * self.emails), *([PHONE] * self.phones)]
        self._patterns = tuple(
            (kind, tuple(word.encode() for word in words.split()), re.compile(pattern))
            for kind, words, pattern in chosen
        )
        self._words = tuple(dict.fromkeys(word for _, words, _ in self._patterns for word in words))
        self._wordless = [(kind, pattern) for kind, words, pattern in self._patterns if not words]
        self._rules = tuple((_compile(pattern), _bytes(by)) for pattern, by in self.rules)
        self._regular = [pattern for pattern, _ in self._rules] + [pattern for *_, pattern in self._patterns]
        self._kept = KEPT_HEADERS | {name.lower() for name in self.headers}

    @classmethod
    def off(cls) -> Redactor:
        """Keeps bodies as they are; headers are still kept by the list only. For data that is public
        already.
        """
        return cls(enabled=False)

    def learn(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Remembers the credentials in a message's headers, so that they are replaced wherever else they
        stand.
        """
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        for name, value in pairs:
            if CREDENTIALS.search(name):
                for secret in _credentials(name.lower(), value):
                    self._remember(secret)
            elif name.lower() == "sec-websocket-protocol":
                for offered in value.split(","):
                    if (key := offered.strip().partition("api-key.")[2]) != "":
                        self._remember(key)

    def kept_headers(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
        """The headers that may be written, names in lower case, values redacted, repeated ones joined."""
        kept: dict[str, str] = {}
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            low = name.lower()
            if low in self._kept or low.startswith(KEPT_PREFIXES):
                clean = self.text(value.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
                kept[low] = f"{kept[low]}, {clean}" if low in kept else clean
        return kept

    def text(self, data: bytes) -> bytes:
        """A text with every secret replaced by its fake; everything else is the same, byte for byte."""
        return self._run(data, [], lambda start, end: True)

    def around(self, data: bytes, spared: list[int]) -> bytes:
        """The same, without what begins within the spared places (begin, end, begin, end, ...)."""
        places = list(spared)
        return self._run(
            data,
            places,
            lambda start, _: not any(a <= start < b for a, b in _pairs(places)),
        )

    def pieces(self, data: bytes, marks: list[int]) -> list[bytes]:
        """The text between the first mark and the last with its secrets replaced, cut at the marks; what
        stands before and after is only looked at. A mark inside a secret falls inside its fake.
        """
        cuts = list(marks)
        clean = self._run(data, cuts, lambda start, end: cuts[0] <= start and end <= cuts[-1])
        return [clean[a:b] for a, b in pairwise(cuts)]

    def secrets(self, data: bytes, start: int) -> list[tuple[int, int]]:
        """Where secrets stand that end after `start`."""
        if not self.enabled:
            return []
        found = [match.span() for pattern, _ in self._rules for match in pattern.finditer(data)]
        if self._literals is not None:
            found += [match.span() for match in self._literals.finditer(data)]
        for _, pattern in self._candidates(data):
            found += [match.span() for match in pattern.finditer(data)]
        return [span for span in found if span[1] > start]

    def undecided(self, data: bytes, start: int) -> int:
        """The place from `start` on from which what follows could make a secret of the text's end."""
        if not self.enabled:
            return len(data)
        found = undecided_literal(self._texts, data, start)
        return min(found, undecided(self._regular, data, start))

    def blank(self, data: bytes) -> bytes:
        """A text with the same word for every secret and every fake: what two recordings are compared by."""
        return _FAKES.sub(_FAKE.encode(), self.text(data))

    def findings(self, data: bytes) -> list[Finding]:
        """The secrets in a text that is on the disk already; fakes are none."""
        found = []
        for kind, pattern in self._candidates(data):
            for match in pattern.finditer(data):
                if not _is_fake(match["secret"]):
                    found.append(Finding(kind, *match.span("secret")))
        for pattern, _ in self._rules:
            found.extend(Finding("rule", *match.span()) for match in pattern.finditer(data))
        return sorted(found, key=lambda finding: finding.start)

    def _run(self, data: bytes, marks: list[int], wanted: Callable[[int, int], bool]) -> bytes:
        """Every pass over a text, with the marks moved to where their places are afterwards."""
        if not self.enabled or not data:
            return data
        for rule, by in self._rules:
            edits = [
                (*m.span(), m.expand(by) if isinstance(by, bytes) else by(m)) for m in rule.finditer(data)
            ]
            data = _edited(data, edits, marks, wanted)
        if self._literals is not None:
            edits = [(*match.span(), self._known[match.group()]) for match in self._literals.finditer(data)]
            data = _edited(data, edits, marks, wanted)
        for _, pattern in self._candidates(data):
            data = _edited(data, self._edits(pattern, data, wanted), marks, wanted)
        return data

    def _candidates(self, data: bytes) -> list[tuple[str, re.Pattern[bytes]]]:
        """The patterns that may match: looking for a word is a hundred times faster than running one."""
        low = data.lower()
        for word in self._words:
            if word in low:
                break
        else:
            return self._wordless
        return [
            (kind, pattern)
            for kind, words, pattern in self._patterns
            if not words or any(word in low for word in words)
        ]

    def _edits(
        self, pattern: re.Pattern[bytes], data: bytes, wanted: Callable[[int, int], bool]
    ) -> list[tuple[int, int, bytes]]:
        return [
            (*match.span("secret"), self._fake(match["secret"]))
            for match in pattern.finditer(data)
            if wanted(*match.span()) and not _is_fake(match["secret"])
        ]

    def _fake(self, secret: bytes) -> bytes:
        if secret not in self._known:
            length = max(len(secret), _SHORTEST)  # one that is shorter could not be told from a secret again
            fake = f"{len(self._known) + 1:03d}{_FAKE}".ljust(length, "x")[:length]
            self._known[secret] = fake.encode()
        return self._known[secret]

    def _remember(self, secret: str) -> None:
        data = secret.encode("utf-8", "surrogateescape")
        if len(data) < _SHORTEST or data in self._known or is_placeholder(secret):
            return
        prefix = next((p for p in (b"sk-", b"org-", b"proj_") if data.startswith(p)), b"")
        bare = data[len(prefix) :]
        if _is_fake(bare):
            return
        fake = self._fake(bare)
        self._known[data] = prefix + fake
        escaped = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        self._known[escaped] = prefix + fake.ljust(len(escaped) - len(prefix), b"x")
        self._texts = sorted((one for one in self._known if len(one) >= _SHORTEST), key=len, reverse=True)
        self._literals = re.compile(b"|".join(map(re.escape, self._texts)))


def is_placeholder(value: str) -> bool:
    """Whether a value stands where another recorder has taken a secret out, or is a fake of ours."""
    return _PLACEHOLDER.search(value) is not None


def _credentials(name: str, value: str) -> list[str]:
    if "cookie" in name:
        values = [pair.partition("=")[2].partition(";")[0].strip() for pair in value.split(";")]
        return [cookie for cookie in values if len(cookie) >= 2 * _SHORTEST]
    _, _, token = value.partition(" ")
    return [token.strip()] if token and "authorization" in name else [value.strip()]


def _is_fake(secret: bytes) -> bool:
    word = secret.lstrip(b"0123456789")
    return (
        len(secret) >= len(word) + 3 and word != b"" and _FAKE.ljust(len(word), "x").encode().startswith(word)
    )


def _compile(pattern: str | bytes | re.Pattern[bytes]) -> re.Pattern[bytes]:
    if isinstance(pattern, re.Pattern):
        return pattern
    return re.compile(pattern.encode() if isinstance(pattern, str) else pattern)


def _bytes(by: Replacement) -> Any:
    return by.encode() if isinstance(by, str) else by


def _pairs(places: list[int]) -> Iterable[tuple[int, int]]:
    return zip(places[::2], places[1::2], strict=True)


def _edited(
    data: bytes,
    edits: list[tuple[int, int, bytes]],
    marks: list[int],
    wanted: Callable[[int, int], bool],
) -> bytes:
    """A text with the wanted edits made, left to right."""
    edits = [edit for edit in edits if wanted(edit[0], edit[1])]
    if not edits:
        return data
    parts, moved, done, mark, shift = [], [], 0, 0, 0
    for start, end, by in edits:
        parts += [data[done:start], by]
        while mark < len(marks) and marks[mark] <= start:
            moved.append(marks[mark] + shift)
            mark += 1
        while mark < len(marks) and marks[mark] < end:
            inside = marks[mark] - start
            # a cut must not fall into a character or an escape: such a replacement stays in one piece
            plain = by.isascii() and b"\\" not in by
            moved.append(start + shift + (min(inside, len(by)) if plain else len(by)))
            mark += 1
        shift += len(by) - (end - start)
        done = end
    moved += [at + shift for at in marks[mark:]]
    marks[:] = moved
    return b"".join(parts) + data[done:]
