"""Finds out which API a bot's LLM service uses, and what to change if it is not the Responses API of the mock
server.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ninelives.lab.source import Line, constructions_of, imports, mentions_of, replaced
from ninelives.usage_error import Instructions

if TYPE_CHECKING:
    from pipecat.processors.frame_processor import FrameProcessor
    from pipecat.services.llm_service import LLMService

OURS = "from pipecat_responses import OpenAIResponsesLLMService"
PIPECATS = "from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService"

WS_URL = 'ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),'
BASE_URL = 'base_url=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),'

RESPONSES = "OpenAI's Responses API"
CHAT = "Chat Completions"
SPEECH = "a speech-to-speech API"

_HOMES = (
    ("pipecat_responses.", RESPONSES),
    ("pipecat.services.openai.responses.", RESPONSES),
    ("pipecat.services.openai.base_llm", CHAT),
    ("pipecat.services.anthropic.", "Anthropic's Messages API"),
    ("pipecat.services.google.llm", "Google's Gemini API"),
    ("pipecat.services.aws.llm", "Amazon Bedrock's API"),
)
"""The modules that define services, and the APIs of those."""

_SPEECH = ("realtime", "live", "nova_sonic", "ultravox", "voice_live")


class OtherApi(Instructions):
    """The bot's LLM service uses another API than the mock server's."""


class GoesElsewhere(Instructions):
    """The bot's LLM service calls another server than the mock server."""


def api_of(kind: type) -> str | None:
    """Return the API of a service class; None if the class is not known here."""
    for each in kind.__mro__:
        home = next((api for start, api in _HOMES if each.__module__.startswith(start)), None)
        if home is not None:
            return home
        if each.__module__.startswith("pipecat.services.") and any(
            word in part for part in each.__module__.split(".")[2:] for word in _SPEECH
        ):
            return SPEECH
    return None


def require_responses(services: Sequence[LLMService[Any]], who: str, near: Path | None) -> None:
    """Raise OtherApi if certainly none of these services uses the Responses API.

    `near` is the file of the bot, which is searched first for the lines to change.
    """
    apis = [(type(each), api_of(type(each))) for each in services]
    if not apis or any(api in (RESPONSES, None) for _, api in apis):
        return
    kind, api = apis[0]
    raise OtherApi(_other_api(kind, api or "", who, near))


def _other_api(kind: type, api: str, who: str, near: Path | None) -> str:
    heading = f"{who} uses {api} ({kind.__name__}). ninelives tests bots that use {RESPONSES}"
    if api == SPEECH:
        return f"{heading}, between speech recognition and text-to-speech"
    lines = replaced(kind, near, OURS, "OpenAIResponsesLLMService")
    if not lines:
        return f"{heading}: use OpenAIResponsesLLMService of pipecat_responses instead ({OURS})"
    model = "" if kind.__name__ == "OpenAILLMService" else ", and give it an OpenAI key and model"
    return "\n".join(
        [
            f"{heading}: change {_many(len(lines))}{model}.",
            *listed(lines),
            "Pipecat's service of the same name works too, with one more argument:",
            f"  {PIPECATS}",
            f"  {WS_URL}",
        ]
    )


def _many(lines: int) -> str:
    words = {1: "one line", 2: "two lines", 3: "three lines", 4: "four lines"}
    return words.get(lines, f"{lines} lines")


def hosts_of(processors: Iterable[FrameProcessor]) -> list[tuple[type, frozenset[str]]]:
    """Return the class of each processor, with the hosts of the URLs in its settings."""
    found = []
    for processor in processors:
        client = getattr(processor, "_client", None)
        settings = [each for each in vars(processor).values() if isinstance(each, str)]
        text = " ".join([*settings, str(getattr(client, "base_url", ""))])
        found.append((type(processor), frozenset(_HOST.findall(text))))
    return found


REAL = "api.openai.com"
"""The host that a service uses by default."""


def require_address(services: Sequence[LLMService[Any]], who: str, near: Path | None) -> None:
    """Raise GoesElsewhere, with the line to add, when a service is about to ask the real API."""
    hosts = [(kind, named) for kind, named in hosts_of(services) if REAL in named]
    if hosts and (wrong := elsewhere(hosts, f"{REAL}:443", who, near)) is not None:
        raise wrong


_HOST = re.compile(r"\b(?:https?|wss?)://([\w.-]+)")


def elsewhere(
    hosts: Iterable[tuple[type, frozenset[str]]], address: str, who: str, near: Path | None = None
) -> GoesElsewhere | None:
    """Return what to change in a bot that connected to an address that is not on this machine.

    None if none of its processors has that host in its settings: then other code connected.
    """
    host = address.rpartition(":")[0]
    kind = next((kind for kind, named in hosts if host in named), None)
    if kind is None:
        return None
    if api_of(kind) not in (RESPONSES, None) or "LLMService" not in (each.__name__ for each in kind.__mro__):
        return goes_off(who, address, f"its {kind.__name__}")
    line = WS_URL if accepts(kind, "ws_url") else BASE_URL
    option = line.partition("=")[0]
    heading = f"{who} connects to {address}: its {kind.__name__} does not get the address of the mock server"
    return GoesElsewhere(
        "\n".join([f"{heading}. {_instead(kind, near, option)}", f"  {line}", *_drop_in_advice(kind, near)])
    )


def goes_off(who: str, address: str, by: str) -> GoesElsewhere:
    """Return advice for a bot of which `by` (a part, or a line of code) needs another server."""
    return GoesElsewhere(
        f"{who} connects to {address}{f' ({by})' if by else ''}, but tests may not leave this machine. "
        "ninelives replaces speech services, transports and OpenAI's Responses API; let the bot run "
        "without anything else in tests"
    )


def _instead(kind: type, near: Path | None, option: str) -> str:
    makings = constructions_of(kind, near)
    if not makings:
        named = next((f" ({line.place} names it)" for line in mentions_of(kind)), "")
        return f"Add this argument where it is created{named}:"
    made = makings[0]
    if not made.in_a_function:
        return (
            f"It is created while the module is imported ({made.line.place}), when there is no address yet: "
            "create it in the function that runs the bot, with"
        )
    os_too = "" if imports(made.line.path, "os") else " (and import os)"
    for given in (option, "base_url", "ws_url"):
        if given in made.given:
            return f"Change {made.given[given].place}, `{made.given[given].text}`, to{os_too}"
    return f"Add one line to its arguments, after {made.line.place}, `{made.line.text}`{os_too}:"


def _drop_in_advice(kind: type, near: Path | None) -> list[str]:
    if not kind.__module__.startswith("pipecat.services.openai.responses"):
        return []
    lines = replaced(kind, near, f"from pipecat_responses import {kind.__name__}", kind.__name__)
    imported = [line for line in lines if "import" in line.text]
    if not imported:
        return []
    return [
        "The service of the same name in pipecat_responses reads OPENAI_BASE_URL by itself:",
        *listed(imported),
    ]


def listed(lines: Iterable[Line]) -> list[str]:
    """Return lines for a message, each with its place."""
    there = list(lines)
    width = max((len(line.place) for line in there), default=0)
    return [f"  {line.place:<{width}}  {line.text}" for line in there]


def accepts(kind: type, name: str) -> bool:
    """Whether a class, or one of its base classes, takes an argument of this name."""
    return any(
        name in inspect.signature(vars(each)["__init__"]).parameters
        for each in kind.__mro__
        if inspect.isfunction(vars(each).get("__init__"))
    )
