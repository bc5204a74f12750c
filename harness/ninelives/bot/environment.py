"""The environment of a hosted bot: the mock server's addresses, and stand-ins for other services' keys.

Speech services, transports and the like are replaced before the bot runs, but its code still asks for their
keys: `os.environ["DEEPGRAM_API_KEY"]`. A variable that is not set and whose name looks like that of a key,
token, region or id gets a stand-in. Only the user's own code and Pipecat get it, only when they ask for the
value (`in`, `setdefault`, iteration and child processes do not see it), and never instead of a value that is
set or of a non-empty default in the code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from ninelives.bot.own_code import is_own
from ninelives.patch import Patch

KEY = "sk-ninelives-not-a-real-key"
"""The stand-in for every key. The mock server accepts any."""

_ID = "00000000-0000-0000-0000-000000000000"
_NOWHERE = "http://127.0.0.1:9"  # the discard port of this machine: nothing listens there

_STAND_INS = {
    **dict.fromkeys(("_KEY", "_TOKEN", "_SECRET"), KEY),
    "_VOICE_ID": _ID,
    "_REGION": "us-east-1",
}
"""The stand-ins by the end of the variable's name, for every way of reading it."""

_REQUIRED = _STAND_INS | {
    **dict.fromkeys(("_KEY_ID", "_LICENSE", "_PASSWORD"), KEY),
    **dict.fromkeys(("_ID", "_UUID", "_SID"), _ID),
    "_LOCATION": "us-east-1",
    **dict.fromkeys(("_BASE_URL", "_ENDPOINT"), _NOWHERE),
    "_ENDPOINT_NAME": "ninelives",
}
"""More stand-ins, only for code that fails without a value: `os.environ[NAME]`."""

_PIPECAT = f"{os.sep}pipecat{os.sep}"
_GETENV = os.getenv.__code__.co_filename
_real: Callable[[Any, Any], Any] = type(os.environ).__getitem__


overrides: ContextVar[Mapping[str, str] | None] = ContextVar("ninelives_environment", default=None)
"""The addresses that take precedence for the bot of this context: those of its own server. Concurrent calls
have one set each.
"""

_settings: list[dict[str, str]] = []
_unset: dict[str, str | None] = {}
"""The values before the first setting, by name."""


def variables(base_url: str, ws_url: str, key: str = KEY) -> dict[str, str]:
    """Return the variables that point OpenAI's clients to the mock server. A real key is hidden unless `key`
    is given.
    """
    return {"OPENAI_BASE_URL": base_url, "OPENAI_WS_URL": ws_url, "OPENAI_API_KEY": key}


@contextmanager
def addresses(base_url: str, ws_url: str, key: str = KEY) -> Iterator[None]:
    """Set the mock server's addresses for OpenAI's clients."""
    with _set(variables(base_url, ws_url, key)):
        yield


@contextmanager
def without_a_real_key() -> Iterator[None]:
    """Set a stand-in for OpenAI's key only, for code that makes a client while it is imported."""
    with _set({"OPENAI_API_KEY": KEY}):
        yield


@contextmanager
def _set(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for a while. Several settings may overlap and end in any order."""
    for name in variables:
        _unset.setdefault(name, os.environ.get(name))
    _settings.append(variables)
    os.environ.update(variables)
    try:
        yield
    finally:
        _settings[:] = [each for each in _settings if each is not variables]
        for name in variables:
            value = next((each[name] for each in reversed(_settings) if name in each), _unset[name])
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
            if not any(name in each for each in _settings):
                del _unset[name]


def stand_ins() -> Patch:
    """Provide stand-ins for keys that are not set, as the module describes. May be nested, and overlap."""
    return _asked


def _item(self: Any, name: Any) -> Any:
    if self is os.environ and name in (overrides.get() or ()):
        return (overrides.get() or {})[name]
    try:
        return _real(self, name)
    except KeyError:
        value = _answer(name, _REQUIRED, sys._getframe(1))
        if value is None:
            raise
        return value


def _get(self: Any, name: Any, default: Any = None) -> Any:
    if self is os.environ and name in (overrides.get() or ()):
        return (overrides.get() or {})[name]
    try:
        return _real(self, name)
    except KeyError:
        if default not in (None, ""):
            return default
        value = _answer(name, _STAND_INS, sys._getframe(1))
        return default if value is None else value


def _answer(name: Any, known: dict[str, str], asking: FrameType | None) -> str | None:
    if asking is not None and asking.f_code.co_filename == _GETENV:  # `os.getenv` reads it for other code
        asking = asking.f_back
    if not isinstance(name, str) or asking is None or not _may_ask(asking.f_code.co_filename):
        return None
    endings = sorted((end for end in known if name.upper().endswith(end)), key=len)
    return known[endings[-1]] if endings else None


def _may_ask(filename: str) -> bool:
    return is_own(filename) or _PIPECAT in filename


_asked = Patch((type(os.environ), "__getitem__", _item), (type(os.environ), "get", _get))

_scripts: list[list[str]] = []
_own_argv: list[str] = []


@contextmanager
def started_as(script: str) -> Iterator[None]:
    """Set `sys.argv` as if the bot had been started by itself, for bots that read their own command line."""
    global _own_argv
    mine = [script]
    if not _scripts:
        _own_argv = sys.argv
    _scripts.append(mine)
    sys.argv = mine
    try:
        yield
    finally:
        _scripts[:] = [each for each in _scripts if each is not mine]
        sys.argv = _scripts[-1] if _scripts else _own_argv
