"""Decides which pages in a browser may use this API, over HTTP (CORS) and over a WebSocket.

The real API can be used from a page, by clients made with `dangerouslyAllowBrowser`; its headers for that
were not recorded. Unless the server was given origins, every page may use this API, because it holds no
secrets. Browsers open a WebSocket to another site without a preflight, so the same rule is applied to the
handshake. The control API has rules of its own (`control.access`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from multidict import MultiMapping

from mock_openai.control.hosts import ANY, is_known, is_own
from mock_openai.protocol.errors import ApiError

REMEMBERED = 600
"""Seconds for which a browser caches the answer to a preflight."""


class Pages:
    """The origins whose pages may use the API; those of the server itself, at one of its own `hosts` or
    loopback, always may.
    """

    def __init__(self, origins: Collection[str] = (ANY,), hosts: Collection[str] = ()) -> None:
        self._every = ANY in origins
        self._origins = frozenset(origins)
        self._hosts = hosts

    def check(self, asked: MultiMapping[str]) -> None:
        """Raise ApiError 403 if the request comes from a page that is not allowed to use the API."""
        if not self._welcome(asked):
            raise ApiError(
                "Pages of this origin may not use this server; --allow-origin allows only others.",
                status=403,
                code="origin_not_allowed",
            )

    def allowed(self, asked: MultiMapping[str]) -> Mapping[str, str]:
        """Return the headers that let a page read an answer; none if the request comes from no page."""
        if "Origin" not in asked or not self._welcome(asked):
            return {}
        if self._every:
            return {"access-control-allow-origin": ANY}
        return {"access-control-allow-origin": asked["Origin"], "vary": "Origin"}

    def _welcome(self, asked: MultiMapping[str]) -> bool:
        if self._every or "Origin" not in asked:
            return True
        host = asked.get("Host", "")
        return all(
            origin.lower() in self._origins or (is_own(origin, host) and is_known(host, self._hosts))
            for origin in asked.getall("Origin")
        )


def preflight(method: str, asked: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the headers of the answer to a CORS preflight; None if the request is not one."""
    wanted = asked.get("Access-Control-Request-Method")
    if method != "OPTIONS" or wanted is None or "Origin" not in asked:
        return None
    answered = {
        "content-type": "text/plain",
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
        "access-control-max-age": str(REMEMBERED),
        "vary": "Origin, Access-Control-Request-Headers",
    }
    headers = asked.get("Access-Control-Request-Headers")
    return answered if headers is None else {**answered, "access-control-allow-headers": headers}
