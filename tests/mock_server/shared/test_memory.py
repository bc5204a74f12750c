"""Several servers, one memory: a conversation goes on wherever its next turn lands."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import Any

import aiohttp
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, reply

from tests.effort import HANG

pytestmark = pytest.mark.real_time  # Redis is another process

SCRIPT = [reply("Fine.", user="how"), reply("Hello.", user="(?i)hello")]


def texts(items: list[dict[str, Any]]) -> list[str]:
    return [part["text"] for item in items for part in item["content"]]


async def test_a_chain_is_continued_read_and_deleted_on_another_server(store, api):
    async with MockServer(SCRIPT, store=store) as one, MockServer(SCRIPT, store=store) as two:
        first = await api.say(one, "Hello.")
        second = await api.say(two, "how are you", previous_response_id=first["id"])
        third = await api.say(one, "how else", previous_response_id=second["id"])
        assert (
            third["usage"]["input_tokens"] > second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
        )
        seen = await api("GET", f"{two.base_url}/responses/{third['id']}")
        assert seen["output"] == third["output"]
        listed = await api("GET", f"{one.base_url}/responses/{second['id']}/input_items")
        assert texts(listed["data"]) == ["how are you"]
        await api("DELETE", f"{two.base_url}/responses/{second['id']}")
        await api("GET", f"{one.base_url}/responses/{second['id']}", status=404)
        on = await api.say(two, "how now", previous_response_id=third["id"])
        assert on["status"] == "completed", "what came before is kept for those who continue from it"
        body = {"model": "gpt-4o", "input": "x", "previous_response_id": second["id"]}
        gone = await api("POST", f"{one.base_url}/responses", body, status=400)
        assert gone["error"]["code"] == "previous_response_not_found"


async def test_servers_of_one_seed_never_make_the_same_id(store, api):
    async with MockServer(seed=7, store=store) as one, MockServer(seed=7, store=store) as two:
        made = [await api.say(server, "Hello.") for server in (one, two, one, two)]
    async with MockServer(seed=7, store=store) as again:
        made.append(await api.say(again, "Hello."))
    assert len({answer["id"] for answer in made}) == 5


async def test_sessions_of_one_name_on_two_servers_never_make_the_same_id(store, api):
    async with MockServer(store=store) as one, MockServer(store=store) as two:
        made = []
        for server in (one, two):
            body, named = {"model": "gpt-4o", "input": "Hello."}, server.session("a test").headers
            made.append(await api("POST", f"{server.base_url}/responses", body, headers=named))
    assert made[0]["id"] != made[1]["id"]


async def test_who_has_the_last_event_can_continue_elsewhere_at_once(store):
    async with (
        MockServer(SCRIPT, store=store) as one,
        MockServer(SCRIPT, store=store) as two,
        aiohttp.ClientSession() as client,
        client.ws_connect(one.ws_url) as first,
        client.ws_connect(two.ws_url) as second,
    ):
        parent = None
        for number in range(20):
            socket = (first, second)[number % 2]
            asked = {"type": "response.create", "model": "gpt-4o", "input": "how"}
            await socket.send_json({**asked, "previous_response_id": parent} if parent else asked)
            while (event := await socket.receive_json())["type"] != "response.completed":
                assert event["type"] != "error", event
            parent = event["response"]["id"]


async def test_what_is_not_stored_stays_with_its_connection(store, api):
    async with (
        MockServer(SCRIPT, store=store) as one,
        MockServer(SCRIPT, store=store) as two,
        aiohttp.ClientSession() as client,
        client.ws_connect(one.ws_url) as socket,
    ):
        asked = {"type": "response.create", "model": "gpt-4o", "store": False, "input": "hello"}
        await socket.send_json(asked)
        while (event := await socket.receive_json())["type"] != "response.completed":
            pass
        hidden = event["response"]["id"]
        await api("GET", f"{two.base_url}/responses/{hidden}", status=404)
        await socket.send_json({**asked, "previous_response_id": hidden, "store": True, "input": "how"})
        while (event := await socket.receive_json())["type"] != "response.completed":
            assert event["type"] != "error", event
        # The stored child of a parent that nobody else knows carries the whole conversation with it.
        child = event["response"]["id"]
        on = await api.say(two, "how", previous_response_id=child)
        assert on["usage"]["input_tokens"] > event["response"]["usage"]["input_tokens"]


async def test_turns_of_one_conversation_on_two_servers_at_once_lose_nothing(store, api):
    async with MockServer(SCRIPT, store=store) as one, MockServer(SCRIPT, store=store) as two:
        made = await api("POST", f"{one.base_url}/conversations", {"metadata": {"who": "me"}})
        name = made["id"]
        turns = [api.say((one, two)[n % 2], f"how {n}", conversation=name) for n in range(40)]
        await asyncio.gather(*turns)
        rows, after = [], ""
        while True:
            url = f"{two.base_url}/conversations/{name}/items?order=asc&limit=100{after}"
            listed = await api("GET", url)
            rows += listed["data"]
            if not listed["has_more"]:
                break
            after = f"&after={listed['last_id']}"
        assert len({row["id"] for row in rows}) == len(rows) == 80
        asked = [texts([row])[0] for row in rows if row["role"] == "user"]
        assert sorted(asked) == sorted(f"how {n}" for n in range(40))
        # Each turn's items stand together.
        assert [row["role"] for row in rows] == ["user", "assistant"] * 40


async def test_a_conversation_is_changed_from_both_sides(store, api):
    async with MockServer(SCRIPT, store=store) as one, MockServer(SCRIPT, store=store) as two:
        items = [{"role": "user", "content": f"{n}"} for n in range(3)]
        made = await api("POST", f"{one.base_url}/conversations", {"items": items, "metadata": {"a": "1"}})
        url = f"{two.base_url}/conversations/{made['id']}"
        changed = await api("POST", url, {"metadata": {"b": "2"}})
        assert changed["metadata"] == {"b": "2"}
        here = f"{one.base_url}/conversations/{made['id']}"
        assert await api("GET", here) == changed
        rows = (await api("GET", f"{here}/items?order=asc"))["data"]
        await asyncio.gather(
            api("DELETE", f"{url}/items/{rows[0]['id']}"),
            api("POST", f"{here}/items", {"items": [{"role": "user", "content": "3"}]}),
        )
        assert texts((await api("GET", f"{url}/items?order=asc"))["data"]) == ["1", "2", "3"]
        await api("DELETE", here)
        await api("GET", url, status=404)
        await api("POST", f"{url}/items", {"items": items}, status=404)
        await api("POST", url, {"metadata": {}}, status=404)


async def test_an_item_is_found_by_its_id_on_another_server(store, api):
    async with MockServer(SCRIPT, store=store) as one, MockServer(SCRIPT, store=store) as two:
        said = (await api.say(one, "Hello."))["output"][0]["id"]
        reference = {"model": "gpt-4o", "input": [{"type": "item_reference", "id": said}]}
        await api("POST", f"{two.base_url}/responses", reference)
        reference["input"][0]["id"] = "msg_" + "0" * 50
        missing = await api("POST", f"{two.base_url}/responses", reference, status=404)
        assert "not found" in missing["error"]["message"]


async def test_a_reset_deletes_own_keys_only(store, api):
    client = redis.Redis.from_url(store.partition("?")[0])
    client.set("somebody-elses", "1")
    async with MockServer(SCRIPT, store=store) as one, MockServer(SCRIPT, store=store + "x") as other:
        mine, theirs = await api.say(one, "Hello."), await api.say(other, "Hello.")
        await one.reset()
        await api("GET", f"{one.base_url}/responses/{mine['id']}", status=404)
        await api("GET", f"{other.base_url}/responses/{theirs['id']}")
    assert client.get("somebody-elses") == b"1"
    client.close()


@pytest.mark.parametrize("shared", [False, True])
async def test_a_response_is_kept_for_thirty_days(shared, request, api):
    url = request.getfixturevalue("store") if shared else None
    async with MockServer(SCRIPT, store=url) as server:
        kept = await api.say(server, "Hello.")
        talk = (await api("POST", f"{server.base_url}/conversations", {}))["id"]
        server.clock.advance(30 * 86400 - 60)
        await api("GET", f"{server.base_url}/responses/{kept['id']}")
        child = await api.say(server, "how", previous_response_id=kept["id"])
        server.clock.advance(120)
        await api("GET", f"{server.base_url}/responses/{kept['id']}", status=404)
        await api("DELETE", f"{server.base_url}/responses/{kept['id']}", status=404)
        await api.say(server, "how", previous_response_id=child["id"])
        await api("GET", f"{server.base_url}/conversations/{talk}")
    if shared:
        client = redis.Redis.from_url(url.partition("?")[0])
        prefix = url.partition("=")[2]
        left = {key: client.ttl(key) for key in client.scan_iter(f"{prefix}:response:*")}
        assert left
        assert all(30 * 86400 - 60 < seconds <= 30 * 86400 for seconds in left.values())
        client.close()


async def test_a_redis_that_goes_away_is_an_error_and_comes_back(own_redis, api):
    async with MockServer(SCRIPT, store=own_redis.url()) as server:
        kept = await api.say(server, "Hello.")
        own_redis.stop()
        url = f"{server.base_url}/responses"
        body = {"model": "gpt-4o", "input": "Hello."}
        failed = await api("POST", url, body, status=500)
        assert failed["error"]["type"] == "server_error"
        await api("GET", f"{url}/{kept['id']}", status=500)
        await api("POST", f"{server.base_url}/conversations", {}, status=500)
        await api("POST", url, {**body, "previous_response_id": kept["id"]}, status=500)
        async with api.session.post(url, json={**body, "stream": True}) as answer:
            events = [line[7:] async for line in answer.content if line.startswith(b"event: ")]
        assert events[0] == b"response.created\n"
        assert events[-2:] == [b"error\n", b"response.failed\n"], "what was not kept has not completed"
        assert (await api("POST", url, {**body, "store": False}))["status"] == "completed"
        async with api.session.ws_connect(server.ws_url) as ws:
            for stored, end in ((True, "response.failed"), (False, "response.completed")):
                await ws.send_json({"type": "response.create", **body, "store": stored})
                while (event := await ws.receive_json())["type"] not in ("response.failed", end):
                    pass
                assert event["type"] == end
        own_redis.start()
        again = await api.say(server, "Hello.")
        await api("GET", f"{url}/{again['id']}")


async def test_a_redis_that_is_not_there_is_one_line():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://me:secret@127.0.0.1:{nobody.getsockname()[1]}/0"
        with pytest.raises(OSError, match="does not answer") as raised:
            await MockServer(store=url).start()
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["redis", "http://localhost", "redis://", "redis://h:99999", "redis://h/x", ""]
)
def test_what_is_no_store_is_said_in_one_line(url):
    with pytest.raises(ValueError, match="redis://HOST:PORT/DB"):
        MockServer(store=url)


async def test_a_redis_that_accepts_and_says_nothing_holds_up_nobody_for_long(own_redis, api, monkeypatch):
    body = {"model": "gpt-4o", "input": "Hello."}

    async def until_it_answers(server: MockServer) -> None:
        while True:
            async with api.session.post(f"{server.base_url}/responses", json=body) as answer:
                if answer.status == 200:
                    return

    monkeypatch.setattr("mock_openai.memory.link.ANSWER_WITHIN", 1.0)
    # One after the other, 200 requests would wait for longer than a test may take.
    async with asyncio.timeout(HANG), MockServer(SCRIPT, store=own_redis.url()) as server:
        await until_it_answers(server)
        own_redis.freeze()
        asked = [api("POST", f"{server.base_url}/responses", body, status=500) for _ in range(200)]
        asked.append(api("POST", f"{server.base_url}/responses", {**body, "store": False}))
        await asyncio.gather(*asked)
        own_redis.thaw()
        await until_it_answers(server)
        own_redis.freeze()
        with pytest.raises(OSError, match="does not answer"):
            await MockServer(store=own_redis.url()).start()


@pytest.fixture
def running(store):
    """A server in a thread of its own that shares a Redis, with one stored response and a conversation."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    server = MockServer(SCRIPT, store=store)

    def run() -> None:
        loop.run_until_complete(server.start())
        ready.set()
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(HANG)
    yield server
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(HANG)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(HANG)
    loop.close()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_value_in_redis_brings_the_server_down(running, store, data):
    import http.client

    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=HANG)
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = answer.status, json.loads(answer.read())
        connection.close()
        return told

    hello = {"model": "gpt-4o", "input": "Hello."}
    parent = ask("POST", "/v1/responses", hello)[1]["id"]
    made = ask("POST", "/v1/responses", {**hello, "previous_response_id": parent})[1]["id"]
    talk = ask("POST", "/v1/conversations", {"items": [{"role": "user", "content": "x"}]})[1]["id"]
    client = redis.Redis.from_url(store.partition("?")[0])
    prefix = store.partition("=")[2]
    keys = sorted(client.scan_iter(f"{prefix}:*{data.draw(st.sampled_from([made, parent, talk]))}"))
    key = data.draw(st.sampled_from(keys))
    damage = data.draw(st.sampled_from(["bytes", "cut", "type", "field", "loop"]))
    junk = data.draw(st.binary(max_size=40) | st.sampled_from([b"[]", b"{}", b"[{}]", b"null", b"[1]"]))
    kind = client.type(key)
    if damage == "bytes":
        client.set(key, junk)
    elif damage == "cut" and kind == b"string":
        value = client.get(key)
        client.set(key, value[: data.draw(st.integers(0, len(value)))])
    elif damage == "type":
        client.delete(key)
        client.lpush(key, junk)
    elif kind == b"hash":
        field = "parent" if damage == "loop" else data.draw(st.sampled_from(["items", "before", "parent"]))
        client.hdel(key, "before")
        client.hset(key, field, made if damage == "loop" else junk)
    client.close()
    asked = [
        ask("GET", f"/v1/responses/{made}"),
        ask("GET", f"/v1/responses/{made}/input_items"),
        ask("POST", "/v1/responses", {**hello, "previous_response_id": made}),
        ask("GET", f"/v1/conversations/{talk}"),
        ask("GET", f"/v1/conversations/{talk}/items"),
        ask("POST", "/v1/responses", {**hello, "conversation": talk}),
        ask("POST", "/v1/responses", {"model": "gpt-4o", "input": [{"type": "item_reference", "id": made}]}),
        ask("DELETE", f"/v1/responses/{made}"),
        ask("DELETE", f"/v1/conversations/{talk}"),
    ]
    assert {status for status, _ in asked} <= {200, 400, 404}, asked
    assert ask("POST", "/v1/responses", hello)[0] == 200
