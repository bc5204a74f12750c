"""Azure's address for the same API: everything below `/openai/v1` answers as below `/v1`."""

from __future__ import annotations

from typing import Any

import aiohttp
import openai
import pytest
from mock_openai import MockServer, reply


async def test_the_official_client_talks_to_it() -> None:
    async with (
        MockServer(script=[reply("Hello.")], api_key="azure-key") as server,
        openai.AsyncOpenAI(
            base_url=server.base_url.replace("/v1", "/openai/v1/"), api_key="azure-key", max_retries=0
        ) as client,
    ):
        for _ in range(3):  # the third may be answered at once
            answer = await client.responses.create(model="gpt-4o", input="hi")
            assert answer.output_text == "Hello."
        assert (await client.responses.retrieve(answer.id)).id == answer.id
        assert (await client.responses.input_items.list(answer.id)).data
        async with client.responses.connect() as socket:
            await socket.response.create(model="gpt-4o", input="hi")
            async for event in socket:
                if event.type == "response.completed":
                    break
        assert "azure-key" not in str([entry.data for entry in server.journal.entries])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/openai/v1/responses?api-version=preview", 200),
        ("/openai/responses", 404),
        ("/openai/v1", 404),
        ("/openai/openai/v1/responses", 404),
        ("/openaix/v1/responses", 404),
    ],
)
async def test_only_that_address_is_azures(path: str, status: int) -> None:
    async with MockServer() as server, aiohttp.ClientSession() as http:
        body: dict[str, Any] = {"model": "gpt-4o", "input": "hi"}
        async with http.post(server.base_url.removesuffix("/v1") + path, json=body) as answer:
            assert answer.status == status


@pytest.mark.parametrize(("key", "status"), [("right-key", 200), ("wrong-key", 401)])
async def test_azures_own_header_carries_the_key(key: str, status: int) -> None:
    async with MockServer(api_key="right-key") as server, aiohttp.ClientSession() as http:
        url = server.base_url.replace("/v1", "/openai/v1/responses")
        body = {"model": "gpt-4o", "input": "hi"}
        async with http.post(url, json=body, headers={"api-key": key}) as answer:
            assert answer.status == status
        assert key not in str([entry.data for entry in server.journal.entries])
