"""What is asked in the benchmark and how: two prompts, as HTTP requests and as WebSocket frames.

Frames are masked with a key of zeros, which is legal and costs the client nothing.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Literal

MODEL = "gpt-4o-mini"
DELTAS = {"long-reply": 200, "short-reply": 1}
EVENTS = {"long-reply": 208, "short-reply": 9}
"""Deltas, and the eight events around them."""

PIECE = "word "
"""One delta; both servers are told to cut the text into pieces of this size."""

COUNTER = b"00000000"
"""What a client replaces by the number of the request, so that no two are the same."""

HEADERS = (
    "Host: 127.0.0.1\r\nAuthorization: Bearer mock-key\r\nContent-Type: application/json\r\n"
    "Accept: text/event-stream\r\nUser-Agent: bench/1.0\r\n"
)
HANDSHAKE = (
    b"GET /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Authorization: Bearer mock-key\r\n\r\n"
)

Way = Literal["sse", "json", "ws"]


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of traffic: how it is asked, how long the replies are, over how many connections."""

    way: Way
    prompt: str
    connections: int
    history: int = 0
    """Messages before the prompt."""
    fresh: bool = False
    """Whether no two requests are the same."""
    turns: int = 0
    """How many turns are asked in all; 0 for as many as there is time for."""
    chain: int = 0
    """How many turns continue one another by `previous_response_id`, before a new chain begins."""

    @property
    def events(self) -> int:
        """Events in one reply."""
        return EVENTS[self.prompt] if self.way != "json" else 1

    def request(self, parent: str | None = None) -> bytes:
        """Give the bytes of one request; with a parent it continues that response."""
        prompt = f"{COUNTER.decode()} {self.prompt}" if self.fresh else self.prompt
        asked: str | list[dict[str, str]] = prompt
        if self.history:
            asked = [{"role": "user", "content": "And what then?"}] * self.history
            asked.append({"role": "user", "content": prompt})
        body: dict[str, object] = {"model": MODEL, "input": asked}
        if parent is not None:
            body["previous_response_id"] = parent
        if self.way == "ws":
            return frame(json.dumps({"type": "response.create", **body}).encode())
        if self.way == "sse":
            body["stream"] = True
        data = json.dumps(body).encode()
        head = f"POST /v1/responses HTTP/1.1\r\n{HEADERS}Content-Length: {len(data)}\r\n\r\n"
        return head.encode() + data


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """Build a masked frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


def reply_text(prompt: str) -> str:
    """Give the text that the servers answer to a prompt."""
    return PIECE * DELTAS[prompt]
