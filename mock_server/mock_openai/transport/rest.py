"""The endpoints that read, list, cancel and delete stored responses, the models, and dispatch to all other
endpoints.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Container, Mapping
from functools import partial
from typing import Any

from aiohttp import web

from mock_openai.memory import Remembered
from mock_openai.protocol import models
from mock_openai.protocol.errors import (
    ApiError,
    cannot_cancel,
    listed_item_not_found,
    response_not_found,
)
from mock_openai.protocol.events import Event
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.listing import included, number, page, with_ids, with_pictures
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.response import with_billing
from mock_openai.state import ServerState
from mock_openai.threads import LARGE, in_thread
from mock_openai.transport.conversations import Conversations
from mock_openai.transport.count_and_compact import compact, count_input_tokens
from mock_openai.transport.exchange import Exchange
from mock_openai.transport.http_writers import EVENT_STREAM, sse
from mock_openai.transport.routes import CREATE_RESPONSE, find, methods_of, own_path
from mock_openai.turn.background import RemoteResponse, Watched, running

Answer = Callable[[Exchange], Awaitable[None]]

_OBFUSCATION = re.compile(rb',"obfuscation":"[0-9A-Za-z]*"')
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


class Rest:
    """The endpoints that neither create a response nor upgrade."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._answers: dict[str, Callable[..., Awaitable[None]]] = {
            "compact": partial(compact, state),
            "input_tokens": partial(count_input_tokens, state),
            "retrieve": self._retrieve,
            "delete": self._delete,
            "input_items": self._input_items,
            "cancel": self._cancel,
            "models": self._models,
            "model": self._model,
            "model_delete": self._delete_model,
            **Conversations(state).answers,
        }

    def route(self, method: str, path: str) -> Answer | None:
        """Return the method that answers; None if nothing is at this address. Raises ApiError 405 if the HTTP
        method does not fit.
        """
        found = find(method, path)
        if found is not None and found[0] is not CREATE_RESPONSE:
            endpoint, named = found
            return partial(self._answers[endpoint.name], *named)
        if methods := methods_of(path):
            taken = {"Allow": ", ".join(methods)}  # RFC 9110, 15.5.6
            raise ApiError(f"Invalid method for URL ({method} {path})", status=405, headers=taken)
        return None

    async def knows(self, path: str, elsewhere: Container[str]) -> bool:
        """Whether a path names a response that this server created, so that the request does not go upstream.

        `elsewhere` has the ids of responses that the upstream created.
        """
        match path.removeprefix("/").split("/"):
            case ["v1", "responses", response_id, *_] if response_id not in elsewhere:
                live = self._state.background.find(response_id)
                return live is not None or await self._state.engine.store.get(response_id) is not None
        return False

    async def followed(self, request: web.BaseRequest) -> tuple[Watched, int] | None:
        """Return the unfinished response whose stream is requested, and the number after which it resumes."""
        match (request.method, own_path(request.path).removeprefix("/").split("/")):
            case ("GET", ["v1", "responses", response_id]) if (
                request.query.get("stream", "").lower() == "true"
            ):
                live: Watched | None = self._state.background.find(response_id)
                if live is None:
                    found = await self._state.engine.store.get(response_id)
                    if found is None or not running(found):
                        return None
                    live = RemoteResponse(self._state.engine.store, found)
                return live, number(request.query, "starting_after", -1, least=0)
        return None

    async def _retrieve(self, response_id: str, exchange: Exchange) -> None:
        included(exchange.request.query.items())
        found = await self._find(response_id)
        if exchange.request.query.get("stream", "").lower() != "true":
            await exchange.reply.json(with_billing(await _decoded(found)))
            return
        after = number(exchange.request.query, "starting_after", -1, least=0)
        writer = await exchange.reply.begin(200, EVENT_STREAM, {})
        # The stored events are replayed unchanged, from the one after the given sequence number (observed).
        bare = exchange.request.query.get("include_obfuscation", "").lower() == "false"
        waiting, size = [], 0
        for event in found.events[after + 1 :]:  # numbered from 0 without a gap, so the number is the index
            waiting.append(sse(_bare(event) if bare else event))
            size += len(waiting[-1])
            if size >= LARGE:
                await writer.write(b"".join(waiting))
                waiting, size = [], 0
                await asyncio.sleep(0)  # a long stream must not hold up other tasks
        await writer.write(b"".join(waiting))
        await exchange.reply.end()

    async def _delete(self, response_id: str, exchange: Exchange) -> None:
        stopped = self._state.background.forget(response_id)
        stopped = stopped or await self._cancel_elsewhere(response_id, forget=True)
        if not await self._state.engine.store.delete(response_id) and not stopped:
            raise response_not_found(response_id)
        await exchange.reply.json({"id": response_id, "object": "response.deleted", "deleted": True})

    async def _cancel(self, response_id: str, exchange: Exchange) -> None:
        live = self._state.background.find(response_id)
        if live is not None:
            live.cancel()
            await exchange.reply.json(with_billing(live.response))
            return
        await self._cancel_elsewhere(response_id, forget=False)
        found = await self._find(response_id)
        if not found.response.get("background"):
            raise cannot_cancel(None)
        # Cancelling twice returns the response unchanged (documented); a response that ended otherwise cannot
        # be cancelled.
        if found.status != "cancelled":
            raise cannot_cancel(found.status)
        await exchange.reply.json(with_billing(found.response))

    async def _cancel_elsewhere(self, response_id: str, *, forget: bool) -> bool:
        """End a response that another server of this memory generates; False if none does."""
        found = await self._state.engine.store.get(response_id)
        if found is None or not running(found):
            return False
        return any(await self._state.everywhere("cancel", {"id": response_id, "forget": forget}))

    async def _input_items(self, response_id: str, exchange: Exchange) -> None:
        found = await self._find(response_id)
        created = float((await _decoded(found)).get("created_at") or 0)
        ids = Ids(RandomSource(found.id), lambda: created)  # the same ids every time
        wanted = included(exchange.request.query.items())

        def listed() -> dict[str, Any]:
            items = with_pictures(with_ids(found.input, found.id, ids), wanted)
            return page(items, exchange.request.query, listed_item_not_found)

        await exchange.reply.json(await in_thread(listed) if found.size > LARGE else listed())

    async def _models(self, exchange: Exchange) -> None:
        names = sorted({*_ALIASES, *map(models.snapshot, _ALIASES)})
        await exchange.reply.json({"object": "list", "data": [_model(name) for name in names]})

    async def _model(self, name: str, exchange: Exchange) -> None:
        _check_known(name)
        await exchange.reply.json(_model(name))

    async def _delete_model(self, name: str, exchange: Exchange) -> None:
        _check_known(name)
        if not name.startswith("ft:"):
            # Only fine-tuned models of one's own can be deleted (documented; the wording is inferred).
            raise ApiError("You have insufficient permissions for this operation.", status=403)
        await exchange.reply.json({"id": name, "object": "model", "deleted": True})

    async def _find(self, response_id: str) -> Remembered:
        live = self._state.background.find(response_id)
        if live is not None:
            return live.remembered()
        found = await self._state.engine.store.get(response_id)
        if found is None:
            raise response_not_found(response_id)
        return found


async def _decoded(found: Remembered) -> Mapping[str, Any]:
    """Return the response object of a stored response; a thread decodes a large one."""
    return await in_thread(lambda: found.response) if found.size > LARGE else found.response


def _bare(event: Event) -> Event:
    """Remove the padding of a delta. The model's text cannot be mistaken for it, because its quotes are
    escaped.
    """
    if not event.type.endswith(".delta"):
        return event
    return Event(event.type, _OBFUSCATION.sub(b"", event.data))


def _check_known(name: str) -> None:
    if not models.is_known(name):
        raise ApiError(
            f"The model '{name}' does not exist", status=404, param="model", code="model_not_found"
        )


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _MODELS_CREATED, "owned_by": "system"}
