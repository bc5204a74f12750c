"""The plain endpoints: reading, listing, cancelling and deleting stored responses, counting input tokens,
models.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import web

from mock_openai.memory import Remembered
from mock_openai.protocol import models
from mock_openai.protocol.errors import (
    ApiError,
    above_maximum,
    below_minimum,
    cannot_cancel_synchronous,
    invalid_json,
    invalid_type,
    invalid_value,
    missing_parameter,
    response_not_found,
)
from mock_openai.protocol.events import Event
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.response import with_billing
from mock_openai.protocol.tokens import count_input
from mock_openai.site import Site
from mock_openai.transport.body import decode
from mock_openai.transport.outlet import EVENT_STREAM, sse
from mock_openai.transport.reply import HttpReply

Answer = Callable[[web.BaseRequest, HttpReply, bytes], Awaitable[None]]

_PREFIXES = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}
_PARTS = {"user": "input_text", "system": "input_text", "developer": "input_text", "assistant": "output_text"}
_MODELS_CREATED = 1715367049
_ALIASES = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "gpt-5.1",
    "gpt-5.2",
    "gpt-5.4",
    "gpt-5.5",
    "gpt-5.6",
    "o4-mini",
)
_PAGE, _MAX_PAGE = 20, 100


class Rest:
    """The endpoints that neither create a response nor upgrade."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def route(self, method: str, path: str) -> Answer | None:
        """Find who answers; None when there is nothing at this address. ApiError 405 when the method does not
        fit.
        """
        match (method, path.strip("/").split("/")):
            case ("GET", ["v1", "models"]):
                return self._models
            case ("GET", ["v1", "models", name]):
                return partial(self._model, name)
            case ("POST", ["v1", "responses", "input_tokens"]):
                return self._input_tokens
            case ("GET", ["v1", "responses", response_id]):
                return partial(self._retrieve, response_id)
            case ("DELETE", ["v1", "responses", response_id]):
                return partial(self._delete, response_id)
            case ("GET", ["v1", "responses", response_id, "input_items"]):
                return partial(self._input_items, response_id)
            case ("POST", ["v1", "responses", response_id, "cancel"]):
                return partial(self._cancel, response_id)
            case (_, ["v1", "responses"]):
                raise ApiError(f"Invalid method for URL ({method} {path})", status=405)
        return None

    async def _retrieve(
        self, response_id: str, request: web.BaseRequest, reply: HttpReply, data: bytes
    ) -> None:
        found = await self._find(response_id)
        if request.query.get("stream", "").lower() != "true":
            await reply.json(_shown(found.response))
            return
        after = _number(request.query, "starting_after", -1, least=0)
        writer = await reply.begin(200, EVENT_STREAM, {})
        # The stored events are replayed as they were; numbers begin after the one given (observed).
        await writer.write(b"".join(map(sse, _after(found.events, after))))
        await reply.end()

    async def _delete(
        self, response_id: str, request: web.BaseRequest, reply: HttpReply, data: bytes
    ) -> None:
        if not await self._site.engine.store.delete(response_id):
            raise response_not_found(response_id)
        await reply.json({"id": response_id, "object": "response.deleted", "deleted": True})

    async def _cancel(
        self, response_id: str, request: web.BaseRequest, reply: HttpReply, data: bytes
    ) -> None:
        found = await self._find(response_id)
        if not found.response.get("background"):
            raise cannot_cancel_synchronous()
        # This server finishes background responses at once; cancelling a finished one gives it back
        # unchanged.
        await reply.json(_shown(found.response))

    async def _input_items(
        self, response_id: str, request: web.BaseRequest, reply: HttpReply, data: bytes
    ) -> None:
        found = await self._find(response_id)
        limit = _number(request.query, "limit", _PAGE, least=1, most=_MAX_PAGE)
        order = request.query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise invalid_value("order", order, ("asc", "desc"))
        items = _with_ids(found)
        if order == "desc":
            items.reverse()
        after = request.query.get("after")
        places = [index for index, item in enumerate(items) if item["id"] == after]
        if places:
            items = items[places[0] + 1 :]
        page = items[:limit]
        await reply.json(
            {
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(items) > len(page),
            }
        )

    async def _input_tokens(self, request: web.BaseRequest, reply: HttpReply, data: bytes) -> None:
        body = decode(data, request.headers.get("Content-Type", ""))
        if not isinstance(body, dict):
            raise invalid_json()
        if "model" not in body:
            raise missing_parameter("model")
        opened = await self._site.engine.open(
            {name: value for name, value in body.items() if name not in ("stream", "store")},
            transport="http",
            connection=0,
            number=0,
        )
        if opened.turn.error is not None or opened.turn.request is None:
            raise opened.turn.error or invalid_json()
        asked = opened.turn.request
        tokens = count_input(
            (*opened.turn.history, *asked.input), instructions=asked.instructions, tools=asked.tools
        )
        await reply.json({"object": "response.input_tokens", "input_tokens": tokens})

    async def _models(self, request: web.BaseRequest, reply: HttpReply, data: bytes) -> None:
        await reply.json({"object": "list", "data": [_model(name) for name in _model_names()]})

    async def _model(self, name: str, request: web.BaseRequest, reply: HttpReply, data: bytes) -> None:
        if not models.is_known(name):
            raise ApiError(
                f"The model '{name}' does not exist", status=404, param="model", code="model_not_found"
            )
        await reply.json(_model(name))

    async def _find(self, response_id: str) -> Remembered:
        found = await self._site.engine.store.get(response_id)
        if found is None:
            raise response_not_found(response_id)
        return found


def _shown(response: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return with_billing(response)
    except KeyError:
        return response  # a recording with fewer fields


def _after(events: tuple[Event, ...], number: int) -> tuple[Event, ...]:
    # Events are stored in order and numbered from 0 without a gap, so the number is the place.
    return events[number + 1 :]


def _with_ids(found: Remembered) -> list[dict[str, Any]]:
    """Give a response's input items as the API lists them: each with an id that stays the same, messages in
    parts.
    """
    ids = Ids(random.Random(found.id), lambda: float(found.response.get("created_at") or 0))
    items: list[dict[str, Any]] = []
    for item in found.input:
        kind = item.get("type") or ("message" if "role" in item else "item_reference")
        made = ids.item(_PREFIXES.get(kind, "item"), found.id)
        shown = {"id": item.get("id") or made, "type": kind}
        if kind == "message":
            content = item.get("content")
            if isinstance(content, str):
                content = [{"type": _PARTS.get(str(item.get("role")), "input_text"), "text": content}]
            shown |= {
                "status": item.get("status") or "completed",
                "content": content,
                "role": item.get("role"),
            }
        else:
            shown |= {name: value for name, value in item.items() if name not in ("id", "type")}
            shown.setdefault("status", "completed")
        items.append(shown)
    return items


def _model_names() -> list[str]:
    return sorted({*_ALIASES, *map(models.snapshot, _ALIASES)})


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _MODELS_CREATED, "owned_by": "system"}


def _number(query: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    text = query.get(name)
    if text is None:
        return default
    try:
        number = int(text)
    except ValueError:
        raise invalid_type(name, "an integer", "a string") from None
    if number < least:
        raise below_minimum(name, least, number, integer=True)
    if most is not None and number > most:
        raise above_maximum(name, most, number, integer=True)
    return number
