"""The headers that are written to the disk."""

from __future__ import annotations

KEPT_HEADERS = frozenset(
    {
        "accept", "accept-language", "access-control-expose-headers", "allow", "alt-svc",
        "azureai-fe-is-streaming", "cache-control", "cf-cache-status", "content-disposition",
        "content-encoding", "content-language", "content-length", "content-type", "date", "openai-beta",
        "openai-model", "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms",
        "sec-websocket-protocol", "sec-websocket-version", "server", "strict-transport-security",
        "user-agent", "vary", "www-authenticate", "x-content-type-options", "x-ms-region",
        "x-ms-served-model", "x-request-id", "x-should-retry",
    }
)  # fmt: skip
"""Headers that are written to the disk. All others are dropped."""

KEPT_PREFIXES = ("x-ratelimit-", "x-stainless-", "x-codex-primary-", "x-codex-secondary-")
"""Prefixes of header names that are written to the disk too."""
