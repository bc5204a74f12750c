"""The HTTP service: every turn is one request, answered by server-sent events.

The openai client sends the request (keys, headers, proxies, pooling), but its conversion of the body and of
every event to models is skipped: with a long conversation that costs more than everything else and blocks
the event loop.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncStream, Timeout

from .base import ResponsesService
from .errors import Failure, TurnBroken, failure_of_error, place_of
from .request import encode
from .sse import EventParser, TooLarge
from .steps import Finished
from .stream import ResponseStream
from .tap import Tap
from .text import TextDelta, read_event
from .turn import Exchange, Turn, conversation_of

__all__ = ["OpenAIResponsesHttpLLMService"]

_HEADERS = {"Accept": "text/event-stream"}
_DONE = b"[DONE]"

_NOBODY_LISTENS = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
"""The failures of a request that no server has seen."""

_LAST_BYTES = 0.05
"""Seconds to wait for the end of the body after the last event. Usually both come together."""


class OpenAIResponsesHttpLLMService(ResponsesService):
    """OpenAI's Responses API over HTTP; replaces Pipecat's service of the same name.

    The whole conversation is sent with every turn, because continuing from an earlier response would need
    ``store``. For voice the WebSocket service is the better choice.

    Event handlers, besides those of every LLM service:

    - on_response_interrupted(service, spoken_text, continued): an answer broke off after part of it had been
      spoken; ``continued`` is True if the rest was spoken as well.
    """

    _number = 0
    """The number of the latest request for the tap. A resumed request keeps its number."""

    @asynccontextmanager
    async def _exchange(self, turn: Turn) -> AsyncIterator[Exchange]:
        asked_at = asyncio.get_running_loop().time()
        try:
            response = await self._resume(turn)
            if response is None:
                body = encode({**turn.body, "input": conversation_of(turn), "stream": True})
                self._number = self._tap.opened("http")
                self._tap.show("sent", self._number, body)
                response = await self._post(body, turn)
        except TurnBroken as broken:
            self._tap.show("closed", self._number, broken.failure.message.encode())
            raise
        pieces = response.aiter_bytes()
        whole = _kind_of(response) == "application/json"
        exchange = (_WholeExchange if whole else _EventExchange)(pieces, asked_at, self._tap, self._number)
        try:
            yield exchange
            if exchange.finished:
                await exchange.read_out()
        finally:
            try:
                await pieces.aclose()
            finally:
                await response.aclose()

    def _can_resume(self, turn: Turn, stream: ResponseStream, failure: Failure) -> bool:
        # The API resumes background responses (documented); other servers may resume any stored response.
        after = stream.resume_after
        if not turn.body.get("store") or stream.response_id is None or after in (None, turn.resumed_after):
            return False
        lost = failure.source == "connection" or stream.cut_off
        return lost and (self._continue_after_loss or not turn.said)

    async def _resume(self, turn: Turn) -> httpx2.Response | None:
        """Request the rest of a stored response's stream; None if the server does not send it."""
        stream = turn.resumed
        if stream is None:
            return None
        turn.resumed_after = stream.resume_after
        after = {"stream": "true", "starting_after": str(stream.resume_after)}
        path = f"/responses/{quote(stream.response_id or '', safe='')}"
        try:
            response = await self._send(
                turn,
                lambda options: self._client.get(
                    path,
                    cast_to=object,
                    stream=True,
                    stream_cls=AsyncStream[object],
                    options=options | {"params": after},
                ),
            )
            if _kind_of(response) == "text/event-stream":
                stream.reopen()
                return response
            await response.aclose()
        except TurnBroken as broken:
            if broken.failure.source != "refused":
                turn.resumed = None
                raise
        turn.resumed = None
        if turn.said and not self._may_go_on(turn):
            assert turn.loss is not None
            raise TurnBroken(turn.loss)
        return None

    async def _post(self, body: bytes, turn: Turn) -> httpx2.Response:
        return await self._send(
            turn,
            lambda options: self._client.post(
                "/responses",
                cast_to=object,
                content=body,
                stream=True,
                stream_cls=AsyncStream[object],
                options=options,
            ),
        )

    async def _send(
        self, turn: Turn, request: Callable[[Any], Awaitable[AsyncStream[object]]]
    ) -> httpx2.Response:
        asked_at = asyncio.get_running_loop().time()
        limit = self._deadlines(turn, asked_at).event_by - asked_at
        options: dict[str, Any] = {
            "headers": _HEADERS,
            "max_retries": 0,
            "timeout": Timeout(None, connect=turn.limits.connect),
        }
        try:
            async with asyncio.timeout(limit):
                stream = await request(options)
        except TimeoutError:
            raise TurnBroken(Failure("timeout", f"The server did not answer within {limit:.1f} s")) from None
        except APIStatusError as error:
            refusal = b"%d " % error.status_code + error.response.content
            self._tap.show("status", self._number, refusal)
            failure = failure_of_error(
                error.body or error.message,
                "refused",
                status=error.status_code,
                headers=dict(error.response.headers),
                request_id=error.request_id,
            )
            self._keys.note(error.request.url, error.request.headers)  # also what a client of its own adds
            raise TurnBroken(failure) from error
        except APIConnectionError as error:
            reason = str(error.__cause__ or "") or type(error.__cause__ or error).__name__
            raise TurnBroken(
                Failure(
                    "connection",
                    f"No answer from {place_of(self._client.base_url)}: {reason}",
                    unreached=isinstance(error.__cause__, _NOBODY_LISTENS),
                )
            ) from error
        return stream.response


