"""The `runner_args` of a hosted bot, for whichever transport the bot makes with them.

A bot may leave the choice to `create_transport`, or look at the arguments by itself: by their type (`case
WebSocketRunnerArguments()`), or by their fields (`runner_args.websocket`, `runner_args.room_url`). The
transport is replaced before it sends anything, so these arguments only have to be good enough to construct
one.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from collections.abc import AsyncIterator, Callable, Mapping
from importlib import import_module
from typing import Any

from pipecat.runner.types import (
    CallData,
    DailyRunnerArguments,
    LiveKitRunnerArguments,
    RunnerArguments,
    SmallWebRTCRunnerArguments,
    WebSocketRunnerArguments,
)
from pipecat.utils.base_object import BaseObject

CALLER, CALLED = "+15550100", "+15550199"
"""Telephone numbers that belong to nobody."""

_STREAM, _CALL = "MZ0123456789abcdef0123456789abcdef", "CA0123456789abcdef0123456789abcdef"
_ACCOUNT = "AC0123456789abcdef0123456789abcdef"

TELEPHONY = frozenset({"twilio", "telnyx", "plivo", "exotel"})
"""Names of telephone providers, as `create_transport` has them."""

_MEDIA = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}

_STARTS: Mapping[str, Mapping[str, Any]] = {
    "twilio": {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": _STREAM,
        "start": {
            "accountSid": _ACCOUNT,
            "streamSid": _STREAM,
            "callSid": _CALL,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"from_number": CALLER, "to_number": CALLED},
        },
    },
    "telnyx": {
        "event": "start",
        "sequence_number": "1",
        "stream_id": _STREAM,
        "start": {"call_control_id": _CALL, "media_format": _MEDIA, "from": CALLER, "to": CALLED},
    },
    "plivo": {
        "event": "start",
        "sequenceNumber": 1,
        "start": {"streamId": _STREAM, "callId": _CALL, "accountId": _ACCOUNT, "tracks": ["inbound"]},
    },
    "exotel": {
        "event": "start",
        "sequence_number": "1",
        "stream_sid": _STREAM,
        "start": {
            "stream_sid": _STREAM,
            "call_sid": _CALL,
            "account_sid": _ACCOUNT,
            "from": CALLER,
            "to": CALLED,
            "media_format": {"encoding": "base64", "sample_rate": "8000"},
        },
    },
}
"""How each provider begins a media stream, behind a message of event "connected" (documented by them; the
fields that matter are those that Pipecat 1.14 reads).
"""


def provider_of(function: Callable[..., Any]) -> str:
    """Return the telephone provider for which a bot's code is written, by the serializer that it names."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    named = {*getattr(function, "__globals__", ()), *getattr(code, "co_names", ())}
    return next((each for each in _STARTS if f"{each.capitalize()}FrameSerializer" in named), "twilio")


def call_data() -> CallData:
    """Return what Pipecat reads from the handshake of a telephone provider."""
    return CallData.model_validate({"stream_id": _STREAM, "call_id": _CALL, "from": CALLER, "to": CALLED})


class HostedWebSocket:
    """A WebSocket of FastAPI's, as far as a bot needs it before its transport is replaced.

    It is open, delivers the handshake of a telephone call, and nothing after that. Everything sent is
    dropped.
    """

    def __init__(self, provider: str = "twilio") -> None:
        connected = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        self._waiting = [json.dumps(message) for message in (connected, _STARTS[provider])]
        self.headers: Mapping[str, str] = {}
        self.query_params: Mapping[str, str] = {}
        self.path_params: Mapping[str, str] = {}

    @property
    def client_state(self) -> Any:
        """Connected."""
        return import_module("starlette.websockets").WebSocketState.CONNECTED

    @property
    def application_state(self) -> Any:
        """Connected."""
        return self.client_state

    async def accept(self, *given: Any, **named: Any) -> None:
        """Accept the connection, which is accepted already."""

    async def close(self, *given: Any, **named: Any) -> None:
        """Close nothing: the caller hangs up."""

    async def send_text(self, data: str) -> None:
        """Drop it."""

    async def send_bytes(self, data: bytes) -> None:
        """Drop it."""

    async def send_json(self, data: Any, mode: str = "text") -> None:
        """Drop it."""

    async def receive(self) -> Mapping[str, Any]:
        """Return the next message; wait forever when there is none."""
        return {"type": "websocket.receive", "text": await self.receive_text()}

    async def receive_text(self) -> str:
        """Return the next message; wait forever when there is none."""
        if not self._waiting:
            await asyncio.Event().wait()
        return self._waiting.pop(0)

    async def receive_json(self, mode: str = "text") -> Any:
        """Return the next message; wait forever when there is none."""
        return json.loads(await self.receive_text())

    async def iter_text(self) -> AsyncIterator[str]:
        """Iterate over the messages."""
        while True:
            yield await self.receive_text()

    async def iter_json(self) -> AsyncIterator[Any]:
        """Iterate over the messages."""
        while True:
            yield await self.receive_json()


class HostedPeer(BaseObject):
    """A WebRTC connection, as far as a bot needs it before its transport is replaced."""

    pc_id = "caller"
    """Its id."""

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Add a handler of any event. These events never happen; those of the transport do."""
        if event_name not in self._event_handlers:
            self._register_event_handler(event_name)
        super().add_event_handler(event_name, handler)

    def is_connected(self) -> bool:
        """True."""
        return True


class HostedArguments(  # type: ignore[misc]  # a token is text for one kind, and may be none for another
    DailyRunnerArguments, WebSocketRunnerArguments, SmallWebRTCRunnerArguments, LiveKitRunnerArguments
):
    """Arguments of every kind at once: a bot takes the first kind that it knows."""

    def __init__(self) -> None:
        self.empty_body_was_read = False
        """Whether the bot has asked for the body of the request while nobody had set one."""
        RunnerArguments.__init__(self)
        self.room_url = "https://ninelives.invalid/room"
        self.room_name = "room"
        self.url = "wss://ninelives.invalid"
        self.token = "not-a-real-token"
        self.websocket: Any = HostedWebSocket()
        self.transport_type = None
        self.webrtc_connection = HostedPeer()

    @property
    def body(self) -> Any:
        """The body of the request that started the bot: empty, until the user sets one."""
        self.empty_body_was_read = self.empty_body_was_read or not self._body
        return self._body

    @body.setter
    def body(self, body: Any) -> None:
        self._body = body
        self.empty_body_was_read = False

    def prepare_for(self, function: Callable[..., Any]) -> None:
        """Prepare the handshake of the telephone provider that a bot's code expects."""
        self.websocket = HostedWebSocket(provider_of(function))

    def connection(self) -> Mapping[str, Any]:
        """Return what the code of a web server gives its bot, by the names of `parameter_names`."""
        return {
            "websocket": self.websocket,
            "webrtc_connection": self.webrtc_connection,
            "room_url": self.room_url,
            "room_name": self.room_name,
            "token": self.token,
            "body": self._body,
            "call_data": call_data(),
            "stream": _STREAM,
            "call": _CALL,
            "account": _ACCOUNT,
            "testing": False,
        }

    def telephoned(self, provider: str) -> None:
        """Say that the caller uses the telephone, as `create_transport` does."""
        self.transport_type = provider
        self.call_data = call_data()
