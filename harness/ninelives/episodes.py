"""Answers what is recorded from the cassette and asks the upstream about the rest: the record mode
`new_episodes`.

The upstream is asked through a `Recorder`, which adds the exchange to the cassette. A turn that follows a
replayed one, of which the upstream has never heard, is sent to it with the whole conversation, which matches
the same requests when it is replayed. A new answer reaches the client when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from mock_openai.protocol.events import Event, Timed
from mock_openai.responders.answer import Answer, Close, Recorded
from mock_openai.responders.base import Turn

import ninelives.cassette.sse as sse
import ninelives.cassette.turns as turns
from ninelives.player import Player
from ninelives.recorder import Recorder

_OF_THE_TRANSPORT = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
_NO_FAREWELL = 1006


class NewEpisodes:
    """A responder made of a player (None when there is no cassette yet) and a recorder.

    `start` and `stop` it around its use; `stop(commit=True)` adds what was new to the cassette.
    """

    takes_errors = True

    def __init__(self, player: Player | None, recorder: Recorder) -> None:
        self.player = player
        self.recorder = recorder
        self.asked = 0
        """How many requests went to the upstream."""
        self._session: aiohttp.ClientSession | None = None
        self._key: str | None = None
        self._sockets: dict[tuple[int, str | None], aiohttp.ClientWebSocketResponse] = {}
        self._known: set[str] = set()  # responses that the upstream has given

    async def start(self) -> None:
        """Begin to record. Raises CassetteError when the cassette cannot be written."""
        await self.recorder.start()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))

    async def stop(self, *, commit: bool = True) -> None:
        """End the recording."""
        for socket in self._sockets.values():
            await socket.close()
        if self._session is not None:
            await self._session.close()
        await self.recorder.stop(commit=commit)

    async def answer(self, turn: Turn) -> Answer | None:
        """The recorded answer, or the upstream's."""
        if self.player is not None and (found := await self.player.answer(turn)) is not None:
            return found
        self._key = turn.key or self._key
        self.asked += 1
        body = self._told(turn)
        if turn.transport == "http":
            return await self._http("POST", "/responses", msgspec.json.encode(body))
        return await self._turn(turn, body)

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """The same for any other HTTP request."""
        if self.player is not None:
            found = await self.player.answer_http(method, path_qs, body)
            if found is not None:
                return found
        self.asked += 1
        return await self._http(method, path_qs.removeprefix("/v1"), body)

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """A recorded refusal; nothing else is asked before there is a turn."""
        return await self.player.answer_handshake(path_qs) if self.player is not None else None

    def _told(self, turn: Turn) -> dict[str, Any]:
        body = dict(turn.body)
        previous = body.get("previous_response_id")
        if turn.history and isinstance(previous, str) and previous not in self._known:
            given = body.get("input")
            own = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
            body["input"] = [*turn.history, *own]
            del body["previous_response_id"]
        return body

    @property
    def _headers(self) -> Mapping[str, str]:
        key = self._key or os.environ.get("OPENAI_API_KEY")
        return {"Authorization": f"Bearer {key}"} if key else {}

    async def _http(self, method: str, path_qs: str, body: bytes) -> Recorded:
        assert self._session is not None
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        try:
            async with self._session.request(
                method, self.recorder.base_url + path_qs, data=body or None, headers=headers
            ) as response:
                data = await response.read()
        except (aiohttp.ClientError, OSError):
            return Recorded(0, ending="reset")
        kept = {k.lower(): v for k, v in response.headers.items() if k.lower() not in _OF_THE_TRANSPORT}
        if not kept.get("content-type", "").lower().startswith("text/event-stream"):
            self._learn(data)
            return Recorded(response.status, kept, body=data)
        splitter = sse.Splitter()
        blocks = [block.data for block in splitter.feed(data, 0)]
        events = tuple(Timed(0.0, Event(*sse.parse(block), wire=block)) for block in blocks)
        for timed in events[:1]:
            self._learn(timed.event.data)
        return Recorded(response.status, kept, events)

    async def _turn(self, turn: Turn, body: Mapping[str, Any]) -> Recorded:
        assert self._session is not None
        lane = body.get("stream_id")
        place = (turn.connection, lane if isinstance(lane, str) else None)
        events: list[Timed] = []
        try:
            socket = self._sockets.get(place)
            if socket is None or socket.closed:
                socket = await self._session.ws_connect(
                    self.recorder.ws_url, headers=self._headers, max_msg_size=0
                )
                self._sockets[place] = socket
            await socket.send_str(msgspec.json.encode({"type": turns.BEGINS, **body}).decode())
        except aiohttp.WSServerHandshakeError as refused:
            return Recorded(refused.status, ending="fin")
        except (aiohttp.ClientError, OSError):
            return Recorded(0, ending="reset")
        running: turns.Turns[str] = turns.Turns()
        running.begin(place[1], "this")
        while running.running:
            message = await socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                code = socket.close_code
                broken = code is None or code == _NO_FAREWELL
                return Recorded(101, {}, tuple(events), ending="reset" if broken else Close(code or 1000))
            data = message.data.encode()
            said = turns.read(data)
            running.receive(said)
            events.append(Timed(0.0, Event(said.type, data)))
            if len(events) == 1:
                self._learn(data)
        return Recorded(101, {}, tuple(events))

    def _learn(self, data: bytes) -> None:
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return
        response = value.get("response", value) if isinstance(value, dict) else None
        if isinstance(response, dict) and isinstance(response.get("id"), str):
            self._known.add(response["id"])