def _kind_of(response: httpx2.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


class _Pieces:
    """The body of an answer, in the pieces that the network delivers."""

    def __init__(self, pieces: AsyncIterator[bytes], asked_at: float, tap: Tap, number: int) -> None:
        self.asked_at = asked_at
        self.finished = False
        self._pieces = pieces
        self._tap = tap
        self._number = number

    async def read_out(self) -> None:
        """Read the rest of the body after the last event, so that the connection can be reused."""
        with contextlib.suppress(TimeoutError, httpx2.HTTPError, httpx2.StreamError):
            async with asyncio.timeout(_LAST_BYTES):
                async for _ in self._pieces:
                    pass
            self._tap.show("closed", self._number, b"")

    async def _next(self, timeout: float) -> bytes | None:
        try:
            async with asyncio.timeout(timeout):
                piece = await anext(self._pieces, None)
            if piece is None:
                self._tap.show("closed", self._number, b"")
            return piece
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            reason = str(error) or type(error).__name__
            self._tap.show("closed", self._number, reason.encode())
            raise TurnBroken(
                Failure("connection", f"The connection to the server was lost ({reason})")
            ) from error

    def completed(self, finished: Finished) -> None:
        """Nothing is remembered over HTTP."""
        self.finished = True

    def failed(self, failure: Failure) -> None:
        """Nothing is remembered over HTTP."""


class _EventExchange(_Pieces):
    """An answer in server-sent events."""

    def __init__(self, pieces: AsyncIterator[bytes], asked_at: float, tap: Tap, number: int) -> None:
        super().__init__(pieces, asked_at, tap, number)
        self._parser = EventParser()
        self._at_end = False

    async def receive(self, timeout: float) -> Sequence[Mapping[str, Any] | TextDelta | None]:
        deadline = asyncio.get_running_loop().time() + timeout
        while not self._at_end:
            piece = await self._next(deadline - asyncio.get_running_loop().time())
            self._at_end = piece is None
            try:
                data = self._parser.feed(piece) if piece is not None else self._parser.close()
            except TooLarge as error:
                raise TurnBroken(Failure("stream", str(error))) from None
            if self._tap.listener is not None:
                for line in data:
                    self._tap.show("received", self._number, line)
            if events := [read_event(line) for line in data if not line.startswith(_DONE)]:
                # An event that was cut off by the end of the stream does not count.
                return [event for event in events if event is not None] if self._at_end else events
        return []


class _WholeExchange(_Pieces):
    """An answer as one JSON object, from a server that does not stream; it becomes the terminal event."""

    async def receive(self, timeout: float) -> Sequence[Mapping[str, Any] | TextDelta | None]:
        deadline = asyncio.get_running_loop().time() + timeout
        body = bytearray()
        while (piece := await self._next(deadline - asyncio.get_running_loop().time())) is not None:
            body += piece
        self._tap.show("received", self._number, bytes(body))
        response = read_event(bytes(body))
        if not isinstance(response, dict):
            return []
        status = "failed" if response.get("error") else response.get("status")
        kind = status if status in ("failed", "incomplete") else "completed"
        return [{"type": f"response.{kind}", "response": response}]
