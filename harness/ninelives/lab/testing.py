"""The scenarios as pytest tests of a user's own service: one line in a test file, one test a scenario."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninelives.lab.scenario import Scenario
    from ninelives.lab.services import Factory


def as_tests(
    service: Any, pattern: str | None = None, *, stories: str | Path | None = None
) -> Callable[..., None]:
    """A parametrised test that plays scenarios against a service; bind it to a name that pytest collects.

        test_my_bot_survives = as_tests(make_service)

    `service` is a service class, a function of `(base_url, ws_url)` that builds one or a whole pipeline, or
    one that runs a bot, as in Pipecat's examples: `run_bot(transport, runner_args)`. `pattern` chooses
    scenarios by name, as `ninelives verdict --scenario` does; ValueError when none is called so. `stories` is
    a folder, or a file, of stories that `ninelives explore` found, beside the file that calls this; they are
    then the only ones unless a pattern is given too. Scenarios that cannot happen on the service's transport
    are skipped. A failed test shows what was said and heard in each turn, which promise it broke, and the
    timeline around it.
    """
    import pytest

    from ninelives.lab.scenarios import matching
    from ninelives.lab.services import as_factory

    chosen: list[Scenario] = []
    if pattern is not None or stories is None:
        chosen += matching(pattern or "*")
        if not chosen:
            raise ValueError(f"no scenario is called {pattern!r}; `ninelives scenarios` lists them")
    if stories is not None:
        from ninelives.lab.story_file import load_all

        beside = Path(sys._getframe(1).f_globals.get("__file__") or ".").parent
        chosen += load_all(beside / stories)
    factory = as_factory(service)

    @pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in chosen])
    def test(scenario: Scenario, request: pytest.FixtureRequest) -> None:
        survive(scenario, factory, request.node)

    return test


def survive(scenario: Scenario, factory: Factory, item: Any) -> None:
    """Play a scenario as the test `item`: skip what cannot happen, fail what breaks a promise, with the
    timeline around it.
    """
    import pytest
    from loguru import logger

    from ninelives.fixtures.evidence import evidence_of
    from ninelives.lab.run import run_scenario
    from ninelives.lab.telling import told

    # Pages of log would stand before what matters, and the timeline says more.
    for name in ("pipecat", "pipecat_responses"):
        logger.disable(name)
    try:
        outcome = run_scenario(scenario, factory)
    finally:
        for name in ("pipecat", "pipecat_responses"):
            logger.enable(name)
    if not outcome.told:
        pytest.skip(f"cannot happen over {outcome.transport}")
    if not outcome.held:
        evidence_of(item).outcomes.append(outcome)
        pytest.fail(told(outcome), pytrace=False)
