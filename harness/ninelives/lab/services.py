"""Service factories for the laboratory: ours and Pipecat's own on both transports, and any class or function
a user names.

`ninelives verdict ninelives.lab.services:pipecat_websocket` tries Pipecat's own service; a user's factory is
a service class, any function of (base_url, ws_url), or one that runs a whole bot.
"""

from __future__ import annotations

import importlib
import inspect
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ninelives.complaint import Complaint

if TYPE_CHECKING:
    from pipecat.services.llm_service import LLMService

Factory = Callable[[str, str], Any]
"""Builds what is tested from `base_url` and `ws_url`: a service, or anything that `hosting` takes. Called
once a scenario, in the running loop.
"""

KEY = "sk-ninelives-not-a-real-key"
"""Sent to the mock server, which takes any."""


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


def find_factory(name: str) -> Factory:
    """The factory called `MODULE:NAME`; modules of the working directory count too. Raises Complaint."""
    module_name, _, attribute = name.partition(":")
    expected = "expected MODULE:FACTORY, for example pipecat_responses:OpenAIResponsesLLMService"
    if not module_name or not attribute:
        raise Complaint(f"{name!r} names no factory; {expected}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise Complaint(f"{module_name!r} cannot be imported ({error}); {expected}") from None
    except Exception as error:  # what stands in the module does not run
        raise Complaint(
            f"{module_name!r} cannot be imported ({type(error).__name__}: {error}); "
            f"`python -c 'import {module_name}'` shows where"
        ) from None
    found = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise Complaint(f"{module_name!r} has no {attribute!r}; {expected}")
        found = getattr(found, part)
    if not callable(found):
        raise Complaint(f"{name!r} is a {type(found).__name__}, not a function or class; {expected}")
    return as_factory(found)


def as_factory(found: Any) -> Factory:
    """How to build a bot to test from what a user has.

    A service class is called with what its constructor takes. A function may build a service, a list of
    processors, a `Pipeline`, a worker or a `Bot`, from `base_url` and `ws_url` or from the environment; or it
    may be one that runs a bot, as in Pipecat's examples (`run_bot(transport, runner_args)`).
    """
    if inspect.isclass(found):
        return _of_class(found)
    if list(inspect.signature(found).parameters)[:2] in (["base_url", "ws_url"], ["_base_url", "_ws_url"]):
        factory: Factory = found
        return factory
    return lambda base_url, ws_url: Invitation(found, base_url, ws_url)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A user's function that is called, in the running loop, to bring its bot."""

    function: Callable[..., Any]
    base_url: str
    ws_url: str


def _of_class(found: type) -> Factory:
    from pipecat.services.llm_service import LLMService

    if not issubclass(found, LLMService):
        raise Complaint(f"{found.__name__} is no LLM service; expected a class that is one, or a function")
    names = set(inspect.signature(found).parameters)

    def build(base_url: str, ws_url: str) -> LLMService[Any]:
        given: dict[str, Any] = {"api_key": KEY, "base_url": base_url}
        if "ws_url" in names:
            given["ws_url"] = ws_url
        if "rng" in names:
            given["rng"] = random.Random(0)  # so that its pauses repeat
        service: Any = found(**given)
        return cast("LLMService[Any]", service)

    return build
