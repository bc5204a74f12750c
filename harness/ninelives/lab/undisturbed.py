"""The calm conversation that is played first, without faults: does the bot work at all?

A problem of the bot is reported once, as the first one: it could not start, it uses another API, it connects
to another address, or it starts and cannot hold the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ninelives.bot import mishaps
from ninelives.bot.overheard import overheard
from ninelives.bot.start_failure import Hangs, hangs, not_started, time_limit
from ninelives.lab.apis import elsewhere, goes_off
from ninelives.lab.conditions import Conditions
from ninelives.lab.failure_text import turns
from ninelives.lab.run import Outcome, run_scenario
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import name_of, source_of
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mock_openai.journal.entries import Entry

    from ninelives.lab.services import Factory

CALM = "calm_conversation_with_a_tool"

TIMEOUT = 120.0
"""Real seconds after which a bot that blocks in the calm conversation counts as hanging. The conversation
takes a fraction of one, plus the time to load the bot's models.
"""


@dataclass(frozen=True, slots=True)
class First:
    """The result of the calm conversation."""

    who: str
    outcome: Outcome
    voice: bool = False
    """Whether it was held with a voice, as the other scenarios should be."""
    chosen: bool = False
    """Whether the voice was not requested, but the bot has one, and it works as text."""

    @property
    def held(self) -> bool:
        """Whether the bot works undisturbed. If it is only slow, every scenario reports how slow."""
        return self.outcome.held or self.outcome.only_late

    @property
    def summary(self) -> str:
        """The first line of the problem."""
        how = " when it is called with a voice" if self.voice else ""
        advice = " It works as text: --no-voice (in pytest: ninelives_voice = false)." if self.chosen else ""
        return (
            f"{self.who}: this bot does not work even without faults{how}. No fault was tried yet, and no "
            f"scenario was played.{advice}"
        )

    def lines(self) -> Iterator[str]:
        """Return the problems, turn by turn, with the exceptions that the bot's own code raised."""
        yield from turns(self.outcome)
        if self.outcome.crash:
            yield f"crashed: {self.outcome.crash}"
        if not any(_asks(entry) for entry in self.outcome.episode.wire):
            yield "the model was never called: no request reached the mock server"
        if self.outcome.deaf and not self.outcome.crash:
            yield from self._deaf()
        yield from mishaps.lines(self.outcome.mishaps)
        yield from (f"{each.promise} broken: {each.why}" for each in self.outcome.broken)

    def _deaf(self) -> Iterator[str]:
        by = ", ".join(self.outcome.turns_begin_by) or "a processor of its own"
        yield f"no turn of the user reached the model: their words were recognized; turns begin by {by}"
        yield (
            "if the bot waits for a button, a message of its client or a wake phrase, name a function that "
            "makes it without; in a test of yours, say the phrase, or send the message by "
            "caller.worker.queue_frame"
        )


def _asks(entry: Entry) -> bool:
    """Whether a model is called, not only warmed up."""
    body = entry.field("body") if entry.kind == "request" else None
    return isinstance(body, Mapping) and body.get("generate") is not False


def play_first(
    factory: Factory, *, seed: int = 0, voice: bool | None = False, timeout: float = TIMEOUT
) -> First:
    """Play the calm conversation.

    `voice`: whether the bot is called with a voice. None: it is called with text, and once more with a voice
    if it has one or has a transport of its own. Then the call with a voice counts, unless both fail: the
    problem is easier to see in text, except for words that only a voice says twice.

    Raises UsageError if there can be no conversation: CouldNotStart if the bot's own code fails before the
    user can speak, OtherApi and GoesElsewhere if its service uses another API or another server.
    """
    first = _played(factory, seed, bool(voice), timeout)
    if voice is None and first.outcome.speaks:
        aloud = replace(_played(factory, seed, True, timeout), chosen=first.held)
        if first.held or aloud.held or (_repeats(aloud) and not _repeats(first)):
            return aloud
    return first


def _repeats(first: First) -> bool:
    return any(each.promise == "I1" for each in first.outcome.broken)


def _played(factory: Factory, seed: int, voice: bool, timeout: float) -> First:
    who = name_of(factory)
    conditions = Conditions(voice=voice)
    with overheard() as said:
        try:
            with time_limit(timeout):
                outcome = run_scenario(scenarios()[CALM], factory, seed=seed, conditions=conditions)
        except Hangs as error:
            raise hangs(who, error) from None
    if outcome.went_to is not None:
        raise _advice_on_connecting(outcome, outcome.went_to, who, source_of(factory))
    if not outcome.started:
        raise not_started(who, outcome.mishaps, outcome.failure or RuntimeError(outcome.crash), said.last)
    return First(who, outcome, voice)


def _advice_on_connecting(outcome: Outcome, address: str, who: str, near: Path | None) -> UsageError:
    """Return what to do about a bot that connected to another machine."""
    if (found := elsewhere(outcome.hosts, address, who, near)) is not None:
        return found
    parts = (each.where for each in outcome.mishaps if "NetworkBlocked" in each.error)
    return goes_off(who, address, outcome.went_from or next((f"its {part}" for part in parts), ""))
