"""Service factories for the laboratory: ours and Pipecat's own on both transports, and any class or function
that a user names.

`ninelives verdict ninelives.lab.services:pipecat_websocket` tests Pipecat's own service; a user's factory is
a service class, any function of (base_url, ws_url), or one that runs a whole bot.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ninelives.bot.environment import KEY
from ninelives.lab.apis import accepts
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from pipecat.services.llm_service import LLMService

Factory = Callable[[str, str], Any]
"""Makes the service or bot under test from `base_url` and `ws_url`; any kind of bot that `hosting` accepts.
Called once per scenario, in the running loop.
"""


def websocket(base_url: str, ws_url: str) -> LLMService[Any]:
    """Our service over a WebSocket."""
    from pipecat_responses import OpenAIResponsesLLMService

    return OpenAIResponsesLLMService(api_key=KEY, base_url=base_url, ws_url=ws_url, rng=random.Random(0))


def http(base_url: str, ws_url: str) -> LLMService[Any]:
    """Our service over HTTP."""
    from pipecat_responses import OpenAIResponsesHttpLLMService

    return OpenAIResponsesHttpLLMService(api_key=KEY, base_url=base_url, rng=random.Random(0))


def pipecat_websocket(base_url: str, ws_url: str) -> LLMService[Any]:
    """Pipecat's own service over a WebSocket."""
    from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService

    return OpenAIResponsesLLMService(api_key=KEY, base_url=base_url, ws_url=ws_url)


def pipecat_http(base_url: str, ws_url: str) -> LLMService[Any]:
    """Pipecat's own service over HTTP."""
    from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService

    return OpenAIResponsesHttpLLMService(api_key=KEY, base_url=base_url)


def find_factory(name: str, base: Path | None = None) -> Factory:
    """Return the factory that a user names: a file, a module, a folder, or an object in one (see `target`).

    Relative paths start at `base`, by default the working directory. Raises UsageError.
    """
    from ninelives.lab.target import find

    target = find(name, base)
    return as_factory(target.found, target.name)


def as_factory(found: Any, name: str = "") -> Factory:
    """Return the factory for a service or bot of a user's.

    A service class is called with the arguments that its constructor takes. A function may return a service,
    a list of processors, a `Pipeline`, a worker or a `Bot`, made with `base_url` and `ws_url` or with the
    environment; or it may run a bot, as in Pipecat's examples (`run_bot(transport, runner_args)`). A string
    is a name, as for `find_factory`. `name` is its name in messages.
    """
    if isinstance(found, str):
        return find_factory(found)
    if isinstance(found, NamedFactory):
        return found
    return NamedFactory(name or _own_name(found), _factory(found, name), found)


def source_of(factory: Factory) -> Path | None:
    """Return the file that defines a bot, as far as known."""
    found = factory.found if isinstance(factory, NamedFactory) else factory
    try:
        source = inspect.getsourcefile(inspect.unwrap(found))
    except TypeError:
        return None
    return Path(source).resolve() if source is not None else None


def name_of(factory: Factory) -> str:
    """Return a bot's name for messages."""
    return factory.name if isinstance(factory, NamedFactory) else _own_name(factory)


def _own_name(found: Any) -> str:
    if inspect.isclass(found):
        return found.__name__
    return (
        f"{getattr(found, '__module__', '')}:{getattr(found, '__qualname__', type(found).__name__)}".lstrip(
            ":"
        )
    )


@dataclass(frozen=True, slots=True)
class NamedFactory:
    """A factory with its name in messages."""

    name: str
    make: Factory
    found: Any
    """The service or bot that the user gave."""

    def __call__(self, base_url: str, ws_url: str) -> Any:
        """Make the bot."""
        return self.make(base_url, ws_url)


def _factory(found: Any, name: str) -> Factory:
    if inspect.isclass(found):
        return _of_class(found)
    if not callable(found):
        raise UsageError(
            f"a {type(found).__name__} is neither a function nor a class; expected one that makes or "
            "runs a bot, or its name"
        )
    if list(inspect.signature(found).parameters)[:2] in (["base_url", "ws_url"], ["_base_url", "_ws_url"]):
        factory: Factory = found
        return factory
    return lambda base_url, ws_url: Invitation(found, base_url, ws_url, name)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A user's function that is called, in the running loop, to make its bot."""

    function: Callable[..., Any]
    base_url: str
    ws_url: str
    name: str = ""
    """The name in messages; by default that of the function."""


def _of_class(found: type) -> Factory:
    from pipecat.services.llm_service import LLMService

    if not issubclass(found, LLMService):
        raise UsageError(
            f"{found.__name__} is not an LLM service; expected an LLM service class, or a function"
        )

    def build(base_url: str, ws_url: str) -> LLMService[Any]:
        given: dict[str, Any] = {"api_key": KEY, "base_url": base_url, "ws_url": ws_url}
        given["rng"] = random.Random(0)  # so that its pauses repeat
        given = {name: value for name, value in given.items() if accepts(found, name)}
        service: Any = found(**given)
        return cast("LLMService[Any]", service)

    return build
