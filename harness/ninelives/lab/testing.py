"""The scenarios as pytest tests of a user's own service: one line in a test file, one test a scenario."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome
    from ninelives.lab.scenario import Scenario


def as_tests(service: Any, pattern: str = "*") -> Callable[..., None]:
    """A parametrised test that plays scenarios against a service; bind it to a name that pytest collects.

        test_my_bot_survives = as_tests(make_service)

    `service` is a service class, or a function of `(base_url, ws_url)` that builds one. `pattern` chooses
    scenarios by name, as `ninelives verdict --scenario` does; ValueError when none is called so. Scenarios
    that cannot happen on the service's transport are skipped. A failed test shows what was said and heard in
    each turn and which promise it broke.
    """
    import pytest

    from ninelives.lab.scenarios import matching
    from ninelives.lab.services import as_factory

    chosen = matching(pattern)
    if not chosen:
        raise ValueError(f"no scenario is called {pattern!r}; `ninelives scenarios` lists them")
    factory = as_factory(service)

    @pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in chosen])
    def test(scenario: Scenario) -> None:
        from ninelives.lab.run import run_scenario

        outcome = run_scenario(scenario, factory)
        if not outcome.told:
            pytest.skip(f"cannot happen over {outcome.transport}")
        if not outcome.held:
            pytest.fail(_told(outcome), pytrace=False)

    return test


def _told(outcome: Outcome) -> str:
    lines = [outcome.scenario.sentence, ""]
    for turn, expected in zip(outcome.episode.turns, outcome.episode.expected, strict=False):
        lines.append(f"turn {turn.number}, the user: {turn.user!r}")
        if expected is not None:
            lines.append(f"  should be heard: {expected!r}")
        lines.append(f"  was heard:       {turn.text!r}")
        lines += [f"  reported:        {error.category}: {error.message}" for error in turn.errors]
    if outcome.crash:
        lines += ["", f"crashed: {outcome.crash}"]
    lines += ["", *(f"{each.promise} broken: {each.why}" for each in outcome.broken)]
    return "\n".join(lines)
