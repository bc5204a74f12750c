"""A telephone line without a network: a Pipecat transport whose loudspeaker takes as long as the sound.

A chunk of 20 ms takes 20 ms on the loop's clock. When the bot is interrupted, queued sound is dropped, and
the playing chunk is cut off.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from ninelives.bot.transport import HostedTransport
from ninelives.voice.playback import Playback
from ninelives.voice.voice import WORD

_SAMPLE = 2  # bytes
_ADOPTED = ("audio_in_sample_rate", "audio_out_sample_rate", "audio_out_10ms_chunks")
_CATCH_UP = 0.001  # seconds: a chunk that is later by less than this follows the one before without a gap


class Line(HostedTransport):
    """A Pipecat transport with a caller at the other end.

    Its audio format is the worker's own, or that of the bot's own transport. Handlers may be added for any
    event of any transport.

    Args:
        jitter: Seconds by which each chunk of sound is late, or a range to draw from. A chunk waits for those
            before it, and nothing hides a gap.
        seed: Seeds the random numbers.
    """

    def __init__(self, *, jitter: float | tuple[float, float] = 0.0, seed: int = 0) -> None:
        super().__init__()
        low, high = jitter if isinstance(jitter, tuple) else (jitter, jitter)
        if not 0 <= low <= high:
            raise ValueError(f"jitter={jitter!r}: expected seconds, or a range of seconds, from 0 upwards")
        self._jitter = low, high
        self._random = random.Random(seed)
        self._lost_until = -math.inf
        self._told = False
        self.params = TransportParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_out_10ms_chunks=2,
            audio_out_end_silence_secs=0,
        )
        self.on_change: Callable[[], None] = lambda: None
        """Called when something was played or cut off."""
        self.origin = 0.0
        """The loop's time at the beginning of the call; all times of the line count from there."""
        self._input = LineInput(self)
        self._output = LineOutput(self)

    def input(self) -> LineInput:
        """Return the processor from which the caller is heard."""
        return self._input

    def output(self) -> LineOutput:
        """Return the processor that plays to the caller."""
        return self._output

    def adopt(self, params: Any) -> None:
        """Take over the sample rates and the size of a chunk that a bot asks of its own transport."""
        for name in _ADOPTED:
            if (value := getattr(params, name, None)) is not None:
                setattr(self.params, name, value)

    @property
    def playback(self) -> Playback:
        """What was played."""
        return self._output.playback

    @property
    def lost(self) -> bool:
        """Whether the line is lost at this moment."""
        return self.now() < self._lost_until

    def lose(self, seconds: float | None = None) -> None:
        """Lose the line for some seconds from now on; None: for good."""
        self._lost_until = math.inf if seconds is None else self.now() + seconds
        self._output.go_dead()

    def late(self) -> float:
        """Return by how many seconds the next chunk is late."""
        return self._random.uniform(*self._jitter)

    async def disconnect(self) -> None:
        """Call the handlers for a caller who has hung up, once."""
        if not self._told:
            self._told = True
            await super().disconnect()

    def now(self) -> float:
        """Return the seconds since the call began."""
        return asyncio.get_running_loop().time() - self.origin


class LineInput(BaseInputTransport):
    """The caller's microphone. It sends no audio: the caller's words come from `Ears`."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.params, name=f"{line.name}::Input")

    async def start(self, frame: StartFrame) -> None:
        """Be ready at once."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    def _create_audio_task(self) -> None:
        """Do nothing: there is no audio."""


class LineOutput(BaseOutputTransport):
    """The caller's loudspeaker."""

    playback: Playback

    def __init__(self, line: Line) -> None:
        super().__init__(line.params, name=f"{line.name}::Output")
        self._line = line
        self.playback = Playback(1)
        self._free = 0.0
        """When the chunk that is being sent has been sent."""
        self._heard = 0.0
        """When the last chunk will have been heard."""
        self._cut = asyncio.Event()

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Take over the audio format."""
        await super().setup(setup)
        self.playback = Playback(self.sample_rate * _SAMPLE * self._params.audio_out_channels)

    async def start(self, frame: StartFrame) -> None:
        """Be ready at once."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note what Pipecat queues, in the same order."""
        if direction is FrameDirection.DOWNSTREAM and frame.transport_destination is None:
            if isinstance(frame, OutputAudioRawFrame):
                size = len(frame.audio) * self.sample_rate // frame.sample_rate
                self.playback.queue(size, frame.metadata.get(WORD, ""), interruptible=frame.interruptible)
            elif isinstance(frame, TTSStoppedFrame):
                self.playback.close(self.audio_chunk_size)
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._flush()

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Note when Pipecat counts the bot as silent."""
        if isinstance(frame, BotStoppedSpeakingFrame):
            self.playback.fell_silent(self.audio_chunk_size)
            self._line.on_change()
        await super().push_frame(frame, direction)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play a chunk, for as long as it takes."""
        now = self._line.now()
        sent = self._free if abs(now - self._free) < _CATCH_UP else now
        self._free = sent + len(frame.audio) / self.playback.rate
        begins = max(sent + self._line.late(), self._heard if self._heard - sent > _CATCH_UP else sent)
        self._heard = begins + len(frame.audio) / self.playback.rate
        self._cut.clear()
        if self._line.lost:
            self.playback.drop(len(frame.audio))
        elif self.playback.play(len(frame.audio), begins):
            self._line.on_change()
        try:
            async with asyncio.timeout_at(self._free + self._line.origin):
                await self._cut.wait()
        except TimeoutError:
            pass
        return True

    def go_dead(self) -> None:
        """Note that the line was lost: sound on its way is not heard."""
        self.playback.end(self._line.now())
        self._line.on_change()

    def _flush(self) -> None:
        if self.playback.interruptible:
            self._free = self._heard = self._line.now()
            self._cut.set()
        self.playback.cut(self._line.now())
        self._line.on_change()
