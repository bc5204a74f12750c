"""Private names of others that our code leans on: each is known, exists, and cannot go unnoticed.

What begins with an underscore may change with any release of whoever owns it. So we do without where we can.
What is left stands in BORROWED, with the reason; a release that no longer has it fails here, by its name.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from itertools import chain
from typing import Any

import pytest

from docs.house_imports import PARTS, ROOT, modules

BORROWED = {
    # A loop in virtual time sees its timers and its sockets; asyncio tells of neither.
    "asyncio.SelectorEventLoop": (
        "_scheduled",
        "_clock_resolution",
        "_make_socket_transport",
        "_make_ssl_transport",
    ),
    # Its public import builds the vocabulary a second time: 0.4 s and 80 MB more (measured).
    "bpe_openai": ("_bindings",),
    # A command sets how Ctrl-C ends it before it imports anything; `signal` imports enum.
    "signal": ("_signal",),
    # Running a test's function asks for its arguments, as pytest-asyncio and anyio do.
    "pytest.Function": ("_fixtureinfo",),
}

# Pipecat's own services, and everybody's, override and use these; there are no public ones.
BORROWED |= {
    "pipecat.utils.base_object.BaseObject": (
        "_event_handlers",
        "_register_event_handler",
        "_call_event_handler",
        "_run_handler",
        "_name",
    ),
    "pipecat.services.ai_service.AIService": ("_settings", "_update_settings"),
    "pipecat.services.llm_service.LLMService": (
        "_apply_thinking_default",
        "_check_response_schema",
        "_function_call_tasks",
        "_log_llm_response",
        "_push_llm_text",
        "_push_turn_text",
        "_run_parallel_function_calls",
        "_run_sequential_function_calls",
        "_turn_marker",
        "_turn_text_buffer",
        "_user_turn_completion_config",
    ),
    "pipecat.services.llm_service.WebsocketLLMService": (
        "_connect_websocket",
        "_disconnect",
        "_disconnect_websocket",
    ),
    "pipecat.services.openai.base_llm.BaseOpenAILLMService": ("_client",),
    # The key with which a WebSocket service will open its connection; nothing else gives it.
    "pipecat.services.openai.responses.llm.OpenAIResponsesLLMService": ("_api_key",),
    "pipecat.services.tts_service.TTSService": (
        "_aggregated_frame_sequencer",
        "_is_streaming_tokens",
        "_skip_text_types",
        "_skipped_text_aggregator",
        "_stop_frame_timeout_s",
        "_text_aggregation_mode",
        "_text_aggregator",
        "_text_filters",
        "_text_transforms",
        "_transport_destination",
    ),
    "pipecat.transports.base_input.BaseInputTransport": (
        "_answer_image_requests",
        "_create_audio_task",
        "_params",
    ),
    "pipecat.transports.base_output.BaseOutputTransport": ("_params",),
    "pipecat.transports.websocket.server.WebsocketServerInputTransport": ("_transport",),
    "pipecat.processors.aggregators.llm_response_universal.LLMUserAggregator": (
        "_params",
        "_user_turn_controller",
    ),
    "pipecat.turns.user_stop.TurnAnalyzerUserTurnStopStrategy": ("_turn_analyzer",),
    "pipecat.pipeline.pipeline.Pipeline": ("_processors",),
    "pipecat.pipeline.worker.PipelineWorker": ("_idle_timeout_secs", "_rtvi", "_worker_runner"),
    # The user of an eval file takes a breath before they speak; Pipecat has no place for it.
    "pipecat.evals.session.EvalSession": ("_client",),
    # What cuts the bot's speech into turns in the harness listens to real voices, and cannot be given.
    "pipecat.evals.client.EvalClient": ("_bot_turn_aggregator",),
    # Sound is analyzed in a thread, which a loop in virtual time does not wait for.
    "pipecat.audio.vad.vad_analyzer.VADAnalyzer": ("_run_analyzer",),
    # Which worker has the caller shows only beside the others of its runner, before any has started.
    "pipecat.workers.runner.WorkerRunner": ("_setup_sigint", "_setup_sigterm", "_entries"),
}

PUBLIC = frozenset({"_replace", "_asdict", "_fields", "_make", "_getframe", "_exit", "_thread"})
"""Documented, for all their underscore: named tuples, sys._getframe, os._exit, the module _thread."""

_LOOKUPS = frozenset({"getattr", "setattr", "hasattr", "delattr"})


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and len(name) > 1 and name not in PUBLIC


def _own_names(tree: ast.AST) -> set[str]:
    """Every name that a file makes itself: variables, functions, attributes of its own classes."""
    own: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                own.add(node.name)
            case ast.Name(id=name, ctx=ast.Store()):
                own.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                own.add(name)
    return own


def _used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines and private names that a file takes from something that is not its own."""
    own = _own_names(tree)
    for node in ast.walk(tree):
        names: list[str] = []
        match node:
            case ast.ImportFrom(module=module):
                names = [*(module or "").split("."), *(alias.name for alias in node.names)]
            case ast.Import():
                names = [part for alias in node.names for part in alias.name.split(".")]
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue  # looked at by class
            case ast.Attribute(attr=name):
                names = [name]
            case ast.Call(func=ast.Name(id=function), args=[_, ast.Constant(value=str(name)), *_]):
                names = [name] if function in _LOOKUPS else []
            case ast.Assign(value=ast.Tuple(elts=elements)):  # names for getattr
                names = [str(each.value) for each in elements if isinstance(each, ast.Constant)]
        for name in names:
            if _is_private(name) and name not in own:
                yield getattr(node, "lineno", 0), name


