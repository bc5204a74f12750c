"""A user of Pipecat's services changes only the import. Every difference in the surface is named here."""

import dataclasses
import inspect
from typing import Any

import pipecat_responses
import pytest
from mock_openai import MockServer, reply
from ninelives import Bot
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService, WebsocketLLMService
from pipecat.services.openai.responses import llm as theirs

PAIRS = {
    "websocket": (pipecat_responses.OpenAIResponsesLLMService, theirs.OpenAIResponsesLLMService),
    "http": (pipecat_responses.OpenAIResponsesHttpLLMService, theirs.OpenAIResponsesHttpLLMService),
}
pairs = pytest.mark.parametrize(("ours", "pipecats"), PAIRS.values(), ids=PAIRS.keys())


def constructor_arguments(service_class: type[Any]) -> dict[str, Any]:
    """Every keyword that a constructor takes, those of its base classes included, with its default."""
    found: dict[str, Any] = {}
    for base in service_class.__mro__:
        if "__init__" not in vars(base):
            continue
        for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items():
            if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(name, parameter.default)
    return found


def public(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_the_package_has_the_names_of_pipecats_module() -> None:
    assert set(theirs.__all__) <= set(pipecat_responses.__all__)


@pairs
def test_every_constructor_argument_is_taken(ours: type[Any], pipecats: type[Any]) -> None:
    missing = constructor_arguments(pipecats).keys() - constructor_arguments(ours).keys()
    assert not missing, f"Pipecat takes {sorted(missing)}"


DEFAULTS_THAT_DIFFER = {
    "ws_url": "derived from base_url where only that is given",
    "reconnect_backoff_min_wait": "a pause of four seconds is dead air",
    "reconnect_backoff_max_wait": "the service never stops trying, so it may try more often",
}


@pairs
def test_defaults_are_the_same_unless_said_here(ours: type[Any], pipecats: type[Any]) -> None:
    own = constructor_arguments(ours)
    drifted = {
        name: (own[name], default)
        for name, default in constructor_arguments(pipecats).items()
        if own[name] != default and name not in DEFAULTS_THAT_DIFFER
    }
    assert not drifted, f"(ours, Pipecat's): {drifted}"


@pairs
def test_every_public_name_of_the_class_is_there(ours: type[Any], pipecats: type[Any]) -> None:
    missing = public(pipecats) - public(ours)
    assert not missing, f"Pipecat has {sorted(missing)}"


@pairs
def test_public_methods_take_the_same_arguments(ours: type[Any], pipecats: type[Any]) -> None:
    drifted = {}
    for name in public(pipecats):
        own, other = getattr(ours, name), getattr(pipecats, name)
        if inspect.isfunction(own) and inspect.isfunction(other):
            taken = [list(inspect.signature(method).parameters) for method in (own, other)]
            if taken[0] != taken[1]:
                drifted[name] = taken
    assert not drifted, f"(ours, Pipecat's): {drifted}"


@pairs
def test_class_attributes_and_kinds(ours: type[Any], pipecats: type[Any]) -> None:
    assert issubclass(ours, LLMService)
    assert issubclass(ours, WebsocketLLMService) == issubclass(pipecats, WebsocketLLMService)
    assert ours.adapter_class is pipecats.adapter_class
    assert ours.supports_response_schema is pipecats.supports_response_schema
    for model in ("gpt-4.1", "gpt-4", "gpt-4o-2024-05-13", "gpt-4o-mini", "o1-mini", "gpt-5"):
        assert ours.model_supports_response_schema(model) == pipecats.model_supports_response_schema(model)


@pairs
def test_settings_and_reasoning_have_every_field(ours: type[Any], pipecats: type[Any]) -> None:
    own = {field.name for field in dataclasses.fields(ours.Settings)}
    missing = {field.name for field in dataclasses.fields(pipecats.Settings)} - own
    assert not missing, f"Pipecat's settings have {sorted(missing)}"
    assert set(pipecats.ReasoningConfig.model_fields) == set(ours.ReasoningConfig.model_fields)


@pairs
def test_events_settings_and_defaults_of_an_instance(ours: type[Any], pipecats: type[Any]) -> None:
    own, other = ours(api_key="k"), pipecats(api_key="k")
    missing = set(other._event_handlers) - set(own._event_handlers)
    assert not missing, f"Pipecat has the events {sorted(missing)}"
    for field in dataclasses.fields(pipecats.Settings):
        assert getattr(own.settings, field.name) == getattr(other.settings, field.name), field.name


def test_models_have_the_same_reasoning_defaults() -> None:
    from pipecat_responses.settings import lightest_effort, model_reasons

    table = theirs._THINKING_DEFAULTS
    drifted = {
        model: (lightest_effort(model), effort)
        for model, effort in table.items()
        if lightest_effort(model) != effort
    }
    assert not drifted, f"(ours, Pipecat's): {drifted}"
    for model in (*table, "gpt-4.1", "gpt-5-chat-latest", "something-else"):
        assert model_reasons(model) == theirs._model_supports_reasoning(model)


@pytest.mark.virtual_time
@pytest.mark.parametrize("given", ["base_url", "ws_url"])
async def test_one_url_is_enough(given: str) -> None:
    async with MockServer(script=[reply("Hi.")]) as server:
        url = {given: getattr(server, given)}
        service = pipecat_responses.OpenAIResponsesLLMService(api_key="k", **url)
        async with Bot(service) as bot:
            turn = await bot.say("hello")
            answer = await service.run_inference(LLMContext(messages=[{"role": "user", "content": "hello"}]))
    assert (turn.text, answer) == ("Hi.", "Hi.")


async def test_the_old_name_of_the_heartbeat_still_works_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match="now called pipecat_responses.Heartbeat"):
        old = pipecat_responses.Pulse
    assert old is pipecat_responses.Heartbeat
    with pytest.warns(DeprecationWarning, match="now called heartbeat="):
        pipecat_responses.OpenAIResponsesLLMService(api_key="any", pulse=old(idle=1.0))
