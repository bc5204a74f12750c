"""Stored responses and the other plain endpoints, through the SDK where it has a method."""

from __future__ import annotations

import asyncio
import json

import openai
import pytest
from mock_openai import MockServer, call, reply
from openai import AsyncOpenAI

SCRIPT = [reply("Hi there", user="hi"), reply(call("look", at="sky"), user="tool"), reply("Done")]


@pytest.fixture
async def server():
    async with MockServer(script=SCRIPT) as server:
        yield server


@pytest.fixture
async def client(server):
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        yield client


async def test_a_stored_response_can_be_read_again(client):
    made = await client.responses.create(model="gpt-4o", input="hi")
    assert (await client.responses.retrieve(made.id)).to_dict() == made.to_dict()


async def test_a_stored_stream_can_be_replayed_from_any_event(client):
    stream = await client.responses.create(model="gpt-4o", input="hi", stream=True)
    events = [event async for event in stream]
    response_id = events[0].response.id
    again = await client.responses.retrieve(response_id, stream=True, starting_after=3)
    assert [event.to_dict() async for event in again] == [event.to_dict() for event in events[4:]]


async def test_unstored_and_unknown_responses_are_not_found(client):
    made = await client.responses.create(model="gpt-4o", input="hi", store=False)
    for response_id in (made.id, "resp_unknown"):
        with pytest.raises(openai.NotFoundError) as raised:
            await client.responses.retrieve(response_id)
        assert raised.value.body == {
            "message": f"Response with id '{response_id}' not found.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }


async def test_a_deleted_response_is_gone_and_cannot_be_continued(client, http, server):
    made = await client.responses.create(model="gpt-4o", input="hi")
    async with http.delete(f"{server.base_url}/responses/{made.id}") as answer:
        assert await answer.json() == {"id": made.id, "object": "response.deleted", "deleted": True}
    for _ in range(2):
        with pytest.raises(openai.NotFoundError):
            await client.responses.delete(made.id)
    with pytest.raises(openai.BadRequestError) as raised:
        await client.responses.create(model="gpt-4o", input="hi", previous_response_id=made.id)
    assert raised.value.code == "previous_response_not_found"


async def test_a_chain_counts_its_history_as_input_and_instructions_and_tools_once(client):
    async def two_turns(**frame):
        first = await client.responses.create(model="gpt-4o", input="hi", **frame)
        second = await client.responses.create(
            model="gpt-4o", input="hi", previous_response_id=first.id, **frame
        )
        assert second.id[5:21] == first.id[5:21]
        return first.usage, second.usage

    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    plain, plain_chained = await two_turns()
    framed, framed_chained = await two_turns(instructions="Speak like a pirate.", tools=[tool])

    assert plain_chained.input_tokens > plain.total_tokens
    frame = framed.input_tokens - plain.input_tokens
    assert frame > 10
    assert framed_chained.input_tokens == plain_chained.input_tokens + frame


async def test_a_tool_output_must_answer_a_call_of_the_chain(client):
    asked = await client.responses.create(model="gpt-4o", input="tool")
    call_id = asked.output[0].call_id
    with pytest.raises(openai.BadRequestError) as raised:
        await client.responses.create(model="gpt-4o", input="hi", previous_response_id=asked.id)
    assert raised.value.body["message"] == f"No tool output found for function call {call_id}."
    output = {"type": "function_call_output", "call_id": call_id, "output": "blue"}
    done = await client.responses.create(model="gpt-4o", input=[output], previous_response_id=asked.id)
    assert done.output_text == "Done"


async def test_input_items_are_listed_newest_first_in_pages(client):
    said = [{"role": "user", "content": f"hi {number}"} for number in range(3)]
    made = await client.responses.create(model="gpt-4o", input=said)
    newest = await client.responses.input_items.list(made.id, limit=2)
    assert [item.content[0].text for item in newest.data] == ["hi 2", "hi 1"]
    assert newest.has_more
    rest = await client.responses.input_items.list(made.id, after=newest.data[-1].id)
    assert [item.content[0].text for item in rest.data] == ["hi 0"]
    oldest = await client.responses.input_items.list(made.id, order="asc", limit=1)
    assert oldest.data[0].id == rest.data[0].id, "ids stay the same"


async def test_a_page_cannot_begin_at_an_item_that_is_not_there(client):
    made = await client.responses.create(model="gpt-4o", input="hi")
    for bound in ("after", "before"):
        with pytest.raises(openai.NotFoundError, match="Item with id 'msg_none' not found"):
            await client.responses.input_items.list(made.id, extra_query={bound: "msg_none"})


@pytest.mark.parametrize("query", ["limit=many", "limit=0", "limit=101", "order=sideways"])
async def test_a_bad_page_is_a_400(client, http, server, query):
    made = await client.responses.create(model="gpt-4o", input="hi")
    async with http.get(f"{server.base_url}/responses/{made.id}/input_items?{query}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["param"] in query


async def test_only_background_responses_can_be_cancelled(client):
    made = await client.responses.create(model="gpt-4o", input="hi")
    with pytest.raises(openai.BadRequestError) as raised:
        await client.responses.cancel(made.id)
    assert raised.value.body["message"] == "Cannot cancel a synchronous response."


async def test_a_background_response_is_queued_first_and_done_when_asked(client):
    made = await client.responses.create(model="gpt-4o", input="hi", background=True)
    assert (made.status, made.output) == ("queued", [])
    await asyncio.sleep(0.5)  # virtual time: as long as background responses take by default
    assert (await client.responses.retrieve(made.id)).output_text == "Hi there"


async def test_input_tokens_are_counted_without_answering(client, server):
    counted = await client.responses.input_tokens.count(model="gpt-4o", input="hi")
    made = await client.responses.create(model="gpt-4o", input="hi")
    assert counted.to_dict() == {"object": "response.input_tokens", "input_tokens": made.usage.input_tokens}
    assert len(server.journal.requests) == 1


async def test_only_what_can_be_counted_is_taken_for_counting(client):
    await client.responses.input_tokens.count(model="gpt-4o", input="hi", personality="friendly")
    with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'temperature'"):
        await client.responses.input_tokens.count(model="gpt-4o", input="hi", extra_body={"temperature": 0.5})


async def test_models_are_listed_and_looked_up(client, http, server):
    names = [model.id async for model in client.models.list()]
    assert {"gpt-4o", "gpt-4o-2024-08-06"} <= set(names)
    assert (await client.models.retrieve("gpt-4o")).object == "model"
    async with http.get(server.base_url + "/models/nonsense") as answer:
        assert answer.status == 404
        assert json.loads(await answer.text())["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("method", "path", "status", "what"),
    [
        ("GET", "/responses", 405, "method for URL"),
        ("PUT", "/responses/resp_1", 405, "method for URL"),
        ("GET", "/conversations", 405, "method for URL"),
        ("POST", "/chat/completions", 404, "URL"),
        ("GET", "/responses/resp_1/output", 404, "URL"),
    ],
)
async def test_a_method_that_does_not_fit_is_a_405_and_what_is_not_there_a_404(
    http, server, method, path, status, what
):
    async with http.request(method, server.base_url + path) as answer:
        assert answer.status == status
        assert (await answer.json())["error"] == {
            "message": f"Invalid {what} ({method} /v1{path})",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }


async def test_only_ones_own_fine_tuned_models_can_be_deleted(http):
    async with MockServer() as server:
        for name, status in (("ft:gpt-4o-mini:acme::x", 200), ("gpt-4o", 403), ("nobody", 404)):
            async with http.delete(f"{server.base_url}/models/{name}") as answer:
                assert answer.status == status
                if status == 200:
                    assert await answer.json() == {"id": name, "object": "model", "deleted": True}


async def test_a_conversation_beyond_its_threshold_is_compacted_after_the_answer(http):
    managed = [{"type": "compaction", "compact_threshold": 1000}]
    async with MockServer(script=[reply("Fine.")]) as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        for text, kinds in (("short", ["message"]), ("word " * 1200, ["message", "compaction"])):
            stream = await client.responses.create(
                model="gpt-5.4", input=text, context_management=managed, stream=True
            )
            events = [event async for event in stream]
            assert [item.type for item in events[-1].response.output] == kinds
        told = [event.item for event in events if event.type.startswith("response.output_item")]
        seals = [item.encrypted_content for item in told if item.type == "compaction"]
        assert len(set(seals)) == 2, "added and done carry different ciphertexts"
        later = await client.responses.create(
            model="gpt-5.4", input="go on", previous_response_id=events[-1].response.id
        )
        assert later.usage.input_tokens < 600, "what was compacted is not read again"
        await client.close()


async def test_a_stored_stream_is_read_again_without_its_padding(http):
    text = 'He said ","obfuscation":"x" twice.'
    async with MockServer(script=[reply(text)]) as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        first = await client.responses.create(model="gpt-4o", input="hi")
        for wanted in (True, False):
            stream = await client.responses.retrieve(first.id, stream=True, include_obfuscation=wanted)
            deltas = [event async for event in stream if event.type == "response.output_text.delta"]
            assert all(hasattr(event, "obfuscation") == wanted for event in deltas)
            assert "".join(event.delta for event in deltas) == text
        await client.close()


async def test_addresses_of_pictures_are_listed_when_asked_for(http):
    picture = {"type": "input_image", "detail": "auto", "image_url": "https://a.b/c.png"}
    message = {"role": "user", "content": [{"type": "input_text", "text": "look"}, picture]}
    async with MockServer(script=[reply("Hi")]) as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        first = await client.responses.create(model="gpt-4o", input=[message])
        talk = await client.conversations.create(items=[{"type": "message", **message}])
        for include, address in ((None, None), (["message.input_image.image_url"], "https://a.b/c.png")):
            more = {} if include is None else {"include": include}
            items = await client.responses.input_items.list(first.id, **more)
            assert items.data[0].content[1].image_url == address
            items = await client.conversations.items.list(talk.id, **more)
            assert items.data[0].content[1].image_url == address
        for path in (f"/responses/{first.id}", f"/responses/{first.id}/input_items"):
            async with http.get(f"{server.base_url}{path}?include[]=nonsense") as answer:
                error = (await answer.json())["error"]
                assert (answer.status, error["code"], error["param"]) == (400, "invalid_value", "include[0]")
        await client.close()


async def test_what_was_sent_to_any_endpoint_stands_in_the_journal_without_secrets(client, http, server):
    talk = await client.conversations.create(metadata={"who": "me"})
    await client.conversations.update(talk.id, metadata={"who": "you"})
    tool = {"type": "mcp", "server_label": "m", "server_url": "https://u:p@m.test/k", "authorization": "hush"}
    counted = {"model": "gpt-4o", "input": "hi", "tools": [tool]}
    await http.post(f"{server.base_url}/responses/input_tokens", json=counted)
    await http.post(f"{server.base_url}/responses/compact", json={"model": "gpt-4o", "input": "hi"})
    await http.post(f"{server.base_url}/conversations", data=b"no json")
    await client.conversations.retrieve(talk.id)
    noted = [entry.data["body"] for entry in server.journal.entries if entry.kind == "request"]
    assert noted[:2] == [{"metadata": {"who": "me"}}, {"metadata": {"who": "you"}}]
    assert noted[2]["input"] == "hi"
    assert noted[2]["tools"][0]["authorization"] == "[redacted]"
    assert "hush" not in str(noted)
    assert noted[3:] == [{"model": "gpt-4o", "input": "hi"}, {}, None]
    assert not server.journal.requests, "these are creates only"
