"""The line from Pipecat's eval harness to the bot: a WebSocket on loopback in place of its transports.

It behaves like Pipecat's own eval transport and uses its serializer: RTVI messages both ways, `skip_tts`
before anybody greets, images on request. Audio takes as long as it sounds, as on every `Line`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from pipecat.evals.serializer import (
    EVAL_STT_SAMPLE_RATE,
    EvalConnectionFlags,
    EvalSerializer,
    parse_eval_connect,
)
from pipecat.frames.frames import (
    CancelWorkerFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    UserImageRequestFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from ninelives.evals.worded_sound import Speaker
from ninelives.voice.line import Line, LineInput, LineOutput

APART = 0.001
"""Seconds between two messages to a harness that listens to sound."""

_silent = logging.getLogger("ninelives.evals.line")
_silent.addFilter(
    lambda record: False
)  # the harness probes whether the port is open, which websockets logs as an error


class EvalLine(Line):
    """A `Line` whose caller is Pipecat's eval harness.

    Args:
        on_say: Called with what the user says (or `keys 12` for DTMF) before the bot learns of it.
        on_leave: Awaited when the harness has gone, before the bot's handlers learn of it.
        queue: Awaited with a frame for the head of the bot's pipeline.
        inside: Awaits a coroutine in the bot's own context, as the bot's handlers expect.
        on_sound: Awaited with the user's sound, and how many seconds it takes.
    """

    def __init__(
        self,
        on_say: Callable[[str], None],
        on_leave: Callable[[], Awaitable[None]],
        queue: Callable[[Frame], Awaitable[None]],
        inside: Callable[[Coroutine[Any, Any, None]], Awaitable[None]],
        on_sound: Callable[[bytes, float], Awaitable[None]],
    ) -> None:
        super().__init__()
        self.serializer = EvalSerializer()  # type: ignore[no-untyped-call]
        self.harness: ServerConnection | None = None
        """The connection of the harness. None: it is not connected."""
        self.aloud = False
        """Whether the bot speaks."""
        self._on_say, self._on_leave = on_say, on_leave
        self._queue, self._inside, self._on_sound = queue, inside, on_sound
        self._server: Server | None = None
        self._left = asyncio.Event()
        self._left.set()
        self._input = EvalInput(self)
        self._output = EvalOutput(self)

    @property
    def url(self) -> str:
        """Where the harness connects. The line must be open."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/ws"

    async def open(self) -> None:
        """Wait for the harness from now on."""
        self._server = await serve(self._serve, "127.0.0.1", 0, logger=_silent)

    async def close(self) -> None:
        """Let go of the harness."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def wait_until_left(self) -> None:
        """Wait until the harness has gone, the last turn is over and the bot's handlers have been called."""
        await self._left.wait()

    async def _serve(self, connection: ServerConnection) -> None:
        if self.harness is not None:
            await connection.close(1013, "one harness at a time")
            return
        self.harness = connection
        self._left.clear()
        try:
            flags = _flags_of(await connection.recv())
            self.aloud = not flags.skip_tts
            self.serializer.set_capture_audio(flags.capture_bot_audio)
            self.serializer.set_capture_images(flags.capture_bot_images)
            # Through RTVI's processor, unlike Pipecat's own transport: else RTVI switches speech on again
            # with the first text turn, and the answer to a tool is spoken in text mode.
            await self._queue(LLMConfigureOutputFrame(skip_tts=flags.skip_tts))
            await self._inside(self.connect())
            async for message in connection:
                await self._hear(message)
        except ConnectionClosed:
            pass
        finally:
            self.harness = None
        try:
            await self._on_leave()
            await self._inside(self.disconnect())
        finally:
            self._left.set()

    async def _hear(self, message: str | bytes) -> None:
        frame = await self.serializer.deserialize(message)
        match frame:
            case None | InputAudioRawFrame() | CancelWorkerFrame():
                pass  # the bot is canceled when its last turn is over: it is judged by whole turns
            case InputTransportMessageFrame() if (sound := _sound_of(frame.message)) is not None:
                await self._on_sound(*sound)
            case InputTransportMessageFrame():
                if (said := _said(frame.message)) is not None:
                    self._on_say(said)
                await self._input.broadcast_frame(InputTransportMessageFrame, message=frame.message)
            case _:
                await self._input.push_frame(frame)

    async def send(self, frame: Frame) -> None:
        """Send the harness the message that reports a frame, if there is one."""
        payload = await self.serializer.serialize(frame)
        if payload and self.harness is not None:
            with suppress(ConnectionClosed):
                await self.harness.send(payload)


def _flags_of(first: str | bytes) -> EvalConnectionFlags:
    try:
        return parse_eval_connect(json.loads(first)) or EvalConnectionFlags()
    except ValueError:
        return EvalConnectionFlags()


def _sound_of(message: Any) -> tuple[bytes, float] | None:
    """Return the user's sound in an RTVI message, and its seconds. None: it is another message."""
    if not isinstance(message, Mapping) or message.get("type") != "raw-audio":
        return None
    data: Mapping[str, Any] = message.get("data") or {}
    sound = base64.b64decode(data.get("base64Audio") or "")
    samples = len(sound) // (2 * int(data.get("numChannels") or 1))
    return sound, samples / int(data.get("sampleRate") or EVAL_STT_SAMPLE_RATE)


def _said(message: Any) -> str | None:
    """Return what the user says with an RTVI message. None: it is another message."""
    if not isinstance(message, Mapping) or not isinstance(data := message.get("data"), Mapping):
        return None
    if message.get("type") == "send-text":
        return str(data.get("content", ""))
    if message.get("type") == "dtmf":
        return f"keys {''.join(map(str, data.get('buttons') or ()))}"
    return None


class EvalInput(LineInput):
    """The end of the line at which the bot hears the harness."""

    def __init__(self, line: EvalLine) -> None:
        super().__init__(line)
        self._eval_line = line

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Set up the serializer too."""
        await super().setup(setup)
        await self._eval_line.serializer.setup(setup)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a request for the user's image with the one that the scenario names."""
        await super().process_frame(frame, direction)
        if isinstance(frame, UserImageRequestFrame):
            image = await self._eval_line.serializer.user_image_frame(frame)
            if image is None:
                await self._answer_image_requests([frame], "No user image is registered.")
            else:
                await self.push_frame(image)


class EvalOutput(LineOutput):
    """The end of the line that reports the bot's actions to the harness, and plays its voice."""

    def __init__(self, line: EvalLine) -> None:
        super().__init__(line)
        self._eval_line = line
        self._speaker = Speaker()

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play a chunk, and send the harness what was heard of it."""
        words, seconds = len(self.playback.words), self._sounded
        played = await super().write_audio_frame(frame)
        for word in self.playback.words[words:]:
            self._speaker.begin(word.text)
        sound = self._speaker.take(round((self._sounded - seconds) * EVAL_STT_SAMPLE_RATE))
        if sound:
            await self._eval_line.send(OutputAudioRawFrame(sound, EVAL_STT_SAMPLE_RATE, 1))
        return played

    @property
    def _sounded(self) -> float:
        """Seconds of sound played so far."""
        return sum(each.ended - each.began for each in self.playback.sounds)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Report images."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._speaker.break_off()
        if isinstance(frame, OutputImageRawFrame):
            await self._eval_line.send(frame)

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        """Send an RTVI message; with sound, never at the same moment as another.

        When the bot reports an interruption, the harness drops all messages that it has not handled yet,
        including those just before.
        """
        await self._eval_line.send(frame)
        if self._eval_line.aloud:
            await asyncio.sleep(APART)
