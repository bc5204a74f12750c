"""Steering a running server from any language: follow its journal, move its clock, read its numbers."""

from __future__ import annotations

import asyncio
import json
import time
from unittest.mock import ANY

import aiohttp
import pytest
from mock_openai import MockServer, faults, reply
from mock_openai.control import access

ASK = {"model": "gpt-4o", "input": "hi"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def server():
    async with MockServer(script=[reply("Hello there.", user="hi")]) as server:
        yield server


@pytest.fixture
async def http(server):
    async with aiohttp.ClientSession(server.base_url.removesuffix("v1")) as session:
        yield session


async def get(http, path, status=200, **options):
    async with http.get(path, **options) as answer:
        told = await answer.json()
        assert answer.status == status, told
        return told


async def say(http, **fields):
    async with http.post("/v1/responses", json={**ASK, **fields}) as answer:
        return await answer.json()


# The journal


async def test_the_journal_is_narrowed_by_connection_turn_time_and_number(http, server):
    await say(http)
    await say(http)
    async with aiohttp.ClientSession() as other, other.ws_connect(server.ws_url) as socket:
        await socket.send_json({"type": "response.create", **ASK})
        while (await socket.receive_json())["type"] != "response.completed":
            pass
    every = await get(http, "/__mock__/journal")
    assert {entry["connection"] for entry in every} == {1, 2}
    mine = await get(http, "/__mock__/journal?connection=1&turn=2")
    assert mine == [entry for entry in every if (entry["connection"], entry["turn"]) == (1, 2)]
    last = await get(http, "/__mock__/journal?limit=3")
    assert last == every[-3:]
    late = await get(http, f"/__mock__/journal?since={every[5]['at']}&kind=event")
    assert late
    assert all(entry["kind"] == "event" and entry["at"] >= every[5]["at"] for entry in late)
    assert await get(http, "/__mock__/journal?limit=0") == []
    assert abs(every[0]["time"] - time.time()) < 60


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("kind=evnt", "kind must be one of open, request"),
        ("since=soon", "since must be a number"),
        ("limit=-1", "limit must be a whole number"),
        ("turn=1.5", "turn must be a whole number"),
        ("page=2", "has no parameter page; it has kind, connection, turn, since, limit, follow"),
    ],
)
async def test_what_the_journal_cannot_be_asked_is_said(http, query, words):
    assert words in (await get(http, f"/__mock__/journal?{query}", status=400))["error"]


@pytest.mark.parametrize("form", ["application/x-ndjson", "text/event-stream"])
async def test_the_journal_is_followed_while_things_happen(http, server, form):
    await say(http)
    async with http.get("/__mock__/journal?follow=1&kind=event", headers={"Accept": form}) as followed:
        assert followed.headers["content-type"] == form

        async def following():
            async for line in followed.content:
                if line.strip():
                    yield json.loads(line.removeprefix(b"data: "))

        entries = following()
        before = [await anext(entries) for _ in server.journal.events()]
        assert before[-1]["data"]["type"] == "response.completed"
        said = asyncio.create_task(say(http))
        first = await anext(entries)
        assert (first["turn"], first["data"]["type"]) == (1, "response.created")
        await said
    # Whoever followed has gone, and the server waits for nobody.
    for _ in range(100):
        if not server.journal._waiting:
            break
        await asyncio.sleep(0.01)
    assert not server.journal._waiting


async def test_a_follower_that_sleeps_is_told_what_it_missed():
    async with MockServer(journal_limit=50) as server, aiohttp.ClientSession() as client:
        root = server.base_url.removesuffix("/v1")
        async with client.get(f"{root}/__mock__/journal?follow=1&kind=request") as followed:
            async with client.post(f"{server.base_url}/responses", json=ASK):
                pass
            assert json.loads(await followed.content.readline())["kind"] == "request"
            # More at once than the journal holds: the oldest are forgotten before anybody could read them.
            server.journal.note(*(10 * list(server.journal.entries)))
            assert json.loads(await followed.content.readline()) == {"kind": "gap", "missed": ANY}


async def test_stopping_the_server_ends_who_follows(http, server):
    async with http.get("/__mock__/journal?follow=1") as followed:
        began = asyncio.get_running_loop().time()
        await server.stop()
        with pytest.raises(aiohttp.ClientPayloadError):
            await followed.content.read()
        assert asyncio.get_running_loop().time() - began < 2


# The clock


