"""The page at /__mock__/: what happens on the server as it happens, and buttons that break a connection now.

The page is three static files and uses nothing but the control API. Its content security policy allows no
other script, style or address.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from aiohttp import web

_TYPES = {"index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def file(name: str) -> web.Response | None:
    """Return a file of the page, by its name under /__mock__/; the page itself has none. None for others."""
    name = name or "index.html"
    if name not in _TYPES:
        return None
    headers = {
        "content-type": f"{_TYPES[name]}; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": POLICY,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return web.Response(body=_bytes(name), headers=headers)


@cache
def _bytes(name: str) -> bytes:
    return (resources.files(__package__) / name).read_bytes()
