"""Plays a scenario against any service, in virtual time, and judges the result.

Mock server, bot and service share one virtual loop, with real sockets on loopback: an hour passes in
milliseconds, and the same seed gives the same outcome. The service comes from a factory `factory(base_url,
ws_url)`, so any class can be tested: ours, Pipecat's own or a user's.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mock_openai import MockServer
from mock_openai.deprecation import warn_renamed
from mock_openai.interruption import raise_if_interrupted

from ninelives.bot import TurnTimeout
from ninelives.bot.environment import addresses, stand_ins
from ninelives.bot.own_code import place_of_frame
from ninelives.bot.speech import turn_starts
from ninelives.bot.start_failure import Exited
from ninelives.bot.tapped import NoLLMService
from ninelives.fixtures.network import Guard
from ninelives.lab.apis import hosts_of, require_responses
from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.ending import caught, first_line, journal_of, transport_of
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.figures import NO_FIGURES, Figures, figures_of
from ninelives.lab.performing import bot_of, let_it_think, perform
from ninelives.lab.promises import judge
from ninelives.lab.scenario import Scenario
from ninelives.lab.services import name_of, source_of
from ninelives.lab.side_requests import move, single_questions_aside, without_single_questions
from ninelives.report.timeline import Chapter, Timeline, from_journal, from_mishaps, from_turns, merged
from ninelives.usage_error import UsageError
from ninelives.virtual import VirtualDeadlock, run

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry
    from mock_openai.journal.sent_responses import SentResponse
    from pipecat.services.llm_service import LLMService

    from ninelives.bot import Bot, Turn
    from ninelives.bot.mishaps import Mishap
    from ninelives.lab.services import Factory
    from ninelives.voice import VoiceCall


A_BREATH = 1.0
"""Seconds between a bot's own greeting and the user's first words."""

LATENCY = "I10"
"""The promise that is only about time."""


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The result of one scenario."""

    scenario: Scenario
    episode: Episode
    findings: Sequence[Finding]
    timeline: Timeline = field(default_factory=Timeline)
    transport: str = ""
    """The service's transport: `websocket`, `http`, or empty."""
    crash: str | None = None
    """The exception that ended the run; None if the run ended normally."""
    failure: BaseException | None = None
    """The exception itself, if it was raised here."""
    started: bool = True
    """Whether the bot had started, so that the user could speak."""
    hosts: Sequence[tuple[type, frozenset[str]]] = ()
    """The classes of the bot's processors, LLM services first, with the hosts that their settings name."""
    mishaps: Sequence[Mishap] = ()
    """Exceptions that the bot's own code raised and Pipecat caught."""
    turns_begin_by: Sequence[str] = ()
    """The kinds of strategies that begin the user's turns."""
    went_to: str | None = None
    """The first address off this machine to which the bot tried to connect."""
    went_from: str = ""
    """The line of the user's own code that tried it, as `bot.py:14, in run_bot`; empty if none is known."""
    figures: Figures = NO_FIGURES
    """The caller's waiting times."""
    speaks: bool = False
    """Whether the bot has a voice or a transport of its own."""
    voice: bool = False
    """Whether it was called with a voice, so that heard means played."""

    def __repr__(self) -> str:
        # The repr of all fields would be up to 4 MB, and asyncio asks for it twice whenever a task returns an
        # Outcome.
        result = self.crash or ", ".join(f"{each.promise} broken" for each in self.broken) or "held"
        return f"<Outcome of {self.scenario.name}: {result}>"

    @property
    def applies(self) -> bool:
        """Whether the scenario can happen over the service's transport."""
        return self.transport in ("", *self.scenario.transports)

    @property
    def told(self) -> bool:
        """The deprecated name of `applies`."""
        warn_renamed("Outcome.told", "Outcome.applies", gone="0.3")
        return self.applies

    @property
    def broken(self) -> list[Finding]:
        """The broken promises."""
        return [finding for finding in self.findings if finding.held is False]

    @property
    def held(self) -> bool:
        """Whether every promise that applies was kept."""
        return self.crash is None and not self.broken

    @property
    def only_late(self) -> bool:
        """Whether the only problem is that the caller had to wait too long."""
        return self.crash is None and [each.promise for each in self.broken] == [LATENCY]

    @property
    def deaf(self) -> bool:
        """Whether the user spoke, and none of their turns reached the model."""
        spoke = [turn for turn in self.episode.turns if turn.user is not None]
        return bool(spoke) and all(turn.reached_model is None for turn in spoke)

    @property
    def heard(self) -> list[str]:
        """What was heard, turn by turn."""
        return [turn.played for turn in self.episode.turns]

    @property
    def said(self) -> list[str]:
        """What the server sent, response by response."""
        return [each.text for each in self.episode.said if each.text]

    @property
    def dead_air(self) -> list[float | None]:
        """Seconds from the end of the user's words to the first word heard, turn by turn."""
        return [turn.dead_air for turn in self.episode.turns]

    def chapter(self, title: str | None = None, bot: str = "") -> Chapter:
        """Return the outcome as a chapter of a report, which may be about several bots."""
        talk = zip(self.episode.turns, self.heard, strict=True)
        heard = [(turn.user or "", text + ("…" if _unfinished(turn) else "")) for turn, text in talk]
        name = title or self.scenario.name.replace("_", " ")
        return Chapter(
            name,
            self.scenario.sentence,
            self.timeline,
            tuple(self.findings),
            tuple(heard),
            latency=str(self.figures),
            dead_air=self.figures.dead_air,
            group=self.scenario.chapter,
            bot=bot,
            about=self.scenario.about,
            crashed=self.crash is not None,
        )


