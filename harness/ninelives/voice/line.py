"""A telephone line without a network: a Pipecat transport whose loudspeaker takes as long as the sound.

A chunk of 20 ms takes 20 ms on the loop's clock. When the bot is interrupted, queued sound is dropped, and
the playing chunk is cut off.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Mapping
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
_ADOPTED = (
    "audio_in_sample_rate",
    "audio_out_sample_rate",
    "audio_out_10ms_chunks",
    "audio_out_destinations",
    "audio_out_filter",
    "audio_out_mixer",
    "audio_out_volume",
)
_BACKGROUND = 1.0
"""Seconds of a mixer's own sound that are sent at once."""

_CATCH_UP = 0.001  # seconds: a chunk that is later by less than this follows the one before without a gap


class Line(HostedTransport):
    """A Pipecat transport with a caller at the other end.

    It takes the audio format of the worker or of the bot's own transport, and that transport's destinations,
    mixer, filter and volume of the output. Handlers may be added for any event of any transport.

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
        self._hung_up = False
        self._format_is_known = False
        self.heard: str | None = None
        """The destination that the caller hears; None: the usual one."""
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
        """Take over the settings of a bot's own transport: the format, the destinations, and the processing
        of outgoing sound. A filter of the input is left out, because no sound comes in.
        """
        for name in _ADOPTED:
            if (value := getattr(params, name, None)) is not None:
                setattr(self.params, name, value)
        self._format_is_known |= params is not None

    def serve(self, destinations: Iterable[str | None]) -> None:
        """Send sound to these destinations, such as tracks of a room, of which the caller hears the first.

        They are added to the default ones, unless the bot's own transport names its destinations.
        """
        wanted = list(dict.fromkeys(destinations))
        self.heard = wanted[0] if wanted else None
        known = self.params.audio_out_destinations
        if not self._format_is_known:
            added = [each for each in wanted if each is not None and each not in known]
            self.params.audio_out_destinations = [*known, *added]

    @property
    def playback(self) -> Playback:
        """The playback: everything that was played."""
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
        if not self._hung_up:
            self._hung_up = True
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
        self._tracks: dict[str | None, _Track] = {}

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Take over the audio format."""
        await super().setup(setup)
        self.playback = Playback(self.sample_rate * _SAMPLE * self._params.audio_out_channels)

    async def start(self, frame: StartFrame) -> None:
        """Be ready at once."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note the sound that Pipecat queues, in the same order."""
        if direction is FrameDirection.DOWNSTREAM and frame.transport_destination == self._line.heard:
            if isinstance(frame, OutputAudioRawFrame):
                size = len(frame.audio) * self.sample_rate // frame.sample_rate
                self.playback.queue(size, frame.metadata.get(WORD, ""), interruptible=frame.interruptible)
            elif isinstance(frame, TTSStoppedFrame):
                self.playback.close(self.audio_chunk_size)
        track = self._track(frame.transport_destination)
        track.queued.set()  # before Pipecat queues the frame: it may wait for the sound ...
        await super().process_frame(frame, direction)
        track.queued.set()  # ... and after
        if isinstance(frame, InterruptionFrame):
            self._flush(track, frame.transport_destination)

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Note when Pipecat counts the bot as silent."""
        if isinstance(frame, BotStoppedSpeakingFrame) and frame.transport_destination == self._line.heard:
            self.playback.fell_silent(self.audio_chunk_size)
            self._line.on_change()
        await super().push_frame(frame, direction)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play a chunk, for as long as it takes."""
        destination, size, now = frame.transport_destination, len(frame.audio), self._line.now()
        track = self._track(destination)
        if self._mixes(destination) and self._of_the_mixer(frame):
            await self._pass(track, size / self.playback.rate)
            return True
        sent = track.free if abs(now - track.free) < _CATCH_UP else now
        track.free = sent + size / self.playback.rate
        begins = max(sent + self._line.late(), track.heard if track.heard - sent > _CATCH_UP else sent)
        track.heard = begins + size / self.playback.rate
        track.cut.clear()
        if destination == self._line.heard:
            if self._line.lost:
                self.playback.drop(size)
            elif self.playback.play(size, begins):
                self._line.on_change()
        try:
            async with asyncio.timeout_at(track.free + self._line.origin):
                await track.cut.wait()
        except TimeoutError:
            pass
        return True

    def _track(self, destination: str | None) -> _Track:
        return self._tracks.setdefault(destination, _Track())

    def _mixes(self, destination: str | None) -> bool:
        mixer = self._params.audio_out_mixer
        if isinstance(mixer, Mapping):
            return destination in mixer
        return mixer is not None and destination is None

    def _of_the_mixer(self, frame: OutputAudioRawFrame) -> bool:
        """Whether a chunk is only a mixer's background while the bot says nothing.

        Pipecat makes such chunks from the base class; the bot's are whole chunks of its queued sound.
        """
        if type(frame) is not OutputAudioRawFrame:
            return False
        return frame.transport_destination != self._line.heard or self.playback.waiting < len(frame.audio)

    async def _pass(self, track: _Track, chunk: float) -> None:
        """Play a mixer's background as one chunk until the bot has something to send.

        An hour of background would be 180,000 chunks. The bot's next chunk begins at the end of a background
        chunk.
        """
        began = self._line.now()
        track.queued.clear()
        try:
            async with asyncio.timeout(_BACKGROUND):
                await track.queued.wait()
        except TimeoutError:
            pass
        passed = self._line.now() - began
        await asyncio.sleep(max(chunk, math.ceil(passed / chunk) * chunk) - passed)

    def go_dead(self) -> None:
        """Note that the line was lost: sound on its way is not heard."""
        self.playback.end(self._line.now())
        self._line.on_change()

    def _flush(self, track: _Track, destination: str | None) -> None:
        heard = destination == self._line.heard
        if not heard or self.playback.interruptible:
            track.free = track.heard = self._line.now()
            track.cut.set()
        if heard:
            self.playback.cut(self._line.now())
            self._line.on_change()


class _Track:
    """What is being sent to one destination."""

    def __init__(self) -> None:
        self.free = 0.0
        """When the chunk that is being sent has been sent."""
        self.heard = 0.0
        """When the last chunk will have been heard."""
        self.cut = asyncio.Event()
        self.queued = asyncio.Event()
