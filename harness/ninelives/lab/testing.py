"""The scenarios as pytest tests of a user's own service: one line in a test file, one test per scenario."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_openai.deprecation import warn_renamed

from ninelives.lab.conditions import USUAL, Conditions, read_conditions
from ninelives.lab.services import Factory
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from mock_openai.turn.pacing import Pace

    from ninelives.lab.scenario import Scenario


def as_tests(
    service: Any,
    pattern: str | None = None,
    *,
    scenario_files: str | Path | None = None,
    pace: str | Pace | None = None,
    max_first_word: str | float | None = None,
    max_dead_air: str | float | None = None,
    voice: bool | None = None,
    stories: str | Path | None = None,
) -> Callable[..., None]:
    """Return a parametrized test that plays scenarios against a service. Give it a name that pytest collects.

        test_my_bot_survives = as_tests(make_service)

    A calm conversation is played before the first test: a bot that cannot hold it fails that test, which says
    why, and the others are skipped. Scenarios that cannot happen on the service's transport are skipped. A
    failed test shows what was said and heard in each turn, which promise it broke, and the timeline around
    it.

    Args:
        service: A service class; a function of `(base_url, ws_url)` that builds a service or a whole
            pipeline; a function that runs a bot, as in Pipecat's examples: `run_bot(transport, runner_args)`;
            or the name of one of these, such as `"bot.py:run_bot"`, beside the file that calls this.
        pattern: Chooses scenarios by name, as `ninelives verdict --scenario` does.
        scenario_files: A scenario file, or a folder of them, beside the file that calls this, such as those
            that `ninelives explore` writes. They are then the only ones, unless a pattern is given too.
        pace: When the model's events leave, as for `MockServer`; a file stands beside that of the test.
        max_first_word: The longest time until the first word: seconds, `2s` or `500ms`.
        max_dead_air: The longest silence of a turn: seconds, `2s` or `500ms`.
        voice: Whether the bot is called with a voice, on a line. By default a bot that has text to speech or
            a transport is, and any other is played as text.
        stories: The deprecated name of `scenario_files`.

    Raises:
        ValueError: No scenario has such a name.
    """
    import pytest

    from ninelives.lab.scenarios import matching
    from ninelives.lab.services import as_factory, find_factory

    beside = Path(sys._getframe(1).f_globals.get("__file__") or ".").parent
    try:
        conditions = read_conditions(
            pace=pace, max_first_word=max_first_word, max_dead_air=max_dead_air, voice=voice, base=beside
        )
    except UsageError as error:
        raise ValueError(str(error)) from None
    chosen: list[Scenario] = []
    if stories is not None:
        warn_renamed("as_tests(stories=...)", "as_tests(scenario_files=...)", gone="0.3")
        scenario_files = stories
    if pattern is not None or scenario_files is None:
        chosen += matching(pattern or "*")
        if not chosen:
            raise ValueError(f"no scenario is called {pattern!r}; `ninelives scenarios` lists them")
    if scenario_files is not None:
        from ninelives.lab.scenario_file import load_all

        chosen += load_all(beside / scenario_files)
    try:
        factory = find_factory(service, beside) if isinstance(service, str) else as_factory(service)
    except UsageError as error:  # reported by the first test, like all other problems of a bot
        factory = _refuses(error)

    @pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in chosen])
    def test(scenario: Scenario, request: pytest.FixtureRequest) -> None:
        survive(scenario, factory, request.node, conditions)

    return test


def survive(scenario: Scenario, factory: Factory, item: Any, conditions: Conditions = USUAL) -> None:
    """Play a scenario as the test `item`: skip it if it cannot happen, and fail it with the timeline if it
    breaks a promise.

    The first test of a bot plays a calm conversation first, and reports its failure.
    """
    import pytest

    from ninelives.fixtures.evidence import evidence_of
    from ninelives.lab.failure_text import as_text
    from ninelives.lab.run import run_scenario

    key = factory, conditions.voice
    if key not in _first:
        with _no_log():
            _first[key] = _calm(factory, item, conditions.voice)
        if _first[key].why:
            pytest.fail(_first[key].why, pytrace=False)
    known = _first[key]
    if known.why:
        heading = known.why.partition("\n")[0]
        pytest.skip(f"{heading} See {known.reported_by}")
    conditions = replace(conditions, voice=known.voice)
    with _no_log():
        outcome = run_scenario(scenario, factory, conditions=conditions)
    if not outcome.applies:
        pytest.skip(f"not possible over {outcome.transport}")
    if not outcome.held:
        evidence_of(item).outcomes.append(outcome)
        pytest.fail(as_text(outcome), pytrace=False)


@dataclass(frozen=True, slots=True)
class _Tried:
    """The findings of a bot's first test. `why` is empty if it works undisturbed."""

    why: str
    reported_by: str
    voice: bool = False
    """Whether the scenarios are played with a voice."""


_first: dict[tuple[Factory, bool | None], _Tried] = {}
"""The bots that have been tested, by their factory, which is made once in a test run, and by whether a
voice was requested.
"""


def _calm(factory: Factory, item: Any, voice: bool | None) -> _Tried:
    from ninelives.fixtures.evidence import evidence_of
    from ninelives.lab.undisturbed import play_first

    try:
        first = play_first(factory, voice=voice)
    except UsageError as error:
        return _Tried(str(error), item.nodeid)
    if first.held:
        return _Tried("", item.nodeid, first.voice)
    evidence_of(item).outcomes.append(first.outcome)
    return _Tried("\n".join([first.summary, "", *first.lines()]), item.nodeid)


def _refuses(error: UsageError) -> Factory:
    def factory(base_url: str, ws_url: str) -> Any:
        raise error

    return factory


@contextmanager
def _no_log() -> Iterator[None]:
    """Leave out pages of log before the important lines; the timeline says more."""
    from loguru import logger

    names = ("pipecat", "pipecat_responses")
    for name in names:
        logger.disable(name)
    try:
        yield
    finally:
        for name in names:
            logger.enable(name)
