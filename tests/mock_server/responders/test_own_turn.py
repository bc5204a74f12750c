"""What a user's function does with a turn changes nothing that the server keeps."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer, reply
from mock_openai.protocol.parts import text_of
from mock_openai.responders import Turn, base
from mock_openai.responders.when import When


def spoil(value: Any) -> None:
    """Change everything in a value, at every depth."""
    if isinstance(value, dict):
        for inner in value.values():
            spoil(inner)
        value.clear()
    elif isinstance(value, list | tuple):
        for inner in value:
            spoil(inner)
        if isinstance(value, list):
            value.append("spoiled")


def spoil_turn(turn: Turn) -> None:
    for part in (
        turn.body,
        turn.history,
        turn.request and turn.request.body,
        turn.request and turn.request.input,
    ):
        spoil(part)


class Spoiling(When):
    """A condition of the user's own."""

    def holds(self, turn: Turn, *more: Any) -> bool:
        spoil_turn(turn)
        return True


def item(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "input_text", "text": text}]}


async def test_neither_an_answer_nor_a_condition_changes_what_is_kept() -> None:
    seen: list[Any] = []

    def answer(turn: Turn) -> str:
        seen.append([each["content"] for each in turn.history if each.get("role") == "user"])
        spoil_turn(turn)
        assert turn.body == {}  # its own stays as it left it
        return "Hello."

    server = MockServer()
    rule = server.script.add(reply(answer, when=Spoiling()))
    async with server, aiohttp.ClientSession(server.base_url + "/") as http:
        previous = None
        for text in ("one", "two"):
            ask = {"model": "gpt-4o", "input": [item(text)], "previous_response_id": previous}
            async with http.post("responses", json=ask) as response:
                previous = (await response.json())["id"]
        async with http.get(f"responses/{previous}/input_items") as response:
            kept = [each["content"][0]["text"] for each in (await response.json())["data"] if "role" in each]
    assert seen == [[], [item("one")["content"]]]
    assert set(kept) >= {"two"}
    assert [body["input"] for body in server.journal.requests] == [[item("one")], [item("two")]]
    assert [body["input"] for body in rule.requests] == [[item("one")], [item("two")]]


async def test_a_function_costs_one_copy_of_what_it_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[Any] = []

    def copy(value: Any) -> Any:
        copied.append(value)
        return deepcopy(value)

    monkeypatch.setattr(base, "deepcopy", copy)
    rules = [reply("One.", user="^one$"), reply(lambda turn: f"After {len(turn.history)} items.")]
    async with MockServer(rules) as server, aiohttp.ClientSession(server.base_url + "/") as http:
        previous, said = None, []
        for text in ("one", "two", "three"):
            ask = {"model": "gpt-4o", "input": [item(text)], "previous_response_id": previous}
            async with http.post("responses", json=ask) as response:
                told = await response.json()
            previous = told["id"]
            said.append(told["output"][0]["content"][0]["text"])
        improvised = {"model": "gpt-4o", "input": "four", "previous_response_id": previous}
        server.script.clear()
        async with http.post("responses", json=improvised) as response:
            assert response.status == 200
    assert said == ["One.", "After 2 items.", "After 4 items."]
    assert [len(each) for each in copied] == [2, 4], "each function's own copy, and no other"


async def test_a_function_reads_a_long_conversation_and_changes_none_of_it() -> None:
    seen: list[list[Any]] = []

    def answer(turn: Turn) -> str:
        seen.append([text_of(each["content"]) for each in turn.history])
        spoil_turn(turn)
        return "Seen."

    rules = [reply("Hello.", user="hi"), reply(answer, user="look")]
    async with MockServer(rules) as server, aiohttp.ClientSession(server.base_url + "/") as http:

        async def say(text: str, previous: str | None) -> str:
            ask = {"model": "gpt-4o", "input": text, "previous_response_id": previous}
            async with http.post("responses", json=ask) as response:
                assert response.status == 200, await response.text()
                return str((await response.json())["id"])

        previous = None
        for _ in range(
            4
        ):  # from the third on, the answer comes from a template and is kept as it was rendered
            previous = await say("hi", previous)
        for _ in range(2):
            await say("look", previous)
    assert seen == [["hi", "Hello."] * 4] * 2


async def test_a_turn_can_be_replaced_in_parts() -> None:
    def answer(turn: Turn) -> str:
        other = replace(turn, session="other")
        assert isinstance(other, Turn)
        return f"{other.session} {other.body['input']} {turn.session}"

    async with MockServer([reply(answer)]) as server, aiohttp.ClientSession() as http:
        ask = {"model": "gpt-4o", "input": "hi"}
        async with http.post(server.base_url + "/responses", json=ask) as response:
            told = await response.json()
    assert told["output"][0]["content"][0]["text"] == "other hi None"
