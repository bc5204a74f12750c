"""Access to the control API: allowed from this machine, and to whoever has the token.

A page in a browser reaches loopback too: under its own origin, under a host name that resolves to 127.0.0.1
(DNS rebinding), or by a form, which in old browsers sends no Origin. So the peer's address alone is not
enough.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection

from aiohttp import web

from mock_openai.control.hosts import is_known, is_loopback, is_own

MEDIA_TYPES = ("application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
"""Content types allowed for requests that change something. An HTML form cannot send them, and a script of
another site only after a CORS preflight.
"""
_READS = ("GET", "HEAD", "OPTIONS")
_OWN_SITE = ("same-origin", "none")
"""Values of `Sec-Fetch-Site` for a request that no other site caused."""


def refused(
    request: web.BaseRequest, token: str | None, hosts: Collection[str] = ()
) -> tuple[int, str] | None:
    """Return the status and the reason if a request is refused, else None. `hosts` are host names, besides
    those of loopback, under which this machine may be addressed.
    """
    host = request.headers.get("Host", "")
    if not all(is_own(origin, host) for origin in request.headers.getall("Origin", [])):
        return 403, "pages of other origins may not use the control API: the Origin must be the server's own"
    if any(site.lower() not in _OWN_SITE for site in request.headers.getall("Sec-Fetch-Site", [])):
        return (
            403,
            "pages of other origins may not use the control API: the browser says that one sent this",
        )
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    bearer = given.strip() if scheme.lower() == "bearer" else ""
    if token is not None and bearer:
        if hmac.compare_digest(bearer.encode("utf-8", "surrogateescape"), token.encode()):
            return None
        return 401, "the control token is wrong"
    if not is_loopback(request.remote or ""):
        if token is None:
            return 403, "only this machine may use the control API, unless the server has a --control-token"
        return 401, "from another machine, the control API needs the control token as a bearer token"
    if not is_known(host, hosts):
        return 403, (
            "only this machine may use the control API: the Host must be a loopback address, or a name that "
            "the server was given with --allow-host"
        )
    if request.method not in _READS and _media_type(request) not in MEDIA_TYPES:
        return 415, (
            f"{request.method} needs the header `Content-Type: application/json` (or application/yaml), even "
            "without a body, because forms of other pages cannot send it; with curl: --json '' or "
            "-H 'content-type: application/yaml'"
        )
    return None


def _media_type(request: web.BaseRequest) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
