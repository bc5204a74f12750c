"""Host names in a request's Host and Origin: which mean this server, and which only claim to.

A foreign name may resolve to 127.0.0.1 (DNS rebinding), so a name counts only if it is a name of loopback or
the user allowed it (`--allow-host`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?", re.IGNORECASE)
_WITH_PORT = re.compile(r"(?:\[([^\[\]%]*)\]|([^:\[\]%]*))(?::\d{0,5})?")  # a zone (%eth0) is no host
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+", re.IGNORECASE)

ANY = "*"
"""Stands for every origin."""


def host_name(text: str) -> str:
    """Return a host name or IP address in the form used for comparison. Raises ValueError for anything else,
    such as a URL.
    """
    name = text.strip("[]")
    if not _HOST.fullmatch(name):
        try:
            ipaddress.ip_address(name)
        except ValueError:
            raise ValueError(
                f"allow-host: {text!r} is not a host name; expected a name without scheme and port, like mock"
            ) from None
    return name.lower()


def origin(text: str) -> str:
    """Return an origin in the form used for comparison: `*`, `null`, or a scheme, host and port. Raises
    ValueError for anything else.
    """
    if text in (ANY, "null") or _ORIGIN.fullmatch(text):
        return text.lower()
    raise ValueError(
        f"allow-origin: {text!r} is not an origin; expected scheme, host and port without a path, such as "
        "http://localhost:3000, or none"
    )


def is_own(origin: str, host: str) -> bool:
    """Return whether an Origin is that of the page at this Host."""
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def is_known(host: str, hosts: Collection[str]) -> bool:
    """Return whether a Host header names loopback or one of `hosts`."""
    parts = _WITH_PORT.fullmatch(host)
    if parts is None:
        return False
    name = (parts[1] or parts[2] or "").lower()
    return is_loopback(name) or name in hosts


def is_loopback(name: str) -> bool:
    """Return whether a name or address is one of loopback, without asking a name server."""
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
