"""Response headers as api.openai.com sends them (observed), and which headers of a recording are repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from mock_openai.protocol.ids import Ids
from mock_openai.wire.hop_by_hop import HOP_BY_HOP, OF_THE_BODY

_ALWAYS = {
    "server": "cloudflare",
    "cf-cache-status": "DYNAMIC",
    "openai-version": "2020-10-01",
    "openai-organization": "org-mock",
    "openai-project": "proj_mock",
    "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "access-control-expose-headers": "X-Request-ID, CF-Ray",
    "alt-svc": 'h3=":443"; ma=86400',
}

# Hop-by-hop headers, and those that are true only of the recorded connection and time.
_NOT_REPEATED = HOP_BY_HOP | OF_THE_BODY | {
    "date", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol", "set-cookie",
}  # fmt: skip


def api_headers(
    content_type: str, ids: Ids, seconds: float, rate_limits: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the headers of an answer that took `seconds`. `rate_limits` belong to creates and compactions
    only, never to refused ones or other endpoints (observed; on streams since 2026).
    """
    request_id = ids.request()
    return _in_order(content_type, _milliseconds(seconds), request_id, request_id[4:20], rate_limits or {})


def api_head(
    ids: Ids, status: int, content_type: str, seconds: float, rate_limits: Mapping[str, str], more: str
) -> bytes:
    """Return the head of such an answer as bytes: the status line, the headers of `api_headers`, and `more`
    header lines, each of which ends in CR LF.
    """
    request_id = ids.request()
    usual = _template(status, content_type, tuple(rate_limits.items())) % (
        _milliseconds(seconds),
        request_id,
        request_id[4:20],
    )
    return f"{usual}{more}Date: {_date(int(time.time()))}\r\n\r\n".encode()


@lru_cache(maxsize=64)
def _template(status: int, content_type: str, rate_limits: tuple[tuple[str, str], ...]) -> str:
    fixed = {name: value.replace("%", "%%") for name, value in rate_limits}
    return _lines(status, _in_order(content_type, "%s", "%s", "%s", fixed))


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


def _in_order(
    content_type: str, took: str, request_id: str, ray: str, rate_limits: Mapping[str, str]
) -> dict[str, str]:
    return {
        "content-type": content_type,
        "openai-processing-ms": took,
        "x-request-id": request_id,
        "cf-ray": f"{ray}-FRA",
        **_ALWAYS,
        **rate_limits,
    }


def handshake_headers(ids: Ids) -> dict[str, str]:
    """Return the headers of an upgrade's answer besides those of the upgrade itself: the edge's usual ones,
    without a request id (reported).
    """
    shown = {name: value for name, value in _ALWAYS.items() if not name.startswith(("openai-", "access-"))}
    return {**shown, "cf-ray": f"{ids.request()[4:20]}-FRA"}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return an answer's status line and headers, with the date."""
    return f"{_lines(status, headers)}Date: {_date(int(time.time()))}\r\n\r\n".encode()


def _lines(status: int, headers: Mapping[str, str]) -> str:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n{lines}"


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def repeatable(recorded: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers of a recorded answer that may be repeated."""
    return {
        name.lower(): value
        for name, value in (recorded or {}).items()
        if name.lower() not in _NOT_REPEATED and "\n" not in value and "\r" not in value
    }
