"""The limit of a service: what remains when it only sends, reads, decodes and pushes.

No loss, error or interruption is noticed, no tool is called, no token counted, and the conversation goes out
as it lies in the context. A service that keeps its promises costs more than this; none costs less.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from pipecat.frames.frames import Frame, LLMContextFrame, LLMFullResponseEndFrame, LLMFullResponseStartFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService
from pipecat_responses.message_socket import MessageSocket
from pipecat_responses.steps import Finished, Say
from pipecat_responses.stream import ResponseStream
from pipecat_responses.text import read_event
from websockets.asyncio.client import ClientConnection, connect

__all__ = ["BareReader", "BareService", "BareStream"]


class _Event(msgspec.Struct, gc=False):
    type: str
    delta: str = ""


_read = msgspec.json.Decoder(_Event).decode


class BareService(LLMService[Any]):
    """Reads messages as the websockets library has it: one after another, each from ``recv``."""

    connection: type[ClientConnection] = ClientConnection

    def __init__(self, *, url: str, model: str) -> None:
        super().__init__(
            settings=OpenAIResponsesHttpLLMService.Settings(model=model, system_instruction=None)
        )
        self._url = url
        self._model = model
        self._socket: Any = None

    def can_generate_metrics(self) -> bool:
        """Return True, as every service does; Pipecat then asks on each piece of text what to measure."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context; pass on everything else."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        if self._socket is None:
            self._socket = await connect(
                self._url,
                ping_interval=None,
                max_size=None,
                max_queue=None,
                compression=None,
                create_connection=self.connection,
            )
            self.connected()
        await self._socket.send(self._request(frame.context), text=True)
        await self.read()
        await self.push_frame(LLMFullResponseEndFrame())

    def _request(self, context: LLMContext) -> bytes:
        body = {"type": "response.create", "model": self._model, "store": False, "input": context.messages}
        return msgspec.json.encode(body)

    def connected(self) -> None:
        """Prepare for reading."""

    async def read(self) -> None:
        """Push the text of one answer."""
        while (event := _read(await self._socket.recv(decode=False))).type != "response.completed":
            if event.type == "response.output_text.delta":
                await self._push_llm_text(event.delta)

    async def cleanup(self) -> None:
        """Close the socket."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        if self._socket is not None:
            await self._socket.close()


class BareReader(BareService):
    """Reads messages as our service does: all that came in one read, in one call."""

    connection = MessageSocket
    decode: Any = staticmethod(_read)

    def connected(self) -> None:
        """Let the socket deliver what it reads."""
        self._events: list[Any] = []
        self._arrived = asyncio.Event()
        self._socket.on_messages(self._take)

    def _take(self, messages: list[bytes]) -> None:
        self._events += map(self.decode, messages)
        self._arrived.set()

    async def _arrivals(self) -> list[Any]:
        await self._arrived.wait()
        self._arrived.clear()
        events, self._events = self._events, []
        return events

    async def read(self) -> None:
        """Push the text of one answer."""
        while True:
            for event in await self._arrivals():
                if event.type == "response.output_text.delta":
                    await self._push_llm_text(event.delta)
                elif event.type == "response.completed":
                    return


class BareStream(BareReader):
    """Keeps one promise more: text is spoken once, in order, with nothing missing."""

    decode = staticmethod(read_event)

    async def read(self) -> None:
        """Push the text of one answer."""
        stream = ResponseStream()
        while True:
            for event in await self._arrivals():
                for step in stream.feed(event):
                    if type(step) is Say:
                        await self._push_llm_text(step.text)
                    elif type(step) is Finished:
                        return
