"""The arguments of the user's function, by name, and the transport if the function makes its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FunctionType
from typing import Any

from pipecat.runner.utils import create_transport
from pipecat.transports.base_transport import BaseTransport

from ninelives.bot.parameter_names import meaning_of, required
from ninelives.bot.runner_arguments import TELEPHONY, HostedArguments
from ninelives.bot.transport import HostedTransport
from ninelives.usage_error import UsageError


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function as messages write it: `module:function`."""
    return f"{function.__module__}:{name_in_code(function)}"


def name_in_code(function: Callable[..., Any]) -> str:
    """Return the name of a function as code calls it."""
    return getattr(function, "__qualname__", type(function).__name__)


def arguments_for(function: Callable[..., Any], name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the `known` arguments that a function has as parameters.

    Raises:
        UsageError: the function needs an argument that is not known. `name` is its name in the message.
    """
    given = {}
    for parameter in inspect.signature(function).parameters.values():
        meaning = meaning_of(parameter)
        if meaning is not None and meaning in known:
            given[parameter.name] = known[meaning]
        elif parameter.name == "handle_sigint":
            given[parameter.name] = False
    if (missing := next((each.name for each in required(function) if each.name not in given), None)) is None:
        return given
    mine = ", ".join(given) or "transport, runner_args"
    raise UsageError(
        f"{name} has the parameter {missing!r}, for which there is no value; expected base_url and ws_url, "
        f"transport and runner_args as in Pipecat's examples, or a connection such as websocket. Name a "
        f"function that gives it one: `async def my_bot({mine}): await {name_in_code(function)}(...)`"
    )


# User modules import Pipecat's `create_transport` by name, so no name can be replaced: the function itself
# gets another body while any bot is hosted.

transport_of_this_bot: ContextVar[BaseTransport | None] = ContextVar("ninelives_transport", default=None)
"""What `create_transport` returns to the bot of this context. Concurrent calls have one each."""

_hosted = 0
_body = create_transport.__code__
_real = FunctionType(_body, create_transport.__globals__, "create_transport")


async def _create_transport(runner_args: Any, transport_params: Any) -> Any:
    from ninelives.bot import arguments

    mine = arguments.transport_of_this_bot.get()
    if mine is None:
        return await arguments._real(runner_args, transport_params)
    return arguments._made(mine, runner_args, transport_params)


def _made(mine: BaseTransport, runner_args: Any, transport_params: Mapping[str, Callable[[], Any]]) -> Any:
    """Our transport, with the audio format that the bot asks of its own; of several, the first."""
    kinds = list(transport_params)
    if kinds and isinstance(mine, HostedTransport):
        mine.adopt(transport_params[kinds[0]]())
    if kinds and TELEPHONY.issuperset(kinds) and isinstance(runner_args, HostedArguments):
        runner_args.telephoned(kinds[0])
    return mine


@contextmanager
def transports_are_ours() -> Iterator[None]:
    """Make `create_transport` return the transport of the context, wherever it was imported."""
    global _hosted
    _hosted += 1
    create_transport.__code__ = _create_transport.__code__
    try:
        yield
    finally:
        _hosted -= 1
        if not _hosted:
            create_transport.__code__ = _body
