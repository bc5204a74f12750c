"""The OpenAPI description is the server's own: what it names is answered, what it allows is taken."""

from __future__ import annotations

import re

import aiohttp
import jsonschema
import pytest
from mock_openai import MockServer

EXAMPLES = [
    {"model": "gpt-4o", "input": "hi"},
    {"model": "gpt-5", "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]},
    {
        "model": "gpt-4o",
        "input": "hi",
        "tools": [
            {
                "type": "function",
                "name": "f",
                "parameters": {"type": "object", "properties": {}},
                "strict": False,
            }
        ],
        "tool_choice": "auto",
        "text": {"format": {"type": "text"}},
        "metadata": {"a": "b"},
        "temperature": 1,
        "max_output_tokens": None,
        "include": ["web_search_call.action.sources"],
    },
    {"model": "gpt-4o", "input": "hi", "unknown": 1},
    {"model": "gpt-4o", "input": "hi", "temperature": 3},
    {"model": "gpt-4o", "input": "hi", "metadata": {"k" * 65: "v"}},
    {"model": "gpt-4o", "input": "hi", "max_output_tokens": 1},
    {"model": "gpt-4o", "input": "hi", "tools": [{"type": "nonsense"}]},
]


@pytest.fixture
async def described():
    async with (
        MockServer() as server,
        aiohttp.ClientSession(server.base_url.removesuffix("v1")) as http,
        http.get("/__mock__/openapi.json") as answer,
    ):
        assert answer.status == 200
        yield http, await answer.json()


async def test_it_holds_together(described):
    _, told = described
    assert told["openapi"].startswith("3.1")
    for path, methods in told["paths"].items():
        names = set(re.findall(r"{(\w+)}", path))
        for operation in methods.values():
            given = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert given == names
            assert operation["responses"]["200"]["description"]
    ids = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(set(ids)) == len(ids)
    for schema in told["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_every_address_it_names_is_there(described):
    http, told = described
    for path, methods in told["paths"].items():
        for method in methods:
            where = re.sub(r"{\w+}", "x_1", path)
            async with http.request(method, where, json={}) as answer:
                text = await answer.text()
                assert answer.status != 405, (method, path)
                assert "Invalid URL" not in text, (method, path)
                assert "there are GET" not in text, (method, path)


async def test_what_it_says_of_a_create_is_what_the_server_takes(described):
    http, told = described
    validator = jsonschema.Draft202012Validator(told["components"]["schemas"]["CreateResponse"])
    answers = set()
    for body in EXAMPLES:
        async with http.post("/v1/responses", json=body) as answer:
            assert validator.is_valid(body) == (answer.status == 200), (body, await answer.text())
            answers.add(answer.status)
    assert answers == {200, 400}
