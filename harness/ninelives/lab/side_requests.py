"""Excludes requests that do not belong to the conversation from the verdict: other models, and single
questions.

A model beside the one that the caller talks to is moved into a session of its own on the mock server, with
the scenario's script and without its faults (a port that refuses connections refuses its connections, too).
Single questions (`run_inference`: a summary, a classification) are recognized by their requests, because a
turn of a conversation is always streamed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from ninelives.patch import Around, Patch

if TYPE_CHECKING:
    from mock_openai import MockServer
    from mock_openai.journal.entries import Entry
    from mock_openai.journal.sent_responses import SentResponse
    from pipecat.services.llm_service import LLMService

SESSION = "beside-the-conversation"


def move(models: Iterable[LLMService[Any]], server: MockServer) -> None:
    """Give models that have not started the key of a session of their own.

    OpenAI's client sends its `api_key` with each request; a WebSocket service has the key for its handshake.
    A model with neither stays in the main session. If the server requires a particular key, no other key can
    select a session, so the models get that key and stay too.
    """
    for model in models:
        session = _session(server)
        client: Any = getattr(model, "_client", None)
        if hasattr(client, "api_key"):
            client.api_key = session.api_key
        if isinstance(getattr(model, "_api_key", None), str):
            model._api_key = session.api_key  # type: ignore[attr-defined]


def _session(server: MockServer) -> Any:
    session = server.session(SESSION)
    session.faults.clear()
    return session


_key: ContextVar[str] = ContextVar("ninelives_single_questions", default="")
"""The key of the session for single questions of the bot in this context."""


@contextmanager
def single_questions_aside(server: MockServer) -> Iterator[None]:
    """Let `run_inference` of Pipecat's services and of ours ask in a session of its own, without faults.

    A service may ask while it holds the conversation, so a copy with another key asks.
    """
    before = _key.set(_session(server).api_key)
    try:
        with _asking():
            yield
    finally:
        _key.reset(before)


@cache
def _asking() -> Patch:
    import pipecat_responses
    from pipecat.services.openai.responses import llm

    services = (llm.OpenAIResponsesLLMService, pipecat_responses.OpenAIResponsesLLMService)
    kinds = [next(each for each in one.__mro__ if "run_inference" in vars(each)) for one in services]
    return Patch(*((kind, "run_inference", Around(_aside)) for kind in kinds))


def _aside(ask: Callable[..., Any]) -> Any:
    async def run_inference(self: Any, *given: Any, **named: Any) -> str | None:
        if key := _key.get():
            self = copy.copy(self)
            self._client = self._client.with_options(api_key=key)
        answer: str | None = await ask(self, *given, **named)
        return answer

    return run_inference


def without_single_questions(
    entries: Sequence[Entry], said: Sequence[SentResponse]
) -> tuple[list[Entry], list[SentResponse]]:
    """Return a journal without HTTP requests that are not streamed, unless the bot streams none."""
    sockets = {
        each.connection for each in entries if each.kind == "open" and each.field("transport") == "websocket"
    }
    single = {
        (each.connection, each.turn)
        for each in said
        if each.connection not in sockets and each.request.get("stream") is not True
    }
    if len(single) == len(said):
        return list(entries), list(said)
    return (
        [each for each in entries if each.turn is None or (each.connection, each.turn) not in single],
        [each for each in said if (each.connection, each.turn) not in single],
    )
