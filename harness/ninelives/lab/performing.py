"""Performs the steps of a scenario with a bot: as text, or in a call with a voice."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ninelives.bot.hosting import NotRunnable, can_run
from ninelives.bot.moments import Moment, SinceAsked, words
from ninelives.lab.apis import require_responses
from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.services import Invitation, name_of, source_of
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from mock_openai import MockServer

    from ninelives.bot import Bot
    from ninelives.lab.services import Factory
    from ninelives.voice import VoiceCall

THINKER = "gpt-5-mini"
"""A model that accepts `reasoning`, unlike Pipecat's default model."""

GRACE = 5.0
"""Seconds beyond a scenario's limit after which a turn is given up."""

TO_PLAY = 0.5
"""Additional seconds for each word of the longest answer, if it has to be played too."""


def bot_of(
    made: Any, factory: Factory, base_url: str, ws_url: str, scenario: Scenario, *, voice: bool
) -> Bot | VoiceCall:
    """Return the bot to test, made of what a factory returned: a service, a pipeline, a worker, a whole bot.

    Raises:
        UsageError: it returned nothing that can be tested, or nothing that can be tested with a voice.
    """
    from ninelives.bot import Bot

    match made:
        case Bot() if voice:
            raise UsageError(
                f"{name_of(factory)} returned a Bot, which has no voice; make it return a service, a "
                "pipeline or a worker, or try it without a voice"
            )
        case Bot():
            return made
        case Invitation():
            name, made = made.name, made.function
        case _ if inspect.isawaitable(made):
            name, awaited = name_of(factory), made
            made = lambda: awaited  # noqa: E731
        case _ if can_run(made):
            name = name_of(factory)
        case _:
            raise NotRunnable(name_of(factory), made)
    options: dict[str, Any] = {
        "tools": dict(scenario.tools),
        "base_url": base_url,
        "ws_url": ws_url,
        "name": name,
        "timeout": scenario.bound + GRACE,
    }
    if voice:
        from ninelives.lab.calling import LaboratoryCall

        options["timeout"] += TO_PLAY * max((len(answer.split()) for answer in scenario.answers), default=0)
        return LaboratoryCall(made, **options)
    bot = Bot(made, **options)
    require_responses(bot.services, name_of(factory), source_of(factory))
    return bot


async def let_it_think(bot: Bot | VoiceCall) -> None:
    """Configure the service for a model that thinks, if it has settings for that."""
    config = getattr(type(bot.service), "ReasoningConfig", None)
    if config is not None:
        await bot.update_settings(model=THINKER, reasoning=config(effort="low", summary="auto"))


async def perform(scenario: Scenario, bot: Bot | VoiceCall, server: MockServer) -> None:
    """Perform the steps, in order.

    Faults of a step are armed when the user begins to speak; with a voice, where speaking takes time, at the
    end of their words.
    """
    for step in scenario.steps:
        match step:
            case Wait(seconds=seconds):
                server.faults.add(*step.faults)
                await bot.pause(seconds)
            case Say(text=text):
                _arm(bot, partial(server.faults.add, *step.faults))
                await bot.say(text, cut_in=_moment(step))


def _arm(bot: Bot | VoiceCall, arm: Callable[[], object]) -> None:
    from ninelives.bot import Bot

    if isinstance(bot, Bot):
        arm()
        return

    def once() -> None:
        bot.on_question = lambda: None
        arm()

    bot.on_question = once


def _moment(step: Say) -> Moment | None:
    if step.cut_in is None:
        return None
    return words(step.cut_in) if step.cut_in else SinceAsked(step.after)
