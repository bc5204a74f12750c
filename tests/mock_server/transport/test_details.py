"""Keep-alives, packing, compaction, references and the other things that a single request shows."""

from __future__ import annotations

import gzip
import json

import aiohttp
import openai
import pytest
from mock_openai import MockServer, faults, reply
from mock_openai.protocol import tokens
from openai import AsyncOpenAI


def client_of(server):
    return AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0)


async def events(server, **fields):
    async with client_of(server) as client:
        stream = await client.responses.create(model="gpt-4o", input="hi", stream=True, **fields)
        return [event async for event in stream]


@pytest.fixture(autouse=True, scope="module")
def tokenizer():
    tokens.prepare()  # loading it takes longer than the silences here


async def test_a_long_silence_in_a_stream_is_broken_by_numbered_keepalives():
    async with MockServer(script=[reply("Well.", delay=0.13)], keepalive=0.05) as server:
        seen = await events(server)
        assert [event.type for event in seen][2] == "keepalive"
        assert [event.sequence_number for event in seen] == list(range(len(seen)))
    async with MockServer(script=[reply("Well.", delay=0.05)], keepalive=None) as server:
        assert "keepalive" not in {event.type for event in await events(server)}


async def test_a_keepalive_that_a_fault_sends_takes_a_number_as_well():
    planned = [faults.at(event="response.output_text.delta", nth=n).keepalive() for n in (1, 2)]
    async with MockServer(script=[reply("One two three.")], faults=planned) as server:
        seen = await events(server)
        assert [event.type for event in seen].count("keepalive") == 2
        assert [event.sequence_number for event in seen] == list(range(len(seen)))


async def test_large_json_is_packed_for_clients_that_take_it_and_streams_never_are():
    async with (
        MockServer(script=[reply("Hi")]) as server,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):

        async def ask(accepted: str, **fields):
            body = {"model": "gpt-4o", "input": "hi", **fields}
            headers = {"Accept-Encoding": accepted}
            async with http.post(f"{server.base_url}/responses", json=body, headers=headers) as answer:
                return answer.headers.get("Content-Encoding"), await answer.read()

        packed, data = await ask("gzip, deflate")
        assert packed == "gzip"
        assert json.loads(gzip.decompress(data))["status"] == "completed"
        assert (await ask("identity"))[0] is None
        assert (await ask("gzip", stream=True))[0] is None


async def test_compaction_gives_the_users_words_and_one_sealed_item():
    async with MockServer(script=[reply("Four.")]) as server, client_of(server) as client:
        first = await client.responses.create(model="gpt-4o", input="What is 2+2?")
        small = await client.responses.compact(
            model="gpt-4o", input="And 3+3?", previous_response_id=first.id, instructions="Short answers."
        )
        assert small.object == "response.compaction"
        assert [item.type for item in small.output] == ["message", "message", "compaction"]
        assert [item.content[0].text for item in small.output[:2]] == ["What is 2+2?", "And 3+3?"]
        assert small.usage.total_tokens == small.usage.input_tokens + small.usage.output_tokens
        with pytest.raises(openai.BadRequestError) as raised:
            await client.responses.create(model="gpt-4o", input="hi", previous_response_id=small.id)
        assert raised.value.code == "previous_response_not_found"
        alone = await client.responses.compact(model="gpt-4o", previous_response_id=first.id)
        null = {"model": "gpt-4o", "input": None, "previous_response_id": first.id}
        nulled = await client.responses.compact(**null)
        assert [item.type for item in alone.output] == [item.type for item in nulled.output]
        assert [item.type for item in alone.output] == ["message", "compaction"]
        window = [item.to_dict(warnings=False) for item in small.output]
        await client.responses.create(model="gpt-4o", input=[*window, {"role": "user", "content": "go on"}])
        with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'model'"):
            await client.post("/responses/compact", body={"input": "x"}, cast_to=object)
        with pytest.raises(openai.BadRequestError, match="must be provided"):
            await client.post("/responses/compact", body={"model": "gpt-4o"}, cast_to=object)


async def test_an_item_is_referred_to_by_its_id_while_it_is_stored():
    async with MockServer(script=[reply("Yes.")]) as server, client_of(server) as client:
        first = await client.responses.create(model="gpt-4o", input="hi")
        known = {"type": "item_reference", "id": first.output[0].id}
        await client.responses.create(model="gpt-4o", input=[known, {"role": "user", "content": "and?"}])
        await client.responses.delete(first.id)
        with pytest.raises(
            openai.NotFoundError, match="Items are not persisted when `store` is set to false"
        ):
            await client.responses.create(model="gpt-4o", input=[known, {"role": "user", "content": "and?"}])


async def test_input_beyond_the_models_window_is_refused_unless_it_may_be_cut():
    async with MockServer(script=[reply("Yes.")]) as server, client_of(server) as client:
        long = "one two " * 5000
        with pytest.raises(openai.BadRequestError) as raised:
            await client.responses.create(model="gpt-4", input=long)
        assert raised.value.code == "context_length_exceeded"
        await client.responses.create(model="gpt-4", input=long, truncation="auto")
        await client.responses.create(model="gpt-4.1", input=long)


async def test_a_model_nobody_knows_is_refused_unless_any_will_do():
    async with MockServer() as server, client_of(server) as client:
        with pytest.raises(
            openai.BadRequestError, match=r"The requested model 'gpt-5\.2-proo' does not exist"
        ):
            await client.responses.create(model="gpt-5.2-proo", input="hi")
    async with MockServer(any_model=True) as server, client_of(server) as client:
        assert (await client.responses.create(model="my-own", input="hi")).model == "my-own"


async def test_an_answer_cut_short_says_what_was_read():
    planned = [faults.at(event="response.output_text.delta", nth=2).incomplete()]
    async with MockServer(script=[reply("One two three.")], faults=planned) as server:
        last = (await events(server))[-1]
        assert last.response.usage.input_tokens == 8
        assert last.response.usage.output_tokens == 1


@pytest.mark.parametrize("cut", ["incomplete", "server_error"])
async def test_a_turn_whose_first_event_was_dropped_can_still_be_ended(cut):
    planned = [
        faults.at(event="response.created").drop(),
        getattr(faults.at(event="response.completed"), cut)(),
    ]
    async with MockServer(script=[reply("One.")], faults=planned) as server:
        async with aiohttp.ClientSession() as http:
            body = {"model": "gpt-4o", "input": "hi", "stream": True}
            async with http.post(f"{server.base_url}/responses", json=body) as answer:
                text = await answer.text()
        assert "response.incomplete" in text or "response.failed" in text


async def test_a_malformed_event_does_not_spoil_the_journal():
    async with MockServer(
        script=[reply("One.")], faults=[faults.at(event="response.created").malformed_json()]
    ) as server:
        async with aiohttp.ClientSession() as http:
            body = {"model": "gpt-4o", "input": "hi", "stream": True}
            async with http.post(f"{server.base_url}/responses", json=body) as answer:
                await answer.read()
        assert server.journal.responses[0].text == "One."