def _unfinished(turn: Turn) -> bool:
    return turn.interrupted is not None or bool(turn.errors)


def run_scenario(
    scenario: Scenario, factory: Factory, *, seed: int = 0, conditions: Conditions = USUAL
) -> Outcome:
    """Play a scenario in virtual time. The same seed gives the same outcome.

    Nothing leaves this machine: a bot that connects to another server than the mock server counts as crashed.

    Args:
        scenario: The scenario.
        factory: Makes the service or the bot.
        seed: Seeds all random numbers.
        conditions: The model's pace and the caller's patience, instead of the scenario's own.
    """
    before = random.getstate()
    places: list[str] = []

    def forbid(_: str, address: str) -> str:
        places.append(place_of_frame(sys._getframe()))
        return forbidden("the bot", address)

    guard = Guard(forbid)
    guard.install()
    try:
        outcome = run(play(scenario, factory, seed=seed, conditions=conditions))
    except (VirtualDeadlock, SystemExit) as error:
        failure = Exited(error) if isinstance(error, SystemExit) else error
        outcome = Outcome(scenario, Episode([], []), [], crash=first_line(failure), failure=failure)
    finally:
        guard.remove()
        random.setstate(before)
    raise_if_interrupted()  # the bot's own code may have caught the error and changed the run
    if not guard.attempts:
        return outcome
    address = guard.attempts[0]
    place = next(filter(None, places), "")
    return replace(outcome, crash=forbidden("the bot", address), went_to=address, went_from=place)


def forbidden(who: str, address: str) -> str:
    """Return the error for a bot that connects elsewhere."""
    return f"{who} tried to connect to {address}; scenarios may not leave this machine"