def _inherited(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines and private names that a file's classes share with those of others that they derive from."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or not node.bases:
            continue
        cls = getattr(importlib.import_module(module), node.name, None)
        theirs = set().union(*map(_privates, _foreign(cls))) if inspect.isclass(cls) else set()
        for inner in ast.walk(node) if theirs else ():
            match inner:
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if name in theirs:
                    yield inner.lineno, name
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in theirs:
                    yield inner.lineno, name


def _foreign(cls: type) -> list[type]:
    return [
        base
        for base in cls.__mro__
        if base.__module__.partition(".")[0] not in {*PARTS, "builtins", "typing", "abc", "enum", "msgspec"}
    ]


@cache
def _privates(cls: type) -> frozenset[str]:
    """The private names of a class, those of its objects included."""
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        source = ""
    return frozenset(filter(_is_private, {*vars(cls), *re.findall(r"\bself\.(_\w+)", source)}))


def _found(owner: str) -> Any:
    module, _, name = owner.rpartition(".")
    return getattr(importlib.import_module(module), name) if module else importlib.import_module(owner)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_private_names_of_others_are_listed(part: str) -> None:
    listed = {name for names in BORROWED.values() for name in names}
    strays = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for module, path in modules(part)
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
        for line, name in (*_used(tree), *_inherited(module, tree))
        if name not in listed
    ]
    assert not strays, "private names of others; do without, or list them in BORROWED:\n" + "\n".join(strays)


@pytest.mark.parametrize("owner", BORROWED)
def test_what_is_borrowed_is_still_there(owner: str) -> None:
    found = _found(owner)
    for name in BORROWED[owner]:
        if inspect.ismodule(found):
            there = hasattr(found, name) or importlib.util.find_spec(f"{owner}.{name}") is not None
        else:
            there = any(name in _privates(base) for base in found.__mro__)
        assert there, f"{owner} has no {name} any more: find where we use it, and another way"


def test_who_lends_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    bounded = {re.split(r"[^\w-]", each)[0].lower() for each in wanted if "<" in each}
    tops = {owner.partition(".")[0] for owner in BORROWED} - sys.stdlib_module_names
    names = metadata.packages_distributions()
    unbounded = [top for top in sorted(tops) if not {name.lower() for name in names[top]} & bounded]
    assert not unbounded, f"their next major version may come any day: {unbounded}"
