"""What was renamed still works under its old name for a while, and says its new one."""

from __future__ import annotations

import sys
import types
import warnings

import pytest
from mock_openai import faults
from mock_openai.deprecation import renamed, warn_renamed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Passage", "EventMatcher"),
        ("Plan", "FaultPlan"),
        ("Point", "Trigger"),
        ("Spot", "Position"),
        ("Strike", "Injection"),
        ("Verdict", "Effect"),
        ("Wire", "FaultContext"),
    ],
)
def test_old_names_of_faults_give_the_new_ones_and_say_so(old: str, new: str) -> None:
    with pytest.warns(
        DeprecationWarning, match=rf"faults\.{old} is now called mock_openai\.faults\.{new}; .* 0\.3"
    ):
        found = getattr(faults, old)
    assert found is getattr(faults, new)
    assert old not in faults.__all__


def test_the_old_name_of_a_planned_faults_trigger_gives_it_and_says_so() -> None:
    planned = faults.at(turn=2).reset()
    with pytest.warns(DeprecationWarning, match=r"Planned\.point is now called Planned\.trigger"):
        assert planned.point is planned.trigger


def test_a_fault_that_still_calls_its_method_strike_works_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mock_openai.faults.registry._known", {})  # it stays unknown to other tests

    class Old:
        name = "old_of_a_user"

        async def strike(self, context: faults.FaultContext) -> faults.Effect:
            return faults.Effect.GO_ON

    with pytest.warns(DeprecationWarning, match=r"Old\.strike is now called .*Old\.inject"):
        kind = faults.register(Old)
    assert kind.inject is Old.strike  # type: ignore[attr-defined]


def test_the_warning_points_at_the_line_that_uses_the_old_name() -> None:
    program = "\n\nfrom mock_openai.faults import Wire\n"
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        exec(compile(program, "users_test.py", "exec"), {"__name__": "users_test"})
    assert {(each.filename, each.lineno) for each in seen} == {("users_test.py", 3)}


def test_an_argument_is_renamed_by_the_same_helper() -> None:
    def serve(*, speed: float | None = None, pace: float = 1.0) -> float:
        if speed is not None:
            warn_renamed("serve(speed=...)", "serve(pace=...)", gone="0.3")
        return pace if speed is None else speed

    with pytest.warns(DeprecationWarning, match=r"serve\(speed=\.\.\.\) is now called serve\(pace") as seen:
        assert serve(speed=2.0) == 2.0
    assert [each.filename for each in seen] == [__file__]


def test_a_name_that_never_was_is_an_attribute_error(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("house")
    monkeypatch.setitem(sys.modules, "house", module)
    module.new = 1  # type: ignore[attr-defined]
    module.__getattr__ = renamed("house", {"old": "new"}, gone="2")  # type: ignore[method-assign]
    with pytest.raises(AttributeError, match="module 'house' has no attribute 'other'"):
        _ = module.other
    with pytest.warns(DeprecationWarning, match="house.old is now called house.new"):
        assert module.old == 1
