"""The WebSocket service: a connection that is always ready, and requests that send only what is new.

A turn continues from a response that the server remembers, if that belongs to the same conversation
(``continuation``). An interrupted response keeps its lane, and the next turn starts at once on another one
(``connection``). Connections are opened and replaced by ``pool``.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from loguru import logger
from openai import Omit
from pipecat.adapters.llm.services.open_ai_responses_adapter import OpenAIResponsesLLMAdapter
from pipecat.frames.frames import StartFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import WebsocketLLMService
from pipecat.utils.types import assert_given

from .base import ResponsesService
from .categories import is_refused
from .connection import WebSocketConnection
from .endpoint import Endpoint
from .errors import Failure, TurnBroken
from .heartbeat import Heartbeat
from .lane_exchange import LaneExchange
from .pool import ConnectionPool
from .pool_state import PoolSettings
from .steps import Failed, Finished, FirstOutput
from .stream import ResponseStream
from .turn import Exchange, Turn, conversation_of

__all__ = ["OpenAIResponsesLLMService"]

# Of the HTTP client's headers, those that mean nothing in a handshake.
_NOT_FOR_HANDSHAKES = frozenset({"accept", "content-type"})


class OpenAIResponsesLLMService(ResponsesService, WebsocketLLMService[OpenAIResponsesLLMAdapter]):
    """OpenAI's Responses API over a WebSocket; replaces Pipecat's service of the same name.

    Event handlers, besides those of every LLM service:

    - on_connection_error(service, message): the connection was lost, and the first attempt to reconnect
      failed.
    - on_response_interrupted(service, spoken_text, continued): an answer broke off after part of it had been
      spoken; ``continued`` is True if the rest was spoken as well.

    Example::

        llm = OpenAIResponsesLLMService(
            settings=OpenAIResponsesLLMService.Settings(system_instruction="You are a friendly voice bot."),
        )
    """

    def __init__(
        self,
        *,
        ws_url: str | None = None,
        reconnect_on_error: bool = True,
        reconnect_backoff_min_wait: float = 0.25,
        reconnect_backoff_max_wait: float = 8.0,
        lanes: bool | None = None,
        warm_up: bool | None = None,
        rotate_after: float = 3300.0,
        heartbeat: Heartbeat | None = None,
        ws_close_timeout: float = 2.0,
        ws_send_timeout: float | None = 5.0,
        pulse: Heartbeat | None = None,
        **kwargs: Any,
    ) -> None:
        """Make the service; it begins to connect when its pipeline is set up.

        Args:
            ws_url: URL of the WebSocket; by default ``base_url`` plus ``/responses``. If only ``ws_url`` is
                given, ``run_inference`` uses the same host.
            reconnect_on_error: Whether to connect again before a turn needs it.
            reconnect_backoff_min_wait: Pause in seconds before the second attempt to connect; the first is
                made at once.
            reconnect_backoff_max_wait: Longest pause in seconds between attempts.
            lanes: Whether the server supports lanes (``stream_id``); None to find out. Without lanes an
                interruption costs a connection, and a spare one is kept open.
            warm_up: Whether instructions, tools and conversation are sent on every new connection before the
                next turn (``generate: false``). None: yes, unless the server turns out to support neither
                lanes nor warm-ups.
            rotate_after: Age in seconds at which a connection is replaced; the API ends it after an hour.
            heartbeat: How a dead peer is detected; see ``Heartbeat``.
            ws_close_timeout: Limit in seconds for a closing handshake.
            ws_send_timeout: Limit in seconds for sending one message.
            pulse: The deprecated name of ``heartbeat``.
            **kwargs: Arguments of both services; see ``ResponsesService``.
        """
        if pulse is not None:
            text = "pulse= is now called heartbeat=; the old name stops working in ninelives 0.3"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            heartbeat = heartbeat or pulse
        base_url = kwargs.get("base_url")
        if base_url is None and ws_url is not None:
            kwargs["base_url"] = _http_url(ws_url)
        super().__init__(
            reconnect_on_error=reconnect_on_error,
            reconnect_backoff_min_wait=reconnect_backoff_min_wait,
            reconnect_backoff_max_wait=reconnect_backoff_max_wait,
            ws_close_timeout=ws_close_timeout,
            ws_send_timeout=ws_send_timeout,
            **kwargs,
        )
        self._ws_url = ws_url or _ws_url(
            str(base_url) if base_url is not None else str(self._client.base_url)
        )
        self._warm_up = warm_up
        self._continues = True
        self._pool = ConnectionPool(
            Endpoint(self._ws_url, self._handshake_headers, self._tap, self._keys),
            settings=PoolSettings(
                rotate_after=rotate_after,
                backoff_least=reconnect_backoff_min_wait,
                backoff_most=reconnect_backoff_max_wait,
                ahead=reconnect_on_error,
                connect=self._timeouts.connect,
            ),
            heartbeat=heartbeat or Heartbeat(send=ws_send_timeout, close=ws_close_timeout),
            rng=self._rng,
            lanes=lanes,
            opened=self._connection_opened,
            in_trouble=self._connection_in_trouble,
        )
        self._warming: asyncio.Task[None] | None = None
        self._started = False

    # -- life --------------------------------------------------------------------------------------

    async def start(self, frame: StartFrame) -> None:
        """Start, and warm up the connection: from here on instructions and tools are known."""
        await super().start(frame)
        self._started = True
        if (connection := self._pool.current) is not None:
            self._begin_to_warm(connection)

    async def _connect_websocket(self) -> None:
        self._pool.start()

    async def _disconnect_websocket(self) -> None:
        self._stop_warming()
        if self._warming is not None:
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._pool.stop()

    async def cleanup(self) -> None:
        """Close the connection and the HTTP client."""
        try:
            await self._disconnect()  # type: ignore[no-untyped-call]
        finally:
            await super().cleanup()

    async def _handshake_headers(self) -> Mapping[str, str]:
        """The headers that the HTTP client sends, key, organization, project and the user's own included."""
        client = self._client
        headers = {**client.default_headers, **client.auth_headers}
        if not headers.get("Authorization") and self._api_key:
            key = await self._api_key() if callable(self._api_key) else self._api_key
            headers["Authorization"] = f"Bearer {key}"
        return {
            name: str(value)
            for name, value in headers.items()
            if not isinstance(value, Omit) and name.lower() not in _NOT_FOR_HANDSHAKES
        }

    async def _connection_in_trouble(self, failure: Failure) -> None:
        await self._call_event_handler("on_connection_error", failure.message)

    # -- one request -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _exchange(self, turn: Turn) -> AsyncIterator[Exchange]:
        loop = asyncio.get_running_loop()
        wait = self._silent_since(turn) + turn.limits.recover - loop.time()
        if self._retry_on_timeout:  # the user's own wait may have used up more than that
            wait = max(wait, turn.limits.connect)
        connection = await self._pool.acquire(max(0.0, wait))
        turn.in_full = turn.in_full or not self._continues
        exchange = await LaneExchange.begin(connection, turn, conversation_of(turn))
        logger.debug(
            f"{self}: sent {len(exchange.continuation.send)} items, server has {exchange.continuation.known}"
        )
        try:
            yield exchange
        finally:
            exchange.pending.abandon()
            if exchange.continuing_refused:
                self._continues = False

    # -- warming up a new connection ---------------------------------------------------------------

    def _connection_opened(self, connection: WebSocketConnection) -> None:
        if self._started and not self._answering:
            self._begin_to_warm(connection)

    def _begin_to_warm(self, connection: WebSocketConnection) -> None:
        wanted = self._pool.lanes is not False if self._warm_up is None else self._warm_up
        if wanted and self._continues:
            self._stop_warming()
            self._warming = asyncio.create_task(self._warm(connection), name="responses-warm-up")

    def _context_ahead(self) -> LLMContext | None:
        """Return the context of the aggregator before this service, which sends the first turn."""
        processor = self.previous
        while processor is not None:
            if isinstance(context := getattr(processor, "context", None), LLMContext):
                return context
            processor = processor.previous
        return None

    async def _warm(self, connection: WebSocketConnection) -> None:
        """Send the conversation ahead of the turn. If that fails, the turn sends everything itself."""
        try:
            await self._send_ahead(connection)
        except (
            Exception
        ) as error:  # a failure of the connection, or a context that cannot be sent: the turn reports it
            logger.debug(f"{self}: the new connection could not be warmed up: {self._shown(repr(error))}")

    async def _send_ahead(self, connection: WebSocketConnection) -> None:
        context = self._last_context or self._context_ahead() or LLMContext()
        instruction = assert_given(self._settings.system_instruction)
        body, _ = await self._request_of(context, instruction)
        conversation = body.pop("input")
        if not context.get_messages():  # then the adapter turns the instructions into a message
            conversation = []
            if instruction:
                body["instructions"] = instruction
        if not (conversation or body.get("instructions") or body.get("tools")):
            return  # there is nothing to send yet
        turn = Turn(
            input=conversation, body={**body, "generate": False}, limits=self._timeouts, silent_since=0.0
        )
        exchange = await LaneExchange.begin(connection, turn, conversation)
        try:
            if not await self._is_warm(exchange):
                logger.info(f"{self}: this server does not support warm-ups; no more will be tried")
                self._warm_up = False
        finally:
            exchange.pending.abandon()

    async def _is_warm(self, exchange: LaneExchange) -> bool:
        """Wait for the end of a warm-up; False if the server did not understand it. Raises TurnBroken."""
        stream = ResponseStream()
        while True:
            for event in await exchange.receive(self._timeouts.first_output):
                for step in stream.feed(event) if event is not None else ():
                    match step:
                        case FirstOutput():
                            return False
                        case Finished():
                            exchange.completed(step)
                            return True
                        case Failed(failure) if not is_refused(failure):
                            raise TurnBroken(failure)
                        case Failed(failure):
                            exchange.failed(failure)
            if stream.ended:
                return False

    def _stop_warming(self) -> None:
        if self._warming is not None:
            self._warming.cancel()


def _ws_url(base_url: str) -> str:
    """The WebSocket beside an HTTP base URL."""
    scheme, separator, rest = base_url.partition("://")
    scheme = {"http": "ws", "https": "wss"}.get(scheme.lower(), scheme)
    return f"{scheme}{separator}{rest.rstrip('/')}/responses"


def _http_url(ws_url: str) -> str:
    """The HTTP base URL beside a WebSocket."""
    scheme, separator, rest = ws_url.partition("://")
    scheme = {"ws": "http", "wss": "https"}.get(scheme.lower(), scheme)
    return f"{scheme}{separator}{rest.partition('?')[0].rstrip('/').removesuffix('/responses')}"
