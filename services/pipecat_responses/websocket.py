"""The WebSocket service: one connection that is always ready, and only what is new sent with every turn.

What the server remembers is used where it is surely the conversation at hand (``continuation``); a turn that
was interrupted keeps its lane to itself, and the next one starts at once on another (``channel``). The
connection itself is kept by ``connection``.
"""

import asyncio
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
from .categories import is_passing, is_rate_limit
from .channel import Channel
from .connection import Connection
from .endpoint import Endpoint
from .errors import Failure, TurnBroken
from .lane_exchange import LaneExchange
from .pulse import Pulse
from .steps import Failed, Finished, FirstOutput
from .stream import ResponseStream
from .turn import Exchange, Turn, conversation_of
from .upkeep import Upkeep

__all__ = ["OpenAIResponsesLLMService"]

# Of the HTTP client's headers, those that mean nothing in a handshake.
_NOT_FOR_HANDSHAKES = frozenset({"accept", "content-type"})


class OpenAIResponsesLLMService(ResponsesService, WebsocketLLMService[OpenAIResponsesLLMAdapter]):
    """OpenAI's Responses API over a WebSocket; takes the place of Pipecat's service of the same name.

    Event handlers, besides those of every LLM service:

    - on_connection_error(service, message): the connection was lost and the first attempt to get it back
      failed.
    - on_response_interrupted(service, spoken_text, continued): an answer broke off after part of it had been
      spoken; ``continued``: the rest of it was spoken as well.

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
        pulse: Pulse | None = None,
        ws_close_timeout: float = 2.0,
        ws_send_timeout: float | None = 5.0,
        **kwargs: Any,
    ) -> None:
        """Make the service; it begins to connect when its pipeline is set up.

        Args:
            ws_url: URL of the WebSocket. Where it is not given it is ``base_url`` plus ``/responses``; where
                only it is given, ``run_inference`` goes to the same host.
            reconnect_on_error: Whether to connect again before a turn needs it.
            reconnect_backoff_min_wait: Pause in seconds before the second attempt to connect; the first is
                made at once.
            reconnect_backoff_max_wait: Longest pause in seconds between attempts.
            lanes: Whether the server knows lanes (``stream_id``); None to find out by itself. Without them an
                interruption costs a connection, and a spare one is kept.
            warm_up: Whether a new connection is told instructions, tools and conversation ahead of the next
                turn (``generate: false``), the first one too. None: unless the server knows no lanes, and is
                therefore older, or turns out not to know warm-ups.
            rotate_after: Age in seconds at which a connection is replaced by a new one; the API ends them
                after an hour.
            pulse: How a silent peer is found out; see ``Pulse``.
            ws_close_timeout: Limit in seconds for a closing handshake.
            ws_send_timeout: Limit in seconds for a message to be taken by the server.
            **kwargs: What both services take; see ``ResponsesService``.
        """
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
        self._connection = Connection(
            Endpoint(self._ws_url, self._handshake_headers, self._tap),
            upkeep=Upkeep(
                rotate_after=rotate_after,
                backoff_least=reconnect_backoff_min_wait,
                backoff_most=reconnect_backoff_max_wait,
                ahead=reconnect_on_error,
                connect=self._timeouts.connect,
            ),
            pulse=pulse or Pulse(send=ws_send_timeout, close=ws_close_timeout),
            rng=self._rng,
            lanes=lanes,
            opened=self._channel_opened,
            in_trouble=self._connection_in_trouble,
        )
        self._warming: asyncio.Task[None] | None = None
        self._started = False

    # -- life --------------------------------------------------------------------------------------

    async def start(self, frame: StartFrame) -> None:
        """Start: from here on instructions and tools are known, and the server is told them ahead."""
        await super().start(frame)
        self._started = True
        if (channel := self._connection.current) is not None:
            self._begin_to_warm(channel)

    async def _connect_websocket(self) -> None:
        self._connection.start()

    async def _disconnect_websocket(self) -> None:
        self._stop_warming()
        if self._warming is not None:
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._connection.stop()

    async def cleanup(self) -> None:
        """Close the connection and the HTTP client."""
        await self._disconnect()  # type: ignore[no-untyped-call]
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
        wait = turn.silent_since + turn.limits.recover - loop.time()
        if self._retry_on_timeout:  # the user's own wait may have used up more than that
            wait = max(wait, turn.limits.connect)
        channel = await self._connection.channel(max(0.0, wait))
        turn.in_full = turn.in_full or not self._continues
        exchange = await LaneExchange.begin(channel, turn, conversation_of(turn))
        logger.debug(
            f"{self}: sent {len(exchange.plan.send)} items, {exchange.plan.known} known to the server"
        )
        try:
            yield exchange
        finally:
            exchange.flight.abandon()
            if exchange.continuing_refused:
                self._continues = False

    # -- telling a new connection the conversation ahead of the next turn --------------------------

    def _channel_opened(self, channel: Channel) -> None:
        if self._started and not self._answering:
            self._begin_to_warm(channel)

    def _begin_to_warm(self, channel: Channel) -> None:
        wanted = self._connection.lanes is not False if self._warm_up is None else self._warm_up
        context = self._last_context or self._context_ahead()
        if wanted and self._continues:
            self._stop_warming()
            self._warming = asyncio.create_task(
                self._warm(channel, context or LLMContext()), name="responses-warm-up"
            )

    def _context_ahead(self) -> LLMContext | None:
        """The context of the aggregator in front of this service, from which the first turn will come."""
        processor = self.previous
        while processor is not None:
            if isinstance(context := getattr(processor, "context", None), LLMContext):
                return context
            processor = processor.previous
        return None

    async def _warm(self, channel: Channel, context: LLMContext) -> None:
        """Tell the server the conversation. If that fails, the next turn sends everything as usual."""
        instruction = assert_given(self._settings.system_instruction)
        body, _ = await self._request_of(context, instruction)
        conversation = body.pop("input")
        if not context.get_messages():  # then the adapter makes a message of the instructions
            conversation = []
            if instruction:
                body["instructions"] = instruction
        if not (conversation or body.get("instructions") or body.get("tools")):
            return  # nothing is known that would be worth telling
        turn = Turn(
            input=conversation, body={**body, "generate": False}, limits=self._timeouts, silent_since=0.0
        )
        try:
            exchange = await LaneExchange.begin(channel, turn, conversation)
            try:
                if not await self._is_warm(exchange):
                    logger.info(f"{self}: this server knows no warm-up; it will not be asked again")
                    self._warm_up = False
            finally:
                exchange.flight.abandon()
        except (TurnBroken, TimeoutError) as error:
            logger.debug(f"{self}: the new connection could not be warmed up: {error!r}")

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
                        case Failed(failure) if is_passing(failure) or is_rate_limit(failure):
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