async def test_the_sixty_minute_limit_is_tried_in_a_moment(http, server):
    async with http.ws_connect("/v1/responses") as socket:
        async with http.post("/__mock__/clock", json={"advance": "59m"}) as answer:
            assert (await answer.json())["ahead"] == 59 * 60
        await socket.send_json({"type": "response.create", **ASK})
        while (event := await socket.receive_json())["type"] != "response.completed":
            assert event["type"] != "error"
        made = event["response"]["created_at"]
        async with http.post("/__mock__/clock", json={"advance": 60}) as answer:
            assert answer.status == 200
        error = await socket.receive_json()
        assert error["error"]["code"] == "websocket_connection_limit_reached"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    told = await get(http, "/__mock__/clock")
    assert told["ahead"] == 3600
    assert abs(told["time"] - time.time() - 3600) < 60
    assert abs(made - time.time() - 59 * 60) < 60, "what is made now is dated now"


@pytest.mark.parametrize(
    "body",
    ['{"advance": "soon"}', '{"advance": -1}', "{}", "[]", "x", '{"advance": 1e12}', '{"advance": true}'],
)
async def test_a_clock_goes_forward_only_and_by_a_duration(http, server, body):
    async with http.post("/__mock__/clock", data=body, headers=JSON) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]
    assert server.clock.ahead == 0


# Numbers


async def test_numbers_for_prometheus(http, server):
    server.faults.add(faults.at(turn=2).overloaded())
    made = await say(http)
    await say(http)
    await get(http, f"/v1/responses/{made['id']}")
    async with http.ws_connect("/v1/responses") as socket:
        await socket.send_json({"type": "response.create", **ASK})
        while (await socket.receive_json())["type"] != "response.completed":
            pass
        async with http.get("/__mock__/metrics") as answer:
            assert answer.content_type == "text/plain"
            text = await answer.text()
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert numbers['mock_openai_requests_total{endpoint="/v1/responses",status="200"}'] == "1"
    assert numbers['mock_openai_requests_total{endpoint="/v1/responses",status="503"}'] == "1"
    assert numbers['mock_openai_requests_total{endpoint="/v1/responses/{response_id}",status="200"}'] == "1"
    assert numbers['mock_openai_connections_open{transport="websocket"}'] == "1"
    assert numbers['mock_openai_turns_total{ended="completed"}'] == "2"
    assert numbers['mock_openai_turns_total{ended="error"}'] == "1"
    assert numbers['mock_openai_faults_total{fault="overloaded"}'] == "1"
    assert numbers['mock_openai_events_total{type="response.completed"}'] == "2"
    assert numbers["mock_openai_turns_open"] == "0"
    assert (
        numbers['mock_openai_turn_seconds_bucket{le="+Inf"}']
        == numbers["mock_openai_turn_seconds_count"]
        == "2"
    )
    buckets = [int(value) for name, value in numbers.items() if "_bucket" in name]
    assert buckets == sorted(buckets)
    await say(http)
    server.journal.clear()
    async with http.get("/__mock__/metrics") as answer:
        after = await answer.text()
    assert 'ended="completed"} 3' in after, "what the journal forgets has been counted"


# Who may


@pytest.fixture
async def abroad(monkeypatch):
    """A server with a token that takes every caller for one from another machine."""
    monkeypatch.setattr(access, "is_loopback", lambda name: False)
    async with MockServer(control_token="let-me-in") as server:
        yield server.base_url.removesuffix("/v1") + "/__mock__/journal"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic let-me-in"}, 401),
        ({"Authorization": "Bearer let-me-in"}, 200),
        ({"Authorization": "bearer let-me-in", "Host": "mock.example"}, 200),
        ({"Authorization": "Bearer let-me-in", "Origin": "http://evil.example"}, 403),
    ],
)
async def test_from_another_machine_the_token_opens_the_control_api(abroad, headers, status):
    async with aiohttp.ClientSession() as client, client.get(abroad, headers=headers) as answer:
        assert answer.status == status
        assert "let-me-in" not in await answer.text()


async def test_without_a_token_other_machines_are_refused(monkeypatch, http):
    monkeypatch.setattr(access, "is_loopback", lambda name: False)
    await get(http, "/__mock__/journal", status=403, headers={"Authorization": "Bearer any"})


async def test_the_wrong_method_is_said(http):
    async with http.delete("/__mock__/clock", headers=JSON) as answer:
        assert answer.status == 405
        assert "GET /__mock__/clock, POST /__mock__/clock" in (await answer.json())["error"]
