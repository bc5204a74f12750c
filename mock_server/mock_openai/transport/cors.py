"""What a browser wants to hear before a page of another origin may speak to this API (CORS).

The real API can be used from a page, by clients made with `dangerouslyAllowBrowser`; how it words that was
not recorded. Every page may ask here, since nothing is secret here. The control API is not for pages, and
does not come by here.
"""

from __future__ import annotations

from collections.abc import Mapping

REMEMBERED = 600
"""Seconds for which a browser need not ask again."""

_ANY = {"access-control-allow-origin": "*"}


def allowed(asked: Mapping[str, str]) -> Mapping[str, str]:
    """Give the headers with which a page may read an answer; none when no page has asked."""
    return _ANY if "Origin" in asked else {}


def preflight(method: str, asked: Mapping[str, str]) -> Mapping[str, str] | None:
    """Give the headers that answer a browser which asks whether it may ask; None if this is none."""
    wanted = asked.get("Access-Control-Request-Method")
    if method != "OPTIONS" or wanted is None or "Origin" not in asked:
        return None
    told = {
        "content-type": "text/plain",
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
        "access-control-max-age": str(REMEMBERED),
        "vary": "Access-Control-Request-Headers",
    }
    headers = asked.get("Access-Control-Request-Headers")
    return told if headers is None else {**told, "access-control-allow-headers": headers}
