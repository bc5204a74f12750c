"""The control API of a running server: read its journal, give it a script or faults, reset it.

Everything lies under /__mock__/ and is for the machine that the server runs on: callers from elsewhere,
requests under a foreign host name (DNS rebinding) and requests that a browser sends from another page are
refused.

    GET    /__mock__/journal           entries as JSON; ?kind=event&since=0 narrow them down
    GET    /__mock__/script            the misses of the script        PUT  a new script (YAML or JSON)
    GET    /__mock__/faults            what is planned                 POST more   DELETE all
    POST   /__mock__/reset             empty journal, faults, stored responses
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from mock_openai.control.journal import Entry, Journal
from mock_openai.faults.load import loads
from mock_openai.faults.plan import Plan
from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.responders.source import ScriptError

_MAX_BODY = 4 * 1024 * 1024


class Steering(Protocol):
    """What the control API may do to a server."""

    @property
    def journal(self) -> Journal:
        """The server's journal."""
        ...

    @property
    def faults(self) -> Plan:
        """The server's faults."""
        ...

    @property
    def misses(self) -> list[str]:
        """Why the script did not answer some turns."""
        ...

    def rescript(self, text: str) -> None:
        """Replace the script's rules; ScriptError when the text is none."""
        ...

    async def reset(self) -> None:
        """Forget the journal, the faults and what is stored."""
        ...


class ControlApi:
    """Answers requests under /__mock__/."""

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if not _trusted(request):
            return _answer(
                {"error": "the control API is for this machine only: loopback peer, own Host, own Origin"},
                403,
            )
        try:
            return await self._route(request)
        except (ScriptError, ValueError) as error:
            return _answer({"error": str(error)}, 400)

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        steering = self._steering
        match (request.method, request.path.removeprefix("/__mock__/").strip("/")):
            case ("GET", "journal"):
                return _answer(_entries(steering.journal, request.query))
            case ("GET", "script"):
                return _answer({"misses": steering.misses})
            case ("PUT" | "POST", "script"):
                steering.rescript(await _text(request))
                return _answer({"script": "replaced"})
            case ("GET", "faults"):
                return _answer([planned.describe() for planned in steering.faults.pending])
            case ("POST", "faults"):
                planned = loads(await _text(request), name="body")
                steering.faults.add(*planned)
                return _answer([one.describe() for one in planned])
            case ("DELETE", "faults"):
                steering.faults.clear()
                return _answer([])
            case ("POST", "reset"):
                await steering.reset()
                return _answer({"reset": True})
        return _answer(
            {"error": "there are /__mock__/journal, /__mock__/script, /__mock__/faults and /__mock__/reset"},
            404,
        )


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.pretty(value), content_type="application/json")


async def _text(request: web.BaseRequest) -> str:
    data = b""
    async for part in request.content.iter_any():
        data += part
        if len(data) > _MAX_BODY:
            raise ValueError(f"the body is larger than {_MAX_BODY} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("the body is not UTF-8 text") from None


def _trusted(request: web.BaseRequest) -> bool:
    peer = request.remote
    if peer is None or not _is_loopback(peer):
        return False
    host = request.headers.get("Host", "")
    if not _is_loopback(_host_name(host)):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin.lower() == f"http://{host.lower()}"


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _entries(journal: Journal, query: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        since = float(query.get("since", "0"))
    except ValueError:
        raise ValueError("since must be a number of seconds") from None
    kind = query.get("kind")
    return [
        _plain(entry)
        for entry in journal.entries
        if entry.at >= since and (kind is None or entry.kind == kind)
    ]


def _plain(entry: Entry) -> dict[str, Any]:
    data: Any = entry.data
    if isinstance(data, Event):
        try:
            data = {"type": data.type, "data": json.parse(data.data)}
        except ValueError:
            data = {"type": data.type, "raw": data.data.decode("utf-8", "replace")}
    return {
        "at": round(entry.at, 6),
        "connection": entry.connection,
        "turn": entry.turn,
        "lane": entry.lane,
        "kind": entry.kind,
        "data": data,
    }
