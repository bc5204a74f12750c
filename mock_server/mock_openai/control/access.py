"""Who may use the control API: this machine, and whoever has the token.

A page in a browser reaches loopback too, under its own origin, or under a host name that suddenly means
127.0.0.1 (DNS rebinding); so the peer's address alone says nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Collection

from aiohttp import web

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?", re.IGNORECASE)


def host_name(text: str) -> str:
    """Return a host name or IP address as it is compared. ValueError for anything else, such as a URL."""
    name = text.strip("[]")
    if not _HOST.fullmatch(name):
        try:
            ipaddress.ip_address(name)
        except ValueError:
            raise ValueError(
                f"allow-host: {text!r} is no host name; write a name without scheme and port, such as mock"
            ) from None
    return name.lower()


def refused(
    request: web.BaseRequest, token: str | None, hosts: Collection[str] = ()
) -> tuple[int, str] | None:
    """Say with which status and why a request is refused; None when it is not. `hosts` are the names besides
    those of loopback under which this machine may be asked.
    """
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
        return 403, "the control API is not for other pages: the Origin must be the server's own"
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    bearer = given.strip() if scheme.lower() == "bearer" else ""
    if token is not None and bearer:
        if hmac.compare_digest(bearer.encode("utf-8", "surrogateescape"), token.encode()):
            return None
        return 401, "this is not the control token"
    if not _is_loopback(request.remote or ""):
        if token is None:
            return 403, "the control API is for this machine only, unless the server has a --control-token"
        return 401, "from another machine the control API wants the control token as a bearer token"
    name = _name(host)
    if not _is_loopback(name) and name.lower() not in hosts:
        return 403, (
            "the control API is for this machine only: the Host must be a loopback address, or a name that "
            "the server was given with --allow-host"
        )
    return None


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
