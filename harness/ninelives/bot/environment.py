"""The environment that a hosted bot finds: the mock server's addresses, and stand-ins for the keys of others.

Speech services, transports and the like are replaced before the bot runs, but its code still asks for their
keys: `os.environ["DEEPGRAM_API_KEY"]`. A name that nobody has set and that is called as keys, tokens, regions
and ids are called gets a stand-in. It is given only to the user's own code and to Pipecat, only where the
value is asked for (`in`, `setdefault`, iteration and child processes see nothing of it), and never in the
place of a value that is set or of a default that the code names (an empty one is none).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ninelives.bot.own_code import is_own

KEY = "sk-ninelives-not-a-real-key"
"""Stands in for every key. The mock server takes any."""

_ID = "00000000-0000-0000-0000-000000000000"
_NOWHERE = "http://127.0.0.1:9"  # the discard port of this machine: nobody answers

_STAND_INS = {
    **dict.fromkeys(("_KEY", "_TOKEN", "_SECRET"), KEY),
    "_VOICE_ID": _ID,
    "_REGION": "us-east-1",
}
"""What is answered by the end of the name, however it is asked for."""

_REQUIRED = _STAND_INS | {
    **dict.fromkeys(("_KEY_ID", "_LICENSE", "_PASSWORD"), KEY),
    **dict.fromkeys(("_ID", "_UUID", "_SID"), _ID),
    "_LOCATION": "us-east-1",
    **dict.fromkeys(("_BASE_URL", "_ENDPOINT"), _NOWHERE),
    "_ENDPOINT_NAME": "ninelives",
}
"""What is answered where the code cannot go on without: `os.environ[NAME]`."""

_PIPECAT = f"{os.sep}pipecat{os.sep}"
_GETENV = os.getenv.__code__.co_filename
_real: Callable[[Any, Any], Any] = type(os.environ).__getitem__


@contextmanager
def addresses(base_url: str, ws_url: str) -> Iterator[None]:
    """The mock server's addresses where OpenAI's clients look for them. A real key is put aside."""
    with _set({"OPENAI_BASE_URL": base_url, "OPENAI_WS_URL": ws_url, "OPENAI_API_KEY": KEY}):
        yield


@contextmanager
def without_a_real_key() -> Iterator[None]:
    """A stand-in for OpenAI's key alone, for code that makes a client while it is imported."""
    with _set({"OPENAI_API_KEY": KEY}):
        yield


@contextmanager
def _set(told: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def stand_ins() -> Iterator[None]:
    """Answer for keys that nobody has set, as the module says. May be nested."""
    kind: Any = type(os.environ)
    item = kind.__getitem__
    if item is _item:
        yield
        return
    global _real
    own_get, _real = vars(kind).get("get"), item
    kind.__getitem__, kind.get = _item, _get
    try:
        yield
    finally:
        kind.__getitem__ = item
        if own_get is None:  # as it is: inherited
            del kind.get
        else:
            kind.get = own_get


def _item(self: Any, name: Any) -> Any:
    try:
        return _real(self, name)
    except KeyError:
        value = _answer(name, _REQUIRED, sys._getframe(1))
        if value is None:
            raise
        return value


def _get(self: Any, name: Any, default: Any = None) -> Any:
    try:
        return _real(self, name)
    except KeyError:
        if default not in (None, ""):
            return default
        value = _answer(name, _STAND_INS, sys._getframe(1))
        return default if value is None else value


def _answer(name: Any, known: dict[str, str], asking: FrameType | None) -> str | None:
    if asking is not None and asking.f_code.co_filename == _GETENV:  # os.getenv asks for somebody else
        asking = asking.f_back
    if not isinstance(name, str) or asking is None or not _may_ask(asking.f_code.co_filename):
        return None
    endings = sorted((end for end in known if name.upper().endswith(end)), key=len)
    return known[endings[-1]] if endings else None


def _may_ask(filename: str) -> bool:
    return is_own(filename) or _PIPECAT in filename


@contextmanager
def started_as(script: str) -> Iterator[None]:
    """`sys.argv` as if the bot had been started by itself, for one that reads its own command line."""
    before = sys.argv
    sys.argv = [script]
    try:
        yield
    finally:
        sys.argv = before
