"""The values of the options of `mock-openai serve`, read and checked; an invalid one is reported in
one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from mock_openai.clock import duration
from mock_openai.commands.usage_error import fail
from mock_openai.faults import Chaos, Disaster, Injection, PlanError, load
from mock_openai.faults.chaos import read_rate
from mock_openai.faults.planned import Planned
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.responders.base import Responder
from mock_openai.responders.script import Script
from mock_openai.source import ScriptError
from mock_openai.turn.limits import Limits
from mock_openai.turn.pacing import Pace, parse_pace

_SIZE = re.compile(r"(\d{1,15})(?:([KMG])(?:i?B)?)?", re.IGNORECASE)
_PLANS = (".yaml", ".yml", ".json")
DISASTERS_GROUP = "mock_openai.disasters"
CASSETTE_GROUP, CASSETTE_NAME = "mock_openai.responders", "cassette"


def script(path: Path | None) -> Script | None:
    """Read `--script`."""
    if path is None:
        return None
    try:
        return Script.load(path)
    except ScriptError as error:
        fail(str(error))


def faults(path: Path | None) -> list[Planned]:
    """Read `--faults`, if it is a plan."""
    if path is None:
        return []
    try:
        return load(path)
    except PlanError as error:
        fail(str(error))


def plan_of(faults: str | None) -> Path | None:
    """Return the fault plan that `--faults` names; None if it names none."""
    if faults is None:
        return None
    path = Path(faults)
    return path if path.suffix in _PLANS or path.exists() or "/" in faults else None


def chaos(
    faults: str | None, rate: str | None, seed: int, on_injection: Callable[[Injection], None]
) -> Chaos | None:
    """Read `--faults` and `--rate`, if they ask for random disasters."""
    named = faults is not None and plan_of(faults) is None
    if not named:
        if rate is not None:
            fail("--rate needs the names of scenarios; add for example --faults 'reset_*'")
        return None
    if rate is None:
        fail(f"--faults {faults}: no such file; to give names of scenarios, add --rate, such as --rate 1%")
    found = metadata.entry_points(group=DISASTERS_GROUP)
    if not found:
        fail(f"--faults {faults}: names of scenarios need ninelives, which is not installed; install it")
    try:
        disasters = [Disaster(*each) for each in next(iter(found)).load()(faults)]
        return Chaos(disasters, read_rate(rate), seed=seed, tell=on_injection)
    except ValueError as error:
        fail(f"--rate: {error}")
    except Exception as error:  # whatever the reader of cassettes raises, the user needs one line
        fail(f"--faults {faults}: {' '.join(str(error).split())}")


def responders(path: Path | None, *, fresh_ids: bool) -> list[Responder]:
    """Open `--cassette` through the entry point, so that this package does not depend on the one that reads
    cassettes.
    """
    if path is None:
        if fresh_ids:
            fail("--fresh-ids needs --cassette FILE; add it, or leave --fresh-ids out")
        return []
    found = metadata.entry_points(group=CASSETTE_GROUP, name=CASSETTE_NAME)
    if not found:
        fail("--cassette: cassettes need ninelives, which is not installed; install it")
    try:
        # The times stay as recorded; the server's pace keeps, scales or drops them.
        ids = "fresh" if fresh_ids else "recorded"
        return [next(iter(found)).load()(str(path), timing="recorded", ids=ids)]
    except Exception as error:  # whatever the reader raises about the file, the user needs one line
        said = " ".join(str(error).split()).removeprefix(f"{path}: ") or type(error).__name__
        fail(f"--cassette {path}: {said}")


def pace(text: str) -> Pace:
    """Read `--pace`."""
    try:
        return parse_pace(text)
    except ValueError as error:
        fail(f"--pace: {error}")


def lifetime(text: str) -> float:
    """Read `--connection-lifetime`, in seconds."""
    try:
        seconds = duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        fail(f"--connection-lifetime {text}: not a duration; expected for example 90s, 60m or 1h")
    return seconds


def origins(given: Sequence[str] | None) -> Sequence[str]:
    """Return the origins of `--allow-origin`; `none` stands for no origin."""
    return ("*",) if given is None else [origin for origin in given if origin != "none"]


def size(option: str, text: str) -> int:
    """Read a number of bytes, such as 512, 64K, 64M, 64MB or 1G; a K is 1024."""
    found = _SIZE.fullmatch(text.strip())
    count = int(found[1]) * 1024 ** " KMG".index((found[2] or " ").upper()) if found else 0
    if count < 1:
        fail(f"{option} {text}: not a size; expected a number of bytes, or for example 64K, 64M, 1G")
    return count


def limits(rpm: int | None, tpm: int | None) -> Limits | None:
    """Return the limits for `--rpm` and `--tpm`; None if neither is given."""
    return None if rpm is None and tpm is None else Limits(rpm, tpm)


def behaviour(settings: Sequence[str], on_cancel: str | None, **seconds: float | None) -> Behaviour:
    """Read `--behaviour` and its short forms. In `seconds`, 0 turns an option off."""
    short = [f"on_cancel={on_cancel}"] if on_cancel is not None else []
    short += [f"{name}={value or 'none'}" for name, value in seconds.items() if value is not None]
    try:
        return DEFAULT.with_settings([*settings, *short])
    except ValueError as error:
        fail(f"--behaviour {error}")
