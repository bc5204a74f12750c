"""What a typed line means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ninelives.talk.typed import COMMANDS, Break, HangUp, Wait, Words, help_lines, read
from ninelives.usage_error import UsageError


def test_a_line_is_what_the_user_says() -> None:
    assert read("  Hello, who is this?\n") == Words("Hello, who is this?")
    assert read("//slash") == Words("/slash")
    assert read(" \r\n") is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("/reset", {"reset": {}}),
        ("/close", {"close": {"code": 1011, "reason": ""}}),
        ("/close 1001", {"close": {"code": 1001, "reason": ""}}),
        ("/FIN", {"fin": {}}),
        ("/stall", {"stall": {"seconds": None}}),
        ("/stall 2.5", {"stall": {"seconds": 2.5}}),
        ("/half-open", {"half_open": {}}),
        ("/half_open", {"half_open": {}}),
        ("/limit", {"connection_limit": {"close": True}}),
        ("/refuse 30", {"refuse": {"seconds": 30.0}}),
    ],
)
def test_a_command_breaks_this_connection_now(line: str, fault: dict[str, object]) -> None:
    meant = read(line)
    assert isinstance(meant, Break)
    told = meant.plan(7).describe()
    assert told["at"] == {"connection": 7, "phase": "moment", "at": 0.0}
    assert told["do"] == fault
    assert told["times"] == 1


def test_others_wait_and_leave() -> None:
    assert read("/wait 1.5") == Wait(1.5)
    assert read("/hangup") == HangUp()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/rest", "there is no command /rest; there are /reset, /close,"),
        ("/", "there is no command /;"),
        ("/close soon", "/close: a close code is a number such as 1011, not 'soon'"),
        ("/close 99", "/close: code"),
        ("/reset now", "/reset: it takes no argument, not 'now'"),
        ("/help me", "/help: it takes no argument, not 'me'"),
        ("/wait", "/wait: expected seconds, such as 1.5"),
        ("/wait inf", "/wait: expected seconds"),
        ("/stall -1", "/stall: expected seconds"),
        ("/stall nan", "/stall: expected seconds"),
    ],
)
def test_a_command_that_cannot_be_says_why(line: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read(line)
    assert str(error.value).startswith(said)


@given(st.text())
def test_any_line_is_words_or_a_command_or_one_complaint(line: str) -> None:
    try:
        meant = read(line)
    except UsageError:
        assert line.lstrip().startswith("/")
    else:
        assert (meant is None) == (not line.strip())


def test_help_names_every_command_and_key() -> None:
    told = list(help_lines())
    assert len(told) == len(COMMANDS)
    assert any("/close [CODE]" in line and " F3 " in line for line in told)
    assert len({each.key for each in COMMANDS if each.key}) == sum(bool(each.key) for each in COMMANDS)
