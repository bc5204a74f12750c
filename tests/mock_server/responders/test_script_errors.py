"""Scripts that cannot be used: the error says where, what, what was expected and how to fix it, in one
line.
"""

from pathlib import Path

import pytest
from mock_openai.responders import Script, ScriptError, reply

CASES = [
    ("replys: []", 1, "found the key 'replys' in a script", "did you mean 'replies'?"),
    ("", 1, "found nothing", "replies"),
    ("replies: {}", 1, "", "replies:"),
    ("replies:\n  - when: {usr: hi}\n    reply: x", 2, "found the key 'usr' in when", "did you mean 'user'?"),
    (
        "replies:\n  - user: hi\n    reply: x",
        2,
        "found the condition 'user' in a rule",
        "write when: {user: ...}",
    ),
    ("replies:\n  - when: {user: 42}\n    reply: x", 2, "a whole number (42)", "put it in quotes: '42'"),
    ("replies:\n  - when: {user: '('}\n    reply: x", 2, "not a regular expression", "backslash"),
    ("replies:\n  - reply: [{txt: hi}]", 2, "found the key 'txt' in an item", "did you mean 'text'?"),
    (
        "replies:\n  - reply: [{call: f, argments: {}}]",
        2,
        "found the key 'argments'",
        "did you mean 'arguments'?",
    ),
    (
        "replies:\n  - reply: [{text: hi, call_id: x}]",
        2,
        "found the key 'call_id' in an item with 'text'",
        "text",
    ),
    ("replies:\n  - reply: [{text: hi, deltas: 0}]", 2, "a whole number (0)", "from 1"),
    ("replies:\n  - reply: [{text: hi, deltas: [h, o]}]", 2, "do not add up to the text", "in order"),
    ("replies:\n  - reply: x\n    error: {status: 503}", 2, "both reply and error", "one of the two"),
    ("replies:\n  - when: {user: x}", 2, "without reply and error", "say what to answer"),
    ("replies:\n  - error: {status: 200}", 2, "a whole number (200)", "from 400"),
    ("replies:\n  - reply: x\n    times: 0", 3, "a whole number (0)", "from 1"),
    ("replies:\n  - reply: x\n    delay: soon", 3, "the text 'soon'", "500ms"),
    ("replies:\n  - reply: x\n    finish: done", 3, "the text 'done'", "completed, incomplete or failed"),
    ("replies:\n  - reply: x\n    reply: y", 3, "found the key 'reply' twice", "keep one"),
    ("replies:\n  - reply: [x", 2, "found", "indentation"),
    ("replies:\n  - reply: {item: {}}", 2, "an empty mapping", "a type"),
    ("replies:\n  - reply: x\n    when: {previous: maybe}", 3, "the text 'maybe'", "true or false"),
    ("replies:\n  - when: {developer: 7}\n    reply: x", 2, "a whole number (7)", "put it in quotes: '7'"),
    ("replies:\n  - when: {last: '['}\n    reply: x", 2, "not a regular expression", "backslash"),
    ("replies:\n  - when: {devloper: x}\n    reply: x", 2, "found the key 'devloper'", "did you mean"),
    ("replies:\n  - developer: x\n    reply: x", 2, "found the condition 'developer'", "write when:"),
    ("strict: yes please\nreplies: []", 1, "the text 'yes please'", "true or false"),
    ("strict: true", 1, "found a mapping", "followed by a list of rules"),
    ("replies:\n  - reply: x\n    name: 7", 3, "a whole number (7)", "quotes"),
    ("replies:\n  - reply: x\n    name: ' '", 3, "the text ' '", "not blank"),
    ("replies:\n  - {reply: x, name: a}\n  - {reply: y, name: a}", 3, "the name 'a'", "every name once"),
    ("replies:\n  - reply: x\n    when: {transport: ws}", 3, "the text 'ws'", "http or websocket"),
]


@pytest.mark.parametrize(("text", "line", "found", "fix"), CASES)
def test_the_error_leads_to_the_place(tmp_path: Path, text: str, line: int, found: str, fix: str) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(text)
    with pytest.raises(ScriptError) as caught:
        Script.load(path)
    error = caught.value
    assert error.file == str(path)
    assert abs((error.line or 0) - line) <= 1
    assert found in str(error)
    assert fix in str(error)
    assert "expected" in str(error)
    assert "\n" not in str(error)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="No such file"):
        Script.load(tmp_path / "nowhere.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScriptError, match="UTF-8"):
        Script.load(path)


def test_python_rules_are_checked_the_same_way() -> None:
    with pytest.raises(ScriptError, match="did you mean 'user'"):
        reply("x", usr="hi")
    with pytest.raises(ScriptError, match="expected a rule"):
        Script([42])  # type: ignore[list-item]
