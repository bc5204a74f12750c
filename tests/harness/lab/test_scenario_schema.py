"""The JSON Schema of scenarios, for editors."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from ninelives.cli import main
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.scenario_file import from_text, to_yaml
from ninelives.schemas import SCHEMAS

SMALL = {
    "steps": [{"user": "hi", "answer": "hello"}, {"pause": 2, "faults": [{"at": {"turn": 1}, "do": "reset"}]}]
}


def allows(data: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMAS["scenario"]()).is_valid(data))


@pytest.mark.parametrize("number", range(12))
def test_drawn_scenarios_are_allowed(number: int) -> None:
    text = to_yaml(draw_scenario(5, number))
    from_text(text)
    assert allows(yaml.safe_load(text))


def test_a_kept_scenario_says_where_its_schema_is() -> None:
    spec = draw_scenario(5, 0)
    first, second, *_ = to_yaml(spec, ["Found by: a test"]).splitlines()
    assert first == f"# yaml-language-server: $schema={SCHEMAS['scenario']()['$id']}"
    assert second == "# Found by: a test"
    assert from_text(to_yaml(spec)) == spec


@pytest.mark.parametrize(
    "change",
    [
        {"steps": []},
        {"act": []},
        {"pace": "slow"},
        {"on_cancel": "never"},
        {"transports": ["sse"]},
        {"steps": [{"user": "hi"}]},
        {"steps": [{"pause": -1}]},
        {"steps": [{"user": "hi", "answer": "hello", "cut_in": {"words": 1, "seconds": 2}}]},
        {"steps": [{"user": "hi", "answer": "hello", "faults": [{"do": "rest"}]}]},
    ],
)
def test_what_the_reader_refuses_is_marked(change: dict[str, Any]) -> None:
    assert allows(SMALL)
    assert not allows({**SMALL, **change})


def test_the_command_prints_one_and_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schema", "scenario"])
    assert not ended.value.code
    assert '"ninelives scenario"' in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["schema", "bot"])
    assert ended.value.code == 2
    assert "script, faults, pace, scenario" in capsys.readouterr().err
