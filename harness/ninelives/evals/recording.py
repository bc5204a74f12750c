"""Records one eval, live and in real time: the traffic of bot, judge and caller, each with its own server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack, chdir, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ninelives.bot.environment import KEY, addresses, stand_ins
from ninelives.bot.start_failure import Exited, could_not_start
from ninelives.evals.answers import endpoints_of, judge_recording, with_addresses
from ninelives.evals.bot import EvalBot
from ninelives.evals.files import Case
from ninelives.evals.outcome import Played
from ninelives.evals.session import let_breathe, make_session
from ninelives.lab.apis import require_responses
from ninelives.lab.episode import TURN_BOUND, Episode
from ninelives.lab.services import source_of
from ninelives.recorder import Recorder
from ninelives.recorder.upstream import Upstream
from ninelives.usage_error import UsageError


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of a recording."""

    played: Played
    kept: list[Path] = field(default_factory=list)
    """The cassettes written."""
    left: list[Path] = field(default_factory=list)
    """The partial recordings of an eval that did not pass."""
    silent: bool = False
    """Whether nothing was recorded."""


class _NotKept(Exception):
    """The eval did not pass. Raised inside a recorder's context, so that the recorder keeps the partial."""


def record_case(
    case: Case, bot: Any, upstream: str, path: Path, *, timeout_ms: int | None = None
) -> Recorded:
    """Play a case against `upstream`, and keep the recording if the eval passes.

    Raises ValueError for an upstream that is no address, UsageError as `play_first` does.
    """
    path = path.absolute()
    with chdir(case.folder) if case.folder is not None else nullcontext():
        return asyncio.run(_record(case, bot, upstream, path, timeout_ms))


async def _record(case: Case, bot: Any, upstream: str, path: Path, timeout_ms: int | None) -> Recorded:
    main = Recorder(upstream, path)
    others = {
        endpoint: Recorder(endpoint, judge_recording(path, number))
        for number, endpoint in enumerate(sorted(endpoints_of(case.scenario)), 1)
    }
    recorders = [main, *others.values()]
    played: Played | None = None
    try:
        async with AsyncExitStack() as running:
            for recorder in recorders:
                await running.enter_async_context(recorder)
            played = await _played(case, bot, main, others, timeout_ms)
            if played.verdict != "passed":
                raise _NotKept
    except _NotKept:
        assert played is not None
        left = [
            each.writer.partial for each in recorders if each.writer.partial.exists() and each.writer.lines
        ]
        return Recorded(played, left=left, silent=not main.writer.lines)
    kept = [each.writer.path for each in recorders if each.writer.lines]
    return Recorded(played, kept, silent=not main.writer.lines)


async def _played(
    case: Case, bot: Any, main: Recorder, others: Mapping[str, Recorder], timeout_ms: int | None
) -> Played:
    scenario = with_addresses(case.scenario, {old: new.base_url for old, new in others.items()})
    key = os.environ.get("OPENAI_API_KEY", "")
    if not key and not Upstream.parse(main.upstream).local:
        raise UsageError("OPENAI_API_KEY is not set; it is needed to call the real API, and never recorded")
    key = key or KEY  # a mock server accepts any key
    with addresses(main.base_url, main.ws_url, key), stand_ins():
        hosted = EvalBot(
            bot,
            name=case.bot,
            base_url=main.base_url,
            ws_url=main.ws_url,
            key=key,
            body=case.body,
            bound=TURN_BOUND,
        )
        try:
            async with hosted:
                require_responses(hosted.services, case.bot, source_of(bot))
                session = make_session(scenario, hosted.url, case, timeout_ms)
                let_breathe(session, case)
                result = await session.run()
        except UsageError:
            raise
        except SystemExit as error:
            raise could_not_start(case.bot, Exited(error)) from None
        except Exception as error:
            raise could_not_start(case.bot, error) from None
    episode = Episode(turns=hosted.turns, said=[])
    return Played(case, None, result, episode, mishaps=tuple(hosted.mishaps), source="upstream")
