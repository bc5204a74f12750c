"""Liveness and readiness probes for container orchestrators and load balancers.

Both addresses answer without a key, with one word. They belong to no session, count no connection and appear
in no journal, so probes change nothing that a test may look at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from mock_openai.protocol import json

HEALTH, READY = "/health", "/ready"

SUMMARIES = {
    HEALTH: "Whether the process is running: always 200",
    READY: "Whether it can serve requests: 200, or 503 while it stops or its shared memory does not answer",
}

_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


async def answer(
    request: web.BaseRequest, *, stopping: bool, check: Callable[[], Awaitable[None]]
) -> web.Response:
    """Answer a request for one of the two addresses. `check` raises OSError if a shared memory does not
    answer.
    """
    if request.method not in ("GET", "HEAD"):
        wrong = {"error": f"{request.path} accepts only GET and HEAD"}
        return web.Response(status=405, body=json.compact(wrong), headers={**_HEADERS, "allow": "GET, HEAD"})
    if request.path == HEALTH:
        return _said("alive", 200)
    if stopping:
        return _said("stopping", 503)
    try:
        await check()
    except OSError:
        return _said("no shared memory", 503)  # Redis's address must not be shown to everybody
    return _said("ready", 200)


def _said(status: str, code: int) -> web.Response:
    return web.Response(status=code, body=json.compact({"status": status}), headers=_HEADERS)