async def play(
    scenario: Scenario, factory: Factory, *, seed: int = 0, conditions: Conditions = USUAL
) -> Outcome:
    """Play a scenario on the running loop, which should be a virtual one."""
    loop = asyncio.get_running_loop()
    seed += scenario.seed
    random.seed(seed)  # backoff has jitter, and clients use the global generator
    server = MockServer(
        script=list(scenario.script),
        faults=scenario.faults,
        pace=scenario.pace if conditions.pace is None else conditions.pace,
        seed=seed,
        **scenario.server,
    )

    def require(services: Sequence[LLMService[Any]]) -> None:
        require_responses(services, name_of(factory), source_of(factory))
        if bot is not None:
            move(bot.beside, server)

    bot: Bot | VoiceCall | None = None
    started = False
    prologue = 0
    async with server, AsyncExitStack() as surroundings:
        opened = loop.time()
        base_url, ws_url = _addresses(server, tls=scenario.tls)
        surroundings.enter_context(addresses(base_url, ws_url))
        surroundings.enter_context(stand_ins())
        surroundings.enter_context(single_questions_aside(server))
        with caught() as ending, suppress(TurnTimeout):  # a turn without end breaks I4
            try:
                made = factory(base_url, ws_url)
                bot = bot_of(made, factory, base_url, ws_url, scenario, voice=bool(conditions.voice))
                bot.on_services = require
                async with bot as bot:  # the factory may have returned a Bot of its own
                    require(bot.services)
                    started = True
                    prologue = len(bot.turns)
                    if prologue:
                        await bot.pause(A_BREATH)
                    if scenario.thinks:
                        await let_it_think(bot)
                    await perform(scenario, bot, server)
            except NoLLMService as error:
                raise UsageError(
                    f"{name_of(factory)}: {error}; ninelives tests what a bot says through one"
                ) from None
        shift = opened - bot.started if bot is not None else 0.0
        entries, said = without_single_questions(*journal_of(server, shift=shift))
    outcome = judged(scenario, bot, entries, said, prologue, conditions)
    return replace(outcome, failure=ending.failure, crash=ending.crash, started=started)


def _addresses(server: MockServer, *, tls: bool) -> tuple[str, str]:
    if not tls:
        return server.base_url, server.ws_url
    return "https" + server.base_url.removeprefix("http"), "wss" + server.ws_url.removeprefix("ws")


def judged(
    scenario: Scenario,
    bot: Bot | VoiceCall | None,
    entries: list[Entry],
    said: list[SentResponse],
    prologue: int,
    conditions: Conditions,
) -> Outcome:
    """Judge a conversation by the bot's turns and the server's journal, on the bot's clock.

    The first `prologue` turns, which the bot says before anybody has spoken, are not judged.
    """
    everything = list(bot.turns) if bot is not None else []
    turns = everything[prologue:]  # what a bot says before anybody has spoken is not part of the scenario
    errors = list(bot.errors) if bot is not None else []
    reported = {id(error) for turn in everything for error in turn.errors}
    episode = Episode(
        turns=turns,
        said=said,
        faults=[entry for entry in entries if entry.kind == "fault"],
        expected=_expected(scenario, turns),
        wire=entries,
        stray=[error for error in errors if id(error) not in reported],
        tells_spoken=bot is not None and "on_response_interrupted" in bot.events,
        bound=scenario.bound,
        budgets=conditions.budgets,
        thinks=scenario.thinks,
    )
    mishaps = list(bot.mishaps) if bot is not None else []
    return Outcome(
        scenario=scenario,
        episode=episode,
        findings=judge(episode),
        timeline=merged(from_turns(everything), from_mishaps(mishaps), from_journal(entries)),
        transport=transport_of(entries),
        hosts=hosts_of([*bot.services, *bot.processors]) if bot is not None else [],
        mishaps=mishaps,
        turns_begin_by=turn_starts(bot.processors) if bot is not None else [],
        figures=figures_of(episode),
        speaks=bot is not None and bot.speaks,
        voice=bool(conditions.voice),
    )


def _expected(scenario: Scenario, turns: Sequence[Turn]) -> list[str | None]:
    """Return the whole answer to each turn; None for turns in which the bot spoke unasked."""
    answers = iter(scenario.expected)
    return [next(answers, None) if turn.user is not None else None for turn in turns]
