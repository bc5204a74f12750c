"""The JSON Schema of stories, for editors."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from ninelives.cli import main
from ninelives.lab.exploration.drawing import draw_story
from ninelives.lab.story_file import from_text, to_yaml
from ninelives.schemas import SCHEMAS

SMALL = {
    "acts": [{"user": "hi", "answer": "hello"}, {"pause": 2, "faults": [{"at": {"turn": 1}, "do": "reset"}]}]
}


def allows(data: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMAS["story"]()).is_valid(data))


@pytest.mark.parametrize("number", range(12))
def test_drawn_stories_are_allowed(number: int) -> None:
    text = to_yaml(draw_story(5, number))
    from_text(text)
    assert allows(yaml.safe_load(text))


def test_a_kept_story_says_where_its_schema_is() -> None:
    story = draw_story(5, 0)
    first, second, *_ = to_yaml(story, ["Found by: a test"]).splitlines()
    assert first == f"# yaml-language-server: $schema={SCHEMAS['story']()['$id']}"
    assert second == "# Found by: a test"
    assert from_text(to_yaml(story)) == story


@pytest.mark.parametrize(
    "change",
    [
        {"acts": []},
        {"act": []},
        {"pace": "slow"},
        {"on_cancel": "never"},
        {"transports": ["sse"]},
        {"acts": [{"user": "hi"}]},
        {"acts": [{"pause": -1}]},
        {"acts": [{"user": "hi", "answer": "hello", "cut_in": {"words": 1, "seconds": 2}}]},
        {"acts": [{"user": "hi", "answer": "hello", "faults": [{"do": "rest"}]}]},
    ],
)
def test_what_the_reader_refuses_is_marked(change: dict[str, Any]) -> None:
    assert allows(SMALL)
    assert not allows({**SMALL, **change})


def test_the_command_prints_one_and_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schema", "story"])
    assert not ended.value.code
    assert '"ninelives story"' in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["schema", "bot"])
    assert ended.value.code == 2
    assert "script, faults, pace, story" in capsys.readouterr().err
