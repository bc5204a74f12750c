"""The meaning of a typed line: words for the bot, or a command that begins with a slash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mock_openai import faults
from mock_openai.faults import Planned

from ninelives.usage_error import UsageError


@dataclass(frozen=True, slots=True)
class Words:
    """The user says this."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """Break a connection now. `plan` makes the fault for the connection of this number."""

    plan: Callable[[int], Planned]


@dataclass(frozen=True, slots=True)
class Wait:
    """The user says nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CutIn:
    """The user begins to speak while the bot does, without words yet."""


@dataclass(frozen=True, slots=True)
class ShowEvents:
    """Show every network event from now on, or no longer."""


@dataclass(frozen=True, slots=True)
class Help:
    """List the commands."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The user leaves."""


Typed = Words | Break | Wait | CutIn | ShowEvents | Help | HangUp


@dataclass(frozen=True, slots=True)
class Command:
    """One command, with a short description and its arguments."""

    name: str
    meaning: str
    read: Callable[[str], Typed]
    """Parses the arguments. Raises ValueError."""
    given: str = ""
    key: str = ""
    """The key for this command in a terminal."""
    short: str = ""
    """A short description of the key, for the line of keys."""


def _break(kind: str, parameter: str = "", convert: Callable[[str], float] = float) -> Callable[[str], Typed]:
    def read(given: str) -> Typed:
        if given and not parameter:
            raise ValueError(f"it takes no argument, not {given!r}")
        parameters = {parameter: convert(given)} if given else {}

        def plan(connection: int) -> Planned:
            planned: Planned = getattr(faults.at(connection=connection, at=0.0), kind)(**parameters)
            return planned

        plan(1)  # now, so that an invalid fault is reported at once
        return Break(plan)

    return read


def _alone(what: Typed) -> Callable[[str], Typed]:
    def read(given: str) -> Typed:
        if given:
            raise ValueError(f"it takes no argument, not {given!r}")
        return what

    return read


def _whole(given: str) -> int:
    if not given.isdecimal():
        raise ValueError(f"a close code is a number such as 1011, not {given!r}")
    return int(given)


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise ValueError(f"expected seconds, such as 1.5, not {given!r}")
    return seconds


COMMANDS = (
    Command("reset", "break the connection with a TCP reset", _break("reset"), key="f2", short="reset"),
    Command(
        "close",
        "close the WebSocket with this code, 1011 if not given",
        _break("close", "code", _whole),
        "[CODE]",
        "f3",
        "close 1011",
    ),
    Command("fin", "end the connection with a TCP FIN, in mid-conversation", _break("fin")),
    Command(
        "stall",
        "send nothing for this long, or forever",
        _break("stall", "seconds", _seconds),
        "[SECONDS]",
        "f4",
        "stall",
    ),
    Command(
        "half-open",
        "go silent forever: nothing is read, nothing is sent",
        _break("half_open"),
        key="f5",
        short="half-open",
    ),
    Command(
        "limit",
        "end the connection as at its 60-minute limit",
        _break("connection_limit"),
        key="f6",
        short="60 min",
    ),
    Command(
        "refuse",
        "reset the connection, and refuse new ones for this long",
        _break("refuse", "seconds", _seconds),
        "SECONDS",
    ),
    Command("cut", "start to speak while the bot speaks", _alone(CutIn()), key="f7", short="cut in"),
    Command("wait", "say nothing for this long", lambda given: Wait(_seconds(given or "nothing")), "SECONDS"),
    Command("events", "turn the display of all events on or off", _alone(ShowEvents())),
    Command("hangup", "quit; Ctrl-D and the end of the input do the same", _alone(HangUp())),
    Command("help", "list these commands", _alone(Help())),
)
"""All commands, in the order in which they are listed."""


def read(line: str) -> Typed | None:
    """Parse a typed line; None for an empty one. Raises UsageError for an unknown command."""
    line = line.strip()
    if not line:
        return None
    if not line.startswith("/"):
        return Words(line)
    if line.startswith("//"):  # words that begin with a slash
        return Words(line[1:])
    name, _, given = line[1:].partition(" ")
    command = next((each for each in COMMANDS if each.name == name.lower().replace("_", "-")), None)
    if command is None:
        there = ", ".join(f"/{each.name}" for each in COMMANDS)
        raise UsageError(
            f"there is no command /{name}; there are {there}; to say words that begin with a slash, type //"
        )
    try:
        return command.read(given.strip())
    except ValueError as error:
        raise UsageError(f"/{command.name}: {str(error).removeprefix(f'{command.name}: ')}") from None


def help_lines() -> Iterator[str]:
    """Return the commands as lines, with their keys."""
    for each in COMMANDS:
        call = f"/{each.name} {each.given}".strip()
        yield f"  {call:<17} {each.key.upper():<3} {each.meaning}"
