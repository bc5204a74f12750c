"""Conversations and their items, through the SDK."""

from __future__ import annotations

import openai
import pytest
from mock_openai import MockServer, call, reply
from openai import AsyncOpenAI

SCRIPT = [
    reply(call("look", at="sky"), user="look"),
    reply("Nice to meet you.", user="Hi", delay=0.05),
    reply("I do."),
]


@pytest.fixture
async def client():
    async with (
        MockServer(script=SCRIPT) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        yield client


def message(text: str, role: str = "user"):
    return {"type": "message", "role": role, "content": text}


async def texts(client, conversation, **query):
    page = await client.conversations.items.list(conversation, **query)
    return [item.content[0].text for item in page.data]


async def test_a_conversation_is_made_read_changed_and_deleted(client):
    made = await client.conversations.create(
        metadata={"topic": "demo"}, items=[message("Be brief.", "system")]
    )
    assert made.id.startswith("conv_")
    assert len(made.id) == 53
    assert (await client.conversations.retrieve(made.id)).metadata == {"topic": "demo"}
    assert (await client.conversations.update(made.id, metadata={"topic": "tea"})).metadata == {
        "topic": "tea"
    }
    gone = await client.conversations.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "conversation.deleted", True)
    with pytest.raises(openai.NotFoundError) as raised:
        await client.conversations.retrieve(made.id)
    assert raised.value.body["message"] == f"Conversation with id '{made.id}' not found."


async def test_a_turn_adds_its_input_and_output_at_its_end(client):
    made = await client.conversations.create(items=[message("Be brief.", "system")])
    await client.responses.create(model="gpt-4o", input="Ready?")  # the first answer loads the tokenizer
    stream = await client.responses.create(model="gpt-4o", input="Hi", conversation=made.id, stream=True)
    async for event in stream:
        if event.type == "response.created":
            assert event.response.conversation.id == made.id
            assert event.response.previous_response_id is None
            assert event.response.id[5:21] == made.id[-16:]
            assert await texts(client, made.id) == ["Be brief."]
    assert await texts(client, made.id) == ["Nice to meet you.", "Hi", "Be brief."]
    again = await client.responses.create(model="gpt-4o", input="And you?", conversation={"id": made.id})
    assert again.usage.input_tokens > 20
    assert len((await client.conversations.items.list(made.id)).data) == 5


async def test_items_are_listed_in_pages_of_either_order(client):
    made = await client.conversations.create()
    await client.conversations.items.create(made.id, items=[message(str(number)) for number in range(5)])
    assert await texts(client, made.id, limit=2) == ["4", "3"]
    assert await texts(client, made.id, limit=2, order="asc") == ["0", "1"]
    page = await client.conversations.items.list(made.id, limit=2)
    assert page.has_more
    assert await texts(client, made.id, limit=2, after=page.last_id) == ["2", "1"]
    assert [item.content[0].text async for item in client.conversations.items.list(made.id, limit=2)] == [
        "4",
        "3",
        "2",
        "1",
        "0",
    ]


async def test_an_item_is_read_and_taken_out(client):
    made = await client.conversations.create()
    added = await client.conversations.items.create(made.id, items=[message("one"), message("two")])
    assert [item.content[0].text for item in added.data] == ["one", "two"]
    one = added.data[0].id
    assert (await client.conversations.items.retrieve(one, conversation_id=made.id)).content[0].text == "one"
    assert (await client.conversations.items.delete(one, conversation_id=made.id)).id == made.id
    assert await texts(client, made.id) == ["two"]
    for ask in (client.conversations.items.retrieve, client.conversations.items.delete):
        with pytest.raises(openai.NotFoundError):
            await ask(one, conversation_id=made.id)


async def test_a_call_left_open_in_a_conversation_must_be_answered(client):
    made = await client.conversations.create()
    asked = await client.responses.create(model="gpt-4o", input="look", conversation=made.id)
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call"):
        await client.responses.create(model="gpt-4o", input="well?", conversation=made.id)
    output = {"type": "function_call_output", "call_id": asked.output[0].call_id, "output": "blue"}
    await client.responses.create(model="gpt-4o", input=[output], conversation=made.id)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"conversation": "conv_none"}, 404),
        ({"conversation": "conv_none", "previous_response_id": "resp_none"}, 400),
    ],
)
async def test_an_unknown_conversation_or_two_memories_are_refused(client, fields, status):
    with pytest.raises(openai.APIStatusError) as raised:
        await client.responses.create(model="gpt-4o", input="Hi", **fields)
    assert raised.value.status_code == status


async def test_what_is_no_conversation_is_refused(client):
    for wrong in ({"metadata": {"a": 1}}, {"items": [message("x")] * 21}, {"name": "x"}):
        with pytest.raises(openai.BadRequestError):
            await client.post("/conversations", body=wrong, cast_to=object)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "web_search_call", "id": ["no id"], "status": 7},
        {"type": "compaction", "encrypted_content": "x", "id": {}},
        {"type": "message", "role": "user", "content": []},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "nonsense"},
        "text",
        None,
    ],
)
async def test_odd_items_are_kept_or_refused_and_never_an_error_of_the_server(client, item):
    made = await client.conversations.create()
    try:
        await client.post(f"/conversations/{made.id}/items", body={"items": [item]}, cast_to=object)
    except openai.BadRequestError:
        return
    listed = await client.get(f"/conversations/{made.id}/items", cast_to=object)
    assert isinstance(listed["data"][0]["id"], str)


async def test_what_is_wrong_with_a_conversation_is_told_in_its_own_words(client):
    made = await client.conversations.create(items=[message("Hi")])
    for ask in (client.conversations.items.retrieve, client.conversations.items.delete):
        with pytest.raises(openai.NotFoundError) as raised:
            await ask("msg_none", conversation_id=made.id)
        assert raised.value.body["message"] == "Item with id 'msg_none' not found in conversation."
    with pytest.raises(openai.NotFoundError, match="Item with id 'msg_none' not found in conversation"):
        await client.conversations.items.list(made.id, after="msg_none")
    with pytest.raises(openai.BadRequestError) as raised:
        await client.conversations.items.create(made.id, items=[{"type": "message", "content": "Hi"}])
    assert (raised.value.param, raised.value.code) == ("items[0]", "invalid_value")
    picture = {"role": "user", "content": [{"type": "input_image"}]}
    with pytest.raises(openai.BadRequestError, match="Missing mutually exclusive parameters") as raised:
        await client.conversations.items.create(made.id, items=[picture])
    assert raised.value.param == "items[0].content[0]"
    with pytest.raises(openai.BadRequestError, match="Invalid body: failed to parse JSON value") as raised:
        await client.post("/conversations", content=b"{", cast_to=object)
    assert raised.value.code == "invalid_json"
