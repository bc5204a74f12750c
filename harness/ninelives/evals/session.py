"""Plays one of Pipecat's eval scenarios against a bot, and judges the promises.

Pipecat's harness, the bot and the mock server share one loop, with real sockets on loopback between them. On
a virtual loop a second costs nothing, and `within_ms` and `send_after` hold to the millisecond.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, chdir, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mock_openai import MockServer, Script
from mock_openai.journal.entries import Entry
from pipecat.evals.scenario import EvalScriptScenario
from pipecat.evals.session import EvalSession, EvalSessionParams

from ninelives.bot.environment import addresses, stand_ins
from ninelives.bot.start_failure import Exited
from ninelives.bot.turn import Frames, Turn
from ninelives.evals.answers import Answers, answers_for, with_addresses
from ninelives.evals.bot import EvalBot
from ninelives.evals.disasters import Disaster, TurnFaults
from ninelives.evals.files import Case
from ninelives.evals.outcome import Played, Result
from ninelives.evals.sound import services_for, spoken, understand_the_bot
from ninelives.fixtures.network import Guard
from ninelives.lab.apis import require_responses
from ninelives.lab.ending import Ending, caught, first_line, journal_of, transport_of
from ninelives.lab.episode import TURN_BOUND, Episode
from ninelives.lab.promises import judge
from ninelives.lab.run import forbidden
from ninelives.lab.scenario import PACE
from ninelives.lab.services import source_of
from ninelives.report.timeline import from_journal, from_mishaps, from_turns, merged
from ninelives.usage_error import UsageError
from ninelives.virtual import VirtualDeadlock, run

BREATH = 0.05
"""Seconds between the end of an answer and the user's next words."""

A_MOMENT = 1.0
"""Seconds between the start of the bot and the harness's connection, so that no clock reads 0."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The settings that all runs of a command share."""

    script: Script | None = None
    recordings: Path | None = None
    """The folder of the recordings. None: `recordings` beside each file."""
    seed: int = 0
    pace: str | None = None
    """The model's pace. None: as recorded, or 20 events a second."""
    timeout_ms: int | None = None
    """The limit of expectations without a `within_ms`. None: Pipecat's own default."""
    real_time: bool = False
    skip_judge: bool = False
    """Whether expectations that cannot be judged count as passed."""


def play_case(
    case: Case,
    bot: Any,
    setting: Setting,
    disaster: Disaster | None = None,
    *,
    turn: int = 0,
    plain: Played | None = None,
) -> Played:
    """Play a case, in virtual time unless told otherwise. The same seed gives the same outcome.

    `turn` is the user's turn in which the disaster happens. `plain` is the outcome of the same case without
    it, which shows what should be heard. Nothing leaves this machine.
    """
    before = random.getstate()
    guard = Guard(lambda _, address: forbidden("the bot, the judge or the caller", address))
    guard.install()
    where = chdir(case.folder) if case.folder is not None else nullcontext()
    playing = _Run(case, bot, setting, disaster, turn, plain)
    try:
        with where:
            played = asyncio.run(playing.play()) if setting.real_time else run(playing.play())
    except (VirtualDeadlock, SystemExit) as error:
        failure = Exited(error) if isinstance(error, SystemExit) else error
        played = Played(case, disaster, None, Episode([], []), crash=first_line(failure), failure=failure)
    finally:
        guard.remove()
        random.setstate(before)
    if guard.attempts and played.crash is None and played.result is None:
        played = replace(played, crash=forbidden("the bot", guard.attempts[0]))
    return replace(played, turn=turn, lenient=setting.skip_judge)


