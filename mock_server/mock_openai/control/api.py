"""The control API of a running server: read its journal, change its script, faults and clock, reset it.

All routes are under /__mock__/ and are listed in `operations`; `access` decides who may use them. With
several workers an answer covers all of them, and a command to one is a command to all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from aiohttp import web

from mock_openai.clock import duration
from mock_openai.control import live
from mock_openai.control.access import refused
from mock_openai.control.broadcast import BroadcastError, CommandRunner
from mock_openai.control.operations import OPERATIONS, Operation
from mock_openai.journal import redact
from mock_openai.journal.journal import Journal
from mock_openai.journal.metrics import CONTENT_TYPE, joined, written
from mock_openai.protocol import json
from mock_openai.source import ScriptError

PREFIX = "/__mock__/"

_MAX_BODY = 4 * 1024 * 1024
_BATCH = 500
"""Entries sent at once to a follower."""
_HEARTBEAT = 15.0
"""Seconds without an entry after which a follower is sent an empty line."""
_POLL_INTERVAL = 0.25
"""Seconds between two polls of other workers' journals."""


class ControlApi:
    """Answers requests under /__mock__/."""

    def __init__(
        self,
        runner: CommandRunner,
        journal: Callable[[str | None], Journal],
        *,
        token: str | None,
        hosts: Collection[str] = (),
        reset: Callable[[str | None], Awaitable[None]],
        describe: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._runner = runner
        self._journal = journal
        self._token = token
        self._hosts = hosts
        self._reset = reset
        self._describe = describe

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        wrong = refused(request, self._token, self._hosts)
        if wrong is not None:
            return _answer({"error": wrong[1]}, wrong[0])
        page = live.file(request.path.removeprefix(PREFIX)) if request.method in ("GET", "HEAD") else None
        if page is not None:
            return page
        fitting = [one for one in OPERATIONS if one.path == request.path.rstrip("/")]
        wanted = next((one for one in fitting if one.method == request.method), None)
        if wanted is None:
            paths = fitting or OPERATIONS
            there = ", ".join(dict.fromkeys(f"{one.method} {one.path}" for one in paths))
            return _answer({"error": f"there are {there}"}, 405 if fitting else 404)
        try:
            return await self._do(wanted, request)
        except (ScriptError, ValueError) as error:
            return _answer({"error": redact.text(str(error))}, 400)
        except BroadcastError as error:
            return _answer({"error": redact.text(str(error))}, 503)

    async def _do(self, wanted: Operation, request: web.BaseRequest) -> web.StreamResponse:
        given = _query(wanted, request)
        match wanted.name:
            case "openapi":
                return _answer(self._describe())
            case "metrics":
                samples = await self._runner.everywhere("metrics", {})
                return web.Response(body=written(joined(samples)).encode(), headers=_plain(CONTENT_TYPE))
            case "journal" if given.pop("follow", False):
                return await self._follow(request, given)
            case "journal":
                entries, _, _ = await self._read(given)
                limit = given.get("limit", len(entries))
                return await _listed(request, entries[max(0, len(entries) - limit) :])
            case "reset":
                await self._reset(given.get("session"))
                return _answer({"reset": True})
            case "advance":
                given = {"by": _seconds(await _text(request))}
            case "script" | "plan":
                given = {**given, "text": await _text(request)}
        results = await self._runner.everywhere(wanted.name, given)
        shown = _shown(wanted.name, results)
        return _answer(shown if wanted.name == "sessions" else redact.value(shown))

    async def _read(self, given: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int], int]:
        """Return the entries of all workers in order of time, where each journal ends, and how many entries
        were dropped unread.
        """
        results = [one for one in await self._runner.everywhere("journal", given) if one is not None]
        entries = [entry for one in results for entry in one["entries"]]
        if len(results) > 1:
            entries.sort(key=lambda entry: entry["time"])
        ends = {str(one["worker"]): one["next"] for one in results}
        return entries, ends, sum(one["missed"] for one in results)

    async def _follow(self, request: web.BaseRequest, given: dict[str, Any]) -> web.StreamResponse:
        """Send entries as they are written. A slow reader gets the number of entries dropped meanwhile:
        nothing is buffered for a reader outside the journal.
        """
        sse = "text/event-stream" in request.headers.get("Accept", "")
        response = web.StreamResponse(
            headers=_plain("text/event-stream" if sse else "application/x-ndjson")
            | {"x-accel-buffering": "no"}
        )
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        spoke = loop.time()
        while True:
            entries, ends, missed = await self._read(given)
            given["from"] = ends
            given.pop("limit", None)
            shown: list[Any] = [{"kind": "gap", "missed": missed}] if missed else []
            shown += entries
            for start in range(0, len(shown), _BATCH):
                lines = map(json.compact, shown[start : start + _BATCH])
                await response.write(b"".join(b"data: %b\n\n" % one if sse else one + b"\n" for one in lines))
                spoke = loop.time()
            if loop.time() - spoke >= _HEARTBEAT:
                await response.write(b":\n\n" if sse else b"\n")
                spoke = loop.time()
            if self._runner.shared:
                await asyncio.sleep(_POLL_INTERVAL)
            else:
                await self._news(given.get("session"), max(ends.values()), spoke + _HEARTBEAT - loop.time())

    async def _news(self, session: str | None, end: int, within: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._journal(session).wait(lambda journal: journal.end > end)


def _shown(name: str, results: list[Any]) -> Any:
    match name:
        case "misses":
            return _script([one for one in results if one])
        case "script":
            return {"script": "replaced", "workers": len(results)}
        case "sessions":
            return sorted({name for one in results for name in one or ()})
        case "unplan":
            return []
    return results[0]


def _script(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what all servers of a shared memory report about the script; they have the same rules in the
    same order.
    """
    rules = [dict(rule) for rule in results[0]["rules"]]
    for other in results[1:]:
        for rule, same in zip(rules, other["rules"], strict=False):
            rule["answered"] += same["answered"]
    misses = [miss for one in results for miss in one["misses"]]
    return {"strict": results[0]["strict"], "rules": rules, "misses": misses}


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.pretty(value), headers=_plain("application/json"))


async def _listed(request: web.BaseRequest, entries: list[dict[str, Any]]) -> web.StreamResponse:
    """Answer with a list, written some entries at a time, so that others are served meanwhile."""
    if len(entries) <= _BATCH:
        return _answer(entries)
    response = web.StreamResponse(headers=_plain("application/json"))
    await response.prepare(request)
    await response.write(b"[")
    for start in range(0, len(entries), _BATCH):
        some = json.pretty(entries[start : start + _BATCH])
        await response.write((b"," if start else b"") + some[1:-2])
        await asyncio.sleep(0)
    await response.write(b"\n]")
    await response.write_eof()
    return response


def _plain(content_type: str) -> dict[str, str]:
    return {"content-type": content_type, "cache-control": "no-store", "x-content-type-options": "nosniff"}


def _query(wanted: Operation, request: web.BaseRequest) -> dict[str, Any]:
    known = {one.name: one for one in wanted.query}
    given: dict[str, Any] = {}
    for name, text in request.query.items():
        one = known.get(name)
        if one is None:
            raise ValueError(f"{wanted.path} has no parameter {name}; it has {', '.join(known) or 'none'}")
        match one.kind:
            case "boolean":
                given[name] = text.lower() in ("", "1", "true", "yes")
            case "string":
                if one.words and text not in one.words:
                    raise ValueError(f"{name} must be one of {', '.join(one.words)}, not {text!r}")
                given[name] = text
            case _:
                given[name] = _number(name, text, whole=one.kind == "integer")
    return given


def _number(name: str, text: str, *, whole: bool) -> float:
    try:
        value = int(text) if whole else float(text)
        if 0 <= value < float("inf"):
            return value
    except ValueError:
        pass
    raise ValueError(f"{name} must be a {'whole ' if whole else ''}number from 0 on, not {text!r}")


def _seconds(text: str) -> float:
    try:
        body = json.parse(text)
    except ValueError:
        body = None
    match body:
        case {"advance": str(text), **others} if not others:
            return duration(text)
        case {"advance": int() | float() as seconds, **others} if not others and not isinstance(
            seconds, bool
        ):
            return float(seconds)
    raise ValueError('the body must be JSON such as {"advance": "59m"} or {"advance": 3540}')


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
