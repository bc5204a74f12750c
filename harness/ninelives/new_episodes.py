"""Answers from a cassette, and records the requests that it does not have: the record mode `new_episodes`.

A `Recorder` passes other requests to the upstream and adds the exchanges to the cassette; the answers reach
the client as they arrive. The upstream does not know replayed turns, so a turn that follows one is sent to it
with the whole conversation, which matches the same requests on replay.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Timed
from mock_openai.responders.answer import Answer, Recorded, Relayed
from mock_openai.responders.base import Turn
from mock_openai.upstream.upstream import Upstream

from ninelives.environment import PLACEHOLDER_KEY
from ninelives.player import Player
from ninelives.recorder import Recorder


class NewEpisodes:
    """A responder made of a player (None if there is no cassette yet) and a recorder.

    `start` and `stop` it around its use; `stop(commit=True)` adds the new exchanges to the cassette.
    """

    takes_errors = True
    reads_only = True

    def __init__(self, player: Player | None, recorder: Recorder) -> None:
        self.player = player
        self.recorder = recorder
        self.asked = 0
        """How many requests went to the upstream."""
        self._upstream: Upstream | None = None
        self._key: str | None = None

    async def start(self) -> None:
        """Begin to record. Raises CassetteError if the cassette cannot be written."""
        await self.recorder.start()
        self._upstream = Upstream(self.recorder.base_url)

    async def stop(self, *, commit: bool = True) -> None:
        """End the recording."""
        if self._upstream is not None:
            await self._upstream.close()
        await self.recorder.stop(commit=commit)

    async def answer(self, turn: Turn) -> Answer | None:
        """Return the recorded answer, or the upstream's as it arrives."""
        if self.player is not None and (found := await self.player.answer(turn)) is not None:
            return found
        assert self._upstream is not None, "start comes first"
        self._key = turn.key or self._key
        if self._key == PLACEHOLDER_KEY:
            return self._needs_key()
        self.asked += 1
        if not any(name.lower() == "authorization" for name in turn.headers):
            turn = replace(turn, headers={**turn.headers, **self._headers})
        return await self._upstream.answer(turn)

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | ApiError | None:
        """Return the same for any other HTTP request, once it is complete."""
        if self.player is not None:
            found = await self.player.answer_http(method, path_qs, body)
            if found is not None:
                return found
        assert self._upstream is not None, "start comes first"
        if self._key == PLACEHOLDER_KEY:
            return self._needs_key()
        self.asked += 1
        answer = await self._upstream.pass_on(method, path_qs, self._headers, body)
        if not isinstance(answer, Relayed):
            return answer
        events = [Timed(0.0, event) async for batch in answer.events for event in batch]
        return Recorded(answer.status, answer.headers, tuple(events))

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """Return a recorded refusal; everything else waits until there is a turn."""
        return await self.player.answer_handshake(path_qs) if self.player is not None else None

    def _needs_key(self) -> ApiError:
        return ApiError(
            f"This request is not in the cassette {self.recorder.writer.path}, and OPENAI_API_KEY is "
            f"not set, so {self.recorder.upstream} cannot be called: set it, or only replay (mode none).",
            status=401,
            code="no_recording",
        )

    @property
    def _headers(self) -> Mapping[str, str]:
        key = self._key or os.environ.get("OPENAI_API_KEY")
        return {"Authorization": f"Bearer {key}"} if key else {}