@dataclass
class _Run:
    case: Case
    bot: Any
    setting: Setting
    disaster: Disaster | None
    turn: int
    plain: Played | None

    async def play(self) -> Played:
        # The clients' backoff has jitter, which they draw from the global generator.
        random.seed(self.setting.seed)
        answers = answers_for(
            self.case,
            script=self.setting.script,
            folder=self.setting.recordings,
            broken=self.disaster is not None,
            seed=self.setting.seed,
        )
        turn_faults = self.disaster.at(self.turn) if self.disaster is not None else {}
        server = MockServer(
            script=answers.script,
            responders=answers.responders,
            faults=self.disaster.at_start if self.disaster is not None else (),
            pace=self._pace(answers),
            seed=self.setting.seed,
            improvise="tools" if answers.source == "improvised" else "text",
            **(self.disaster.server if self.disaster is not None else {}),
        )
        bound = self.disaster.bound if self.disaster is not None else TURN_BOUND
        result: Result | None = None
        started = False
        loop = asyncio.get_running_loop()

        def on_turn(number: int) -> None:
            answers.turn = number
            server.faults.add(*turn_faults.get(number, TurnFaults()).faults)

        def silence(number: int) -> float:
            one = turn_faults.get(number, TurnFaults())
            server.faults.add(*one.in_silence)
            return one.silence

        with ExitStack() as around:
            async with server:
                opened = loop.time()
                around.enter_context(addresses(server.base_url, server.ws_url))
                around.enter_context(stand_ins())
                hosted = EvalBot(
                    self.bot,
                    name=self.case.bot,
                    base_url=server.base_url,
                    ws_url=server.ws_url,
                    body=self.case.body,
                    bound=bound,
                    no_idle_timeout=any(one.silence for one in turn_faults.values()),
                    on_turn=on_turn,
                )
                with caught() as ending:
                    async with hosted:
                        started = True
                        require_responses(hosted.services, self.case.bot, source_of(self.bot))
                        await asyncio.sleep(A_MOMENT)
                        session = self._session(server, hosted.url)
                        let_breathe(session, self.case, silence)
                        result = await session.run()
                entries, said = journal_of(server, shift=opened - hosted.started)
        return self._judged(hosted, answers, entries, said, result, ending, started, turn_faults, bound)

    def _pace(self, answers: Answers) -> str:
        if self.setting.pace is not None:
            return self.setting.pace
        return "recorded" if answers.source == "recording" else PACE

    def _session(self, server: MockServer, url: str) -> EvalSession[Any]:
        scenario = with_addresses(self.case.scenario, {"*": server.base_url})
        return make_session(scenario, url, self.case, self.setting.timeout_ms)

    def _judged(
        self,
        hosted: EvalBot,
        answers: Answers,
        entries: Sequence[Entry],
        said: Sequence[Any],
        result: Result | None,
        ending: Ending,
        started: bool,
        turn_faults: Mapping[int, TurnFaults],
        bound: float,
    ) -> Played:
        everything = hosted.turns
        turns = _asked_for(everything)
        reported = {id(error) for turn in everything for error in turn.errors}
        expected, answerable = self._expected(turns, turn_faults)
        faults = [entry for entry in entries if entry.kind == "fault"]
        first = turns[0].began if turns else 0.0  # a greeting that the user cuts off is not judged either
        silences = any(one.silence for one in turn_faults.values())
        episode = Episode(
            turns=turns,
            said=[each for each in said if each.began >= first or each.status == "completed"],
            faults=faults,
            expected=expected,
            wire=_of_the_bot(entries),
            stray=[error for error in hosted.errors if id(error) not in reported],
            tells_spoken=hosted.tells_spoken,
            bound=bound,
        )
        return Played(
            case=self.case,
            disaster=self.disaster,
            result=result,
            episode=episode,
            findings=judge(episode) if result is not None else (),
            timeline=merged(from_turns(everything), from_mishaps(hosted.mishaps), from_journal(entries)),
            transport=transport_of(entries),
            source=answers.source,
            missed=tuple(answers.missed),
            mishaps=tuple(hosted.mishaps),
            crash=ending.crash,
            failure=ending.failure,
            started=started,
            injected=bool(faults) or (silences and len(turns) >= self.turn),
            answerable=answerable,
        )

    def _expected(
        self, turns: Sequence[Turn], turn_faults: Mapping[int, TurnFaults]
    ) -> tuple[list[str | None], bool]:
        """Return the whole answer to each turn, as it was heard in the run without faults."""
        calm = self.plain.episode.turns if self.plain is not None else ()
        expected: list[str | None] = []
        asked = 0
        for index, turn in enumerate(turns):
            asked += turn.user is not None
            whole = calm[index] if index < len(calm) else None
            reachable = turn.user is None or turn_faults.get(asked, TurnFaults()).answerable
            known = whole is not None and whole.user == turn.user and whole.interrupted is None
            expected.append(whole.text if whole is not None and known and reachable else None)
        return expected, all(one.whole for one in turn_faults.values())


def make_session(scenario: Any, url: str, case: Case, timeout_ms: int | None) -> EvalSession[Any]:
    """Make Pipecat's session for a scenario. Raises UsageError if its judge or caller cannot be made."""
    try:
        if case.speaks:
            scenario = spoken(scenario)
        services = services_for(scenario)
        params = EvalSessionParams()
        if timeout_ms is not None:
            params = EvalSessionParams(default_timeout_ms=timeout_ms)
        session: EvalSession[Any] = EvalSession.from_scenario(scenario, url, params=params, **services)
        if "bot_stt" in services:
            understand_the_bot(session._client)
        return session
    except UsageError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise UsageError(
            f"{case.path}: the judge or the caller of {case.name} cannot be made: {said}"
        ) from None


def let_breathe(
    session: EvalSession[Any], case: Case, silence: Callable[[int], float] = lambda _: 0.0
) -> None:
    """Let the user of a scripted scenario pause before speaking: for a breath, or for the turn's `silence`.

    Pipecat sends a turn at the moment at which the text of the previous answer is complete. By then a bot
    with a voice has not put its last sentence into its context, and the interruption would discard it. A turn
    with `send_after` is sent when the file says.
    """
    if not isinstance(case.scenario, EvalScriptScenario):
        return
    spoken = [turn for turn in case.scenario.turns if turn.user is not None or turn.dtmf is not None]
    client: Any = session._client  # nothing else happens before the moment from which a turn's budget counts
    number = 0

    def waiting(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        async def send_later(text: Any) -> None:
            nonlocal number
            number += 1
            exact = spoken[number - 1].send_after is not None
            await asyncio.sleep(max(silence(number), 0.0 if exact else BREATH))
            await send(text)

        return send_later

    for name in ("send_text", "send_dtmf", "say", "say_with_pauses"):
        setattr(client, name, waiting(getattr(client, name)))


def _asked_for(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns from the user's first on, because a greeting before it is not judged.

    If a bot immediately repeats itself, that is no new turn: it said the same thing twice.
    """
    first = next((index for index, turn in enumerate(turns) if turn.user is not None), 0)
    joined: list[Turn] = []
    for turn in turns[first:]:
        before = joined[-1] if joined else None
        if before is not None and turn.user is None and turn.text and turn.text == before.text:
            joined[-1] = replace(
                before,
                ended=turn.ended,
                heard=[*before.heard, *turn.heard],
                errors=[*before.errors, *turn.errors],
                frames=Frames([*before.frames, *turn.frames]),
            )
        else:
            joined.append(turn)
    return joined


def _of_the_bot(entries: Sequence[Entry]) -> list[Entry]:
    """Return the journal without the chats of the judge and the caller."""
    chats = {
        entry.connection
        for entry in entries
        if entry.kind == "request" and "/chat/completions" in str(entry.field("path"))
    }
    return [entry for entry in entries if entry.connection not in chats or entry.kind == "fault"]
