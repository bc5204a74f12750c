"""One conversation by keyboard: a mock server, a bot on it, and typed lines.

It runs on any loop: on an ordinary one for people, on a virtual one for tests. Everything said, heard and
broken is kept in the session, so that it can be judged and drawn even if it is ended in the middle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from mock_openai import MockServer

from ninelives.bot.environment import addresses, stand_ins
from ninelives.bot.start_failure import Exited, could_not_start
from ninelives.bot.tapped import NoLLMService
from ninelives.bot.turn import Turn, TurnTimeout
from ninelives.lab.apis import hosts_of, require_responses
from ninelives.lab.conditions import USUAL
from ninelives.lab.ending import journal_of
from ninelives.lab.episode import TURN_BOUND
from ninelives.lab.figures import figures_of
from ninelives.lab.performing import bot_of
from ninelives.lab.promises import judge
from ninelives.lab.run import Outcome, judged
from ninelives.lab.scenario import Scenario
from ninelives.lab.services import name_of, source_of
from ninelives.talk import typed
from ninelives.talk.growing import Growing
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from pipecat.services.llm_service import LLMService

    from ninelives.bot import Bot
    from ninelives.lab.services import Factory
    from ninelives.report.timeline import Row

LOOK = 0.05
"""Seconds between two checks for new rows."""

CONVERSATION = Scenario("talk", "A typed conversation.", (), ())
"""The scenario for judging, without expected answers, because they are unknown."""


class Session:
    """One conversation. `run` has it; `outcome` judges it.

    `show` is called with each new row of the timeline, and `note` with other messages. `piped`: the lines
    come from a file or a pipe, whose writer cannot see what is heard; so each line is said when the turn
    before it is over, and a line that cannot be parsed ends the conversation with a UsageError.
    """

    def __init__(
        self,
        factory: Factory,
        server: MockServer,
        *,
        show: Callable[[Row], None],
        note: Callable[[str], None],
        events: bool = False,
        piped: bool = False,
        timeout: float = TURN_BOUND,
    ) -> None:
        self.bot: Bot | None = None
        self._factory = factory
        self._server = server
        self._show, self._note = show, note
        self._growing = Growing(events=events)
        self._piped = piped
        self._scenario = replace(CONVERSATION, bound=timeout)
        self._read_to = 0
        self._opened = 0.0
        self._there = False
        self._prologue = 0
        self._saying: Turn | None = None
        self._typed: list[Turn] = []
        """The turns for typed words, in order; a turn gets its number when it begins."""
        self._left = True
        """Whether the user leaves, or has left, without waiting for the end of the turn."""

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Talk until the lines end, somebody hangs up, or the bot does. Raises UsageError if there can be
        no conversation.
        """
        async with self._server, AsyncExitStack() as surroundings:
            self._opened = asyncio.get_running_loop().time()
            base_url, ws_url = self._server.base_url, self._server.ws_url
            surroundings.enter_context(addresses(base_url, ws_url))
            surroundings.enter_context(stand_ins())
            self.bot = self._made(base_url, ws_url)
            showing = asyncio.create_task(self._keep_showing(), name="timeline")
            try:
                await self._converse(lines)
            finally:
                showing.cancel()
                self._news()
                self._print(self._growing.rest())

    def outcome(self) -> Outcome | None:
        """Judge the conversation so far; None if there was none. A turn in which the user left is not
        judged.
        """
        if self.bot is None or not self._there:
            return None
        entries, said = journal_of(self._server, shift=self._opened - self.bot.started)
        outcome = judged(self._scenario, self.bot, entries, said, self._prologue, USUAL)
        return _without_the_last_turn(outcome) if self.left_in_turn else outcome

    @property
    def left_in_turn(self) -> int | None:
        """The number of the turn in which the user left; None if the last turn is over."""
        last = self.bot.turns[-1] if self.bot is not None and self.bot.turns else None
        open_turn = last is not None and last.ended is None and not last.timed_out
        return last.number if last is not None and open_turn and self._left else None

    def hosts(self) -> Sequence[tuple[type, frozenset[str]]]:
        """Return the classes of the bot's processors with the hosts that their settings name."""
        return hosts_of([*self.bot.services, *self.bot.processors]) if self.bot is not None else []

    def _made(self, base_url: str, ws_url: str) -> Bot:
        who = name_of(self._factory)

        def require(services: Sequence[LLMService[Any]]) -> None:
            require_responses(services, who, source_of(self._factory))

        try:
            made = self._factory(base_url, ws_url)
            bot = cast("Bot", bot_of(made, self._factory, base_url, ws_url, self._scenario, voice=False))
        except NoLLMService as error:
            raise UsageError(f"{who}: {error}; ninelives talks to a bot through one") from None
        except UsageError:
            raise
        except SystemExit as error:
            raise could_not_start(who, Exited(error)) from None
        except Exception as error:
            raise could_not_start(who, error) from None
        bot.on_services = require
        return bot

    async def _converse(self, lines: AsyncIterator[str]) -> None:
        assert self.bot is not None
        async with AsyncExitStack() as there:
            self.bot = await self._entered(there, self.bot)
            self._there = True
            self._prologue = len(self.bot.turns)
            self._note("the bot is ready: type something; /help lists the commands")
            gone = asyncio.create_task(self._gone(self.bot), name="the bot hangs up")
            number = 0
            try:
                while (line := await self._next(lines, gone)) is not None:
                    number += 1
                    if not await self._act(self.bot, line, number):
                        return
                await self._heard_out(self.bot)
                self._left = False
            finally:
                gone.cancel()

    async def _entered(self, there: AsyncExitStack, bot: Bot) -> Bot:
        who = name_of(self._factory)
        try:
            return await there.enter_async_context(bot)
        except NoLLMService as error:
            raise UsageError(f"{who}: {error}; ninelives talks to a bot through one") from None
        except (UsageError, TurnTimeout):
            raise
        except Exception as error:
            raise could_not_start(who, error) from None

    async def _next(self, lines: AsyncIterator[str], gone: asyncio.Task[None]) -> str | None:
        """Return the next line; None if there is none, or nobody to hear it."""
        waiting = asyncio.ensure_future(anext(lines, None))
        try:
            await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and not gone.cancelled():
                self._left = False  # the bot did
                gone.result()
                self._note("the bot has hung up")
                return None
            return await waiting
        finally:
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait([waiting])

    async def _gone(self, bot: Bot) -> None:
        while not bot.ended:  # noqa: ASYNC110  # nothing tells, and somebody looks anyway
            await asyncio.sleep(LOOK)

    async def _act(self, bot: Bot, line: str, number: int) -> bool:
        """Execute a line. Return False if the user leaves."""
        try:
            meant = typed.read(line)
        except UsageError as error:
            if self._piped:
                raise UsageError(f"line {number}: {error}") from None
            self._note(str(error))
            return True
        match meant:
            case typed.Words(text):
                if self._piped:
                    await self._heard_out(bot)
                self._saying = bot.say_soon(text)
                self._typed.append(self._saying)
            case typed.Break(plan):
                self._break(plan)
            case typed.Wait(seconds):
                await bot.wait(seconds)
            case typed.CutIn():
                if await bot.interrupt() is None:
                    self._note("there is nothing to interrupt: the bot is not speaking")
            case typed.ShowEvents():
                self._growing.events = not self._growing.events
            case typed.Help():
                self._note("\n".join(typed.help_lines()))
            case typed.HangUp():
                await bot.hang_up()
                if unsaid := [repr(turn.user) for turn in self._typed if turn.number == 0]:
                    self._note(f"you hung up before you had said {', '.join(unsaid)}")
                return False
        return True

    def _break(self, plan: Callable[[int], Any]) -> None:
        self._news()
        connection = self._growing.connection
        if connection is None:
            self._note("there is no open connection to break: say something first")
            return
        self._server.faults.add(plan(connection))

    async def _heard_out(self, bot: Bot) -> None:
        """Wait until the last turn is over, or given up."""
        if self._saying is not None:
            with suppress(TurnTimeout):
                await bot.listen(self._saying)

    async def _keep_showing(self) -> None:
        while True:
            self._news()
            await asyncio.sleep(LOOK)

    def _news(self) -> None:
        bot = self.bot
        entries = list(self._server.journal.since(self._read_to))
        self._read_to = self._server.journal.end
        turns = bot.turns if bot is not None else []
        later = bot.started - self._opened if bot is not None and turns else 0.0
        self._print(self._growing.news(entries, turns, later))

    def _print(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._show(row)


def _without_the_last_turn(outcome: Outcome) -> Outcome:
    """Judge only the turns before the last one."""
    whole = outcome.episode
    began = whole.turns[-1].began
    before = replace(
        whole,
        turns=whole.turns[:-1],
        said=[each for each in whole.said if each.began < began],
        faults=[each for each in whole.faults if each.at < began],
        expected=whole.expected[:-1],
        wire=[each for each in whole.wire if each.at < began],
        stray=[each for each in whole.stray if each.at < began],
    )
    return replace(outcome, findings=judge(before), figures=figures_of(before))
