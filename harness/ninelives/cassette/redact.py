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
from typing import Any

KEPT_HEADERS = frozenset(
    {
        "accept",
        "accept-language",
        "access-control-expose-headers",
        "allow",
        "alt-svc",
        "azureai-fe-is-streaming",
        "cache-control",
        "cf-cache-status",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-type",
        "date",
        "openai-beta",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "retry-after",
        "retry-after-ms",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "server",
        "strict-transport-security",
        "user-agent",
        "vary",
        "www-authenticate",
        "x-content-type-options",
        "x-ms-region",
        "x-ms-served-model",
        "x-request-id",
        "x-should-retry",
    }
)
"""Headers that reach the disk. All others are dropped, whatever they are."""

KEPT_PREFIXES = ("x-ratelimit-", "x-stainless-", "x-codex-primary-", "x-codex-secondary-")
"""Beginnings of header names that reach the disk as well."""

_FAKE = "redacted"
_FAKES = re.compile(rb"(?<![0-9])\d{3,}reda(?:c(?:t(?:ed?)?)?)?x*")
_PLACEHOLDER = re.compile(r"(?i)\*\*|redacted|sanitized|^<.*>$")  # another recorder has been here before
_SHORTEST = 8
"""A literal shorter than this is not remembered: it would replace ordinary words (a key called "test")."""

_CREDENTIALS = re.compile(
    r"(?i)^(proxy-)?authorization$|^cookie$|^set-cookie$|api-?key|token$|^openai-(organization|project)$|account-id"
)
_EDGE, _AFTER = rb"(?<![A-Za-z0-9_-])", rb"(?![A-Za-z0-9_-])"
_FIELDS = (
    "authorization api_key api-key apikey client_secret access_token refresh_token id_token password cookie"
)
_PARAMETERS = "key= token= sig= signature= code="
_PATTERNS: tuple[tuple[str, str, bytes], ...] = (  # kind, words without which it cannot match, expression
    ("key", "sk-", _EDGE + rb"(?P<keep>sk-)(?P<secret>[A-Za-z0-9_-]{8,})"),
    (
        "ephemeral",
        "ek_ sess- rk_ rk- pk_ ghp_ gho_ hf_",
        _EDGE + rb"(?P<keep>(?:ek|sess|rk|pk|ghp|gho|hf)[_-])(?P<secret>[A-Za-z0-9_-]{16,})",
    ),
    ("organisation", "org-", _EDGE + rb"(?P<keep>org-)(?P<secret>[A-Za-z0-9_-]{8,})"),
    ("project", "proj_", _EDGE + rb"(?P<keep>proj_)(?P<secret>[A-Za-z0-9_-]{8,})"),
    ("user", "user-", _EDGE + rb"(?P<keep>user-)(?P<secret>[A-Za-z0-9]{16,})" + _AFTER),
    ("token", "eyj", _EDGE + rb"(?P<keep>eyJ)(?P<secret>[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})"),
    ("bearer", "bearer", rb"(?P<keep>[Bb]earer\s+)(?P<secret>(?=[^\s\"\\]*\d)[A-Za-z0-9._~+/=-]{8,})"),
    (
        "field",
        _FIELDS,
        rb"(?i)(?P<keep>\\?\"(?:authorization|(?:x-)?api[-_]?key|client_secret|access_token|refresh_token|id_token"
        rb"|password|(?:set-)?cookie)\\?\"\s*:\s*\\?\")(?P<secret>[^\"\\]+)",
    ),
    (
        "query",
        _PARAMETERS,
        rb"(?i)(?P<keep>[?&](?:api[-_]?key|key|access_token|token|sig|signature|code)=)(?P<secret>[^&\s\"\\#]+)",
    ),
)
_EMAIL = (
    "email",
    "@",
    rb"(?<![A-Za-z0-9._%+-])(?P<secret>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})",
)
_PHONE = (
    "phone",
    "",
    rb"(?<![\w.+-])(?P<secret>(?:\+\d{1,3}[ -]?|\(\d{3}\) ?|0)\d{2,4}[ -]?\d{3,4}[ -]?\d{3,5})(?![\w.-])",
)


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
    _patterns: tuple[tuple[str, tuple[bytes, ...], re.Pattern[bytes]], ...] = field(
        default=(), init=False, repr=False
    )
    _rules: tuple[tuple[re.Pattern[bytes], Any], ...] = field(default=(), init=False, repr=False)
    _kept: frozenset[str] = field(default=frozenset(), init=False, repr=False)

    def __post_init__(self) -> None:
        chosen = [*_PATTERNS, *([_EMAIL] * self.emails), *([_PHONE] * self.phones)]
        self._patterns = tuple(
            (kind, tuple(word.encode() for word in words.split()), re.compile(pattern))
            for kind, words, pattern in chosen
        )
        self._rules = tuple((_compile(pattern), _bytes(by)) for pattern, by in self.rules)
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
            if _CREDENTIALS.search(name):
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
        if not self.enabled or not data:
            return data
        for pattern, by in self._rules:
            data = pattern.sub(by, data)
        if self._literals is not None:
            data = self._literals.sub(lambda match: self._known[match.group()], data)
        low = data.lower()  # looking for a word is a hundred times faster than running the expression
        for _, words, pattern in self._patterns:
            if not words or any(word in low for word in words):
                data = pattern.sub(self._replace, data)
        return data

    def blank(self, data: bytes) -> bytes:
        """A text with the same word for every secret and every fake: what two recordings are compared by."""
        return _FAKES.sub(_FAKE.encode(), self.text(data))

    def findings(self, data: bytes) -> list[Finding]:
        """The secrets in a text that is on the disk already; fakes are none."""
        found = []
        for kind, _, pattern in self._patterns:
            for match in pattern.finditer(data):
                if not _is_fake(match["secret"]):
                    found.append(Finding(kind, *match.span("secret")))
        for pattern, _ in self._rules:
            found.extend(Finding("rule", *match.span()) for match in pattern.finditer(data))
        return sorted(found, key=lambda finding: finding.start)

    def _replace(self, match: re.Match[bytes]) -> bytes:
        secret = match["secret"]
        if _is_fake(secret):
            return match.group()
        before, after = match.start("secret") - match.start(), match.end("secret") - match.start()
        whole = match.group()
        return whole[:before] + self._fake(secret) + whole[after:]

    def _fake(self, secret: bytes) -> bytes:
        if secret not in self._known:
            length = max(len(secret), _SHORTEST)  # one that is shorter could not be told from a secret again
            fake = f"{len(self._known) + 1:03d}{_FAKE}".ljust(length, "x")[:length]
            self._known[secret] = fake.encode()
        return self._known[secret]

    def _remember(self, secret: str) -> None:
        data = secret.encode("utf-8", "surrogateescape")
        if len(data) < _SHORTEST or data in self._known or _PLACEHOLDER.search(secret):
            return
        prefix = next((p for p in (b"sk-", b"org-", b"proj_") if data.startswith(p)), b"")
        bare = data[len(prefix) :]
        if _is_fake(bare):
            return
        fake = self._fake(bare)
        self._known[data] = prefix + fake
        escaped = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        self._known[escaped] = prefix + fake.ljust(len(escaped) - len(prefix), b"x")
        literals = sorted((known for known in self._known if len(known) >= _SHORTEST), key=len, reverse=True)
        self._literals = re.compile(b"|".join(map(re.escape, literals)))


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
