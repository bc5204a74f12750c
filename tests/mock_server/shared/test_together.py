"""Several servers of one memory are steered as one, and finish what another began."""

from __future__ import annotations

import asyncio
import json

import pytest
from mock_openai import MockServer, reply

pytestmark = pytest.mark.real_time  # Redis is another process

YAML = {"Content-Type": "application/yaml"}
SLOW = [reply("One two three four five six.", user="slow"), reply("Old.", user="hi")]


def root(server):
    return f"{server.base_url.removesuffix('/v1')}/__mock__"


@pytest.fixture
async def pair(store):
    async with (
        MockServer(SLOW, store=store, pace="fixed:0.02") as one,
        MockServer(SLOW, store=store, pace="fixed:0.02") as two,
    ):
        yield one, two


def said(response):
    return response["output"][0]["content"][0]["text"]


async def test_what_one_is_told_all_are_told(pair, store, api):
    one, two = pair
    async with api.session.put(
        f"{root(one)}/script", data="replies:\n  - reply: [{text: New.}]\n", headers=YAML
    ) as answer:
        assert (await answer.json())["workers"] == 2
    assert said(await api.say(two, "hi")) == "New."
    plan = [{"at": {"turn": 2}, "do": "overloaded"}]
    await api("POST", f"{root(two)}/faults", plan)
    assert len(await api("GET", f"{root(one)}/faults")) == 1
    await api.say(one, "hi")
    await api("POST", f"{one.base_url}/responses", {"model": "gpt-4o", "input": "hi"}, status=503)
    await api("DELETE", f"{root(one)}/faults", {})
    await api("POST", f"{root(two)}/clock", {"advance": "1h"})
    assert (await api("GET", f"{root(one)}/clock"))["ahead"] == 3600
    # Who joins later is told what still holds.
    async with MockServer(SLOW, store=store) as three:
        assert said(await api.say(three, "hi")) == "New."
        assert three.clock.ahead == 3600
        assert len(three.faults) == 0
    # A script that is none changes nothing anywhere.
    async with api.session.put(f"{root(one)}/script", data="replies:\n  - rply: x\n", headers=YAML) as answer:
        assert answer.status == 400
    assert said(await api.say(two, "hi")) == "New."


async def test_who_comes_when_all_have_gone_begins_anew(store, api):
    new = "replies:\n  - reply: [{text: New.}]\n"
    async with (
        MockServer(SLOW, store=store) as one,
        api.session.put(f"{root(one)}/script", data=new, headers=YAML),
    ):
        pass
    async with MockServer(SLOW, store=store) as later:
        assert said(await api.say(later, "hi")) == "Old."


async def test_the_journal_and_the_numbers_are_those_of_all(pair, api):
    one, two = pair
    for server in (one, two, two):
        await api.say(server, "hi")
    entries = await api("GET", f"{root(one)}/journal?kind=request")
    asked = [entry["worker"] for entry in entries if entry["turn"]]
    assert asked == [1, 2, 2]
    assert [entry["time"] for entry in entries] == sorted(entry["time"] for entry in entries)
    assert len(await api("GET", f"{root(one)}/journal?limit=2")) == 2
    async with api.session.get(f"{root(two)}/metrics") as answer:
        assert 'mock_openai_turns_total{ended="completed"} 3' in await answer.text()
    async with api.session.get(f"{root(one)}/journal?follow=1&kind=request") as followed:
        workers = [json.loads(await followed.content.readline())["worker"] for _ in range(3)]
        assert workers == [1, 2, 2]
        await api.say(two, "hi")
        assert json.loads(await followed.content.readline())["worker"] == 2


async def test_a_reset_forgets_in_all(pair, api):
    one, two = pair
    kept = await api.say(two, "hi")
    await api("POST", f"{root(one)}/reset", {})
    assert await api("GET", f"{root(two)}/journal") == []
    await api("GET", f"{two.base_url}/responses/{kept['id']}", status=404)


async def test_what_is_told_right_after_a_reset_reaches_all(pair, api):
    one, two = pair
    for number in range(5):
        await api("POST", f"{root(one)}/reset", {})
        rules = f"replies:\n  - reply: [{{text: Round {number}.}}]\n"
        async with api.session.put(f"{root(one)}/script", data=rules, headers=YAML) as answer:
            assert (await answer.json())["workers"] == 2
        assert said(await api.say(two, "hi")) == f"Round {number}."


async def test_a_response_of_the_background_is_polled_watched_and_resumed_elsewhere(pair, api):
    one, two = pair
    begun = await api.say(one, "slow", background=True)
    url = f"{two.base_url}/responses/{begun['id']}"
    assert begun["status"] == "queued"
    assert (await api("GET", url))["status"] in ("queued", "in_progress")
    async with api.session.get(f"{url}?stream=true&starting_after=1") as followed:
        data = [json.loads(line[6:]) async for line in followed.content if line.startswith(b"data: ")]
    assert [event["sequence_number"] for event in data] == list(range(2, 2 + len(data)))
    assert data[-1]["type"] == "response.completed"
    assert said(await api("GET", url)) == "One two three four five six."


@pytest.mark.parametrize("method", ["cancel", "delete"])
async def test_a_response_of_the_background_is_ended_elsewhere(pair, api, method):
    one, two = pair
    begun = await api.say(one, "slow", background=True)
    url = f"{two.base_url}/responses/{begun['id']}"
    if method == "cancel":
        assert (await api("POST", f"{url}/cancel"))["status"] == "cancelled"
        assert (await api("GET", f"{one.base_url}/responses/{begun['id']}"))["status"] == "cancelled"
    else:
        await api("DELETE", url)
        await api("GET", url, status=404)
        await asyncio.sleep(0.15)  # its server must not bring it back
        await api("GET", url, status=404)
        await api("GET", f"{one.base_url}/responses/{begun['id']}", status=404)


async def test_without_redis_one_server_is_steered_and_says_so(own_redis, api):
    async with MockServer(SLOW, store=own_redis.url()) as one:
        own_redis.stop()
        async with api.session.delete(f"{root(one)}/faults", headers=YAML) as answer:
            assert answer.status == 503
            assert "only this worker executed the command" in (await answer.json())["error"]
        own_redis.start()
        while True:
            async with api.session.delete(f"{root(one)}/faults", headers=YAML) as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.05)


async def test_a_message_of_nobody_does_no_harm(pair, store, api):
    import redis

    one, two = pair
    client = redis.Redis.from_url(store.partition("?")[0])
    stream = store.partition("=")[2] + ":told"
    for message in (
        "{",
        "[]",
        "{}",
        '{"what":"refuse","given":{"seconds":"x"}}',
        '{"what":"journal","given":3}',
    ):
        client.xadd(stream, {"message": message})
    client.xadd(stream, {"other": "x"})
    client.close()
    await api("GET", f"{root(one)}/journal")
    assert len(await api("GET", f"{root(two)}/faults")) == 0
