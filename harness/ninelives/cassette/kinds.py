"""What a secret looks like, and which headers are none: the tables of redaction, without its machinery."""

from __future__ import annotations

import re

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

CREDENTIALS = re.compile(
    r"(?i)^(proxy-)?authorization$|^cookie$|^set-cookie$|api-?key|token$|^openai-(organization|project)$|account-id"
)
_EDGE, _AFTER = rb"(?<![A-Za-z0-9_-])", rb"(?![A-Za-z0-9_-])"
_FIELDS = (
    "authorization api_key api-key apikey client_secret access_token refresh_token id_token password cookie"
)
_NAMES = (
    rb"(?:authorization|(?:x-)?api[-_]?key|client_secret|access_token|refresh_token|id_token"
    rb"|password|(?:set-)?cookie)"
)
_PARAMETERS = "key= token= sig= signature= code="
PATTERNS: tuple[tuple[str, str, bytes], ...] = (  # kind, words without which it cannot match, expression
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
    ("field", _FIELDS, rb"(?i)(?P<keep>(?<!\\)\"" + _NAMES + rb"\"\s*:\s*\")(?P<secret>[^\"\\]+)"),
    # and in a text that is itself JSON
    ("field", _FIELDS, rb"(?i)(?P<keep>\\+\"" + _NAMES + rb"\\+\"\s*:\s*\\+\")(?P<secret>[^\"\\]+)"),
    (
        "query",
        _PARAMETERS,
        rb"(?i)(?P<keep>[?&](?:api[-_]?key|key|access_token|token|sig|signature|code)=)(?P<secret>[^&\s\"\\#]+)",
    ),
)
EMAIL = (
    "email",
    "@",
    rb"(?<![A-Za-z0-9._%+-])(?P<secret>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})",
)
PHONE = (
    "phone",
    "",
    rb"(?<![\w.+-])(?P<secret>(?:\+\d{1,3}[ -]?|\(\d{3}\) ?|0)\d{2,4}[ -]?\d{3,4}[ -]?\d{3,5})(?![\w.-])",
)
