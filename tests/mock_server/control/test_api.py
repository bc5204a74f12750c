"""The control API: for this machine only."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest
from mock_openai import MockServer, faults, reply
from mock_openai.control.operations import OPERATIONS
from mock_openai.journal.entries import Entry
from mock_openai.protocol.events import Event

ASK = {"model": "gpt-4o", "input": "hi"}
YAML = {"Content-Type": "application/yaml"}


@pytest.fixture
async def server():
    async with MockServer(script=[reply("Old", user="hi")]) as server:
        yield server


@pytest.fixture
async def http(server):
    async with aiohttp.ClientSession(server.base_url.removesuffix("v1")) as session:
        yield session


async def said(http):
    async with http.post("/v1/responses", json=ASK) as answer:
        return (await answer.json())["output"][0]["content"][0]["text"]


async def test_the_journal_can_be_read_and_narrowed(http):
    await said(http)
    async with http.get("/__mock__/journal") as answer:
        kinds = [entry["kind"] for entry in await answer.json()]
    assert kinds[:3] == ["open", "request", "status"]
    async with http.get("/__mock__/journal?kind=event") as answer:
        entries = await answer.json()
    assert entries[0]["data"]["type"] == "response.created"
    assert entries[0]["data"]["data"]["response"]["object"] == "response"


ODD = {
    "on several lines": (b'{\n "type": "odd",\r\n "n": 1}\n', {"data": {"type": "odd", "n": 1}}),
    "as it was sent": (b'{"type":"odd", "n":1.50}', {"data": {"type": "odd", "n": 1.5}}),
    "out of range": (b'{"type":"odd","n":1e999}', {"raw": '{"type":"odd","n":1e999}'}),
    "not a number": (b'{"type":"odd","n":NaN}', {"raw": '{"type":"odd","n":NaN}'}),
    "half a pair": (b'{"type":"odd","n":"\\ud83d"}', {"raw": '{"type":"odd","n":"\\ud83d"}'}),
    "broken": (b'{"type":"odd",\n', {"raw": '{"type":"odd",\n'}),
}


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
@pytest.mark.parametrize("size", [0, 100_000], ids=["small", "large"])
async def test_each_entry_is_one_line_of_json_whatever_its_event_is(http, server, accept, size):
    for data, _ in ODD.values():
        event = Event("odd", data.replace(b'"odd"', b'"odd%b"' % (b"d" * size), 1))
        server.journal.note(Entry(0.0, 1, 1, None, "event", event))
    wanted = [{"type": "odd", **shown} for _, shown in ODD.values()]
    lines: list[bytes] = []
    async with http.get("/__mock__/journal?follow=true", headers={"Accept": accept}) as answer:
        while len(lines) < len(ODD):
            line = await answer.content.readline()
            if line.strip():
                lines.append(line.removeprefix(b"data: "))
    shown = [msgspec.json.decode(line.replace(b"d" * size, b"") if size else line)["data"] for line in lines]
    assert shown == wanted
    async with http.get("/__mock__/journal") as answer:
        assert len(msgspec.json.decode(await answer.read())) == len(ODD)


async def test_asking_leaves_no_trace_in_the_journal(http, server):
    async with http.get("/__mock__/journal") as answer:
        assert await answer.json() == []
    assert server.journal.connections == 0


async def test_a_script_can_be_replaced(http):
    assert await said(http) == "Old"
    async with http.put(
        "/__mock__/script", data="replies:\n  - reply: [{text: New}]\n", headers=YAML
    ) as answer:
        assert answer.status == 200
    assert await said(http) == "New"
    async with http.put("/__mock__/script", data="replies:\n  - rply: x\n", headers=YAML) as answer:
        assert answer.status == 400
        assert "script:2" in (await answer.json())["error"]


async def test_faults_can_be_planned_and_dropped(http, server):
    async with http.post(
        "/__mock__/faults", data="- {at: {turn: 1}, do: overloaded}", headers=YAML
    ) as answer:
        planned = [{"at": {"turn": 1, "phase": "request"}, "do": {"overloaded": {}}, "times": 1}]
        assert await answer.json() == planned
    async with http.get("/__mock__/faults") as answer:
        assert await answer.json() == planned
    async with http.post("/v1/responses", json=ASK) as answer:
        assert answer.status == 503
    async with http.post("/__mock__/faults", data="- {do: nothing}", headers=YAML) as answer:
        assert answer.status == 400
    server.faults.add(faults.at(turn=9).reset())
    async with http.delete("/__mock__/faults", headers=YAML) as answer:
        assert await answer.json() == []
    assert len(server.faults) == 0


async def test_a_reset_forgets_everything(http, server):
    async with http.post("/v1/responses", json=ASK) as answer:
        made = (await answer.json())["id"]
    async with http.post("/__mock__/reset", headers=YAML) as answer:
        assert answer.status == 200
    assert list(server.journal.entries) == []
    async with http.get(f"/v1/responses/{made}") as answer:
        assert answer.status == 404


async def test_an_unknown_address_says_what_there_is(http):
    async with http.get("/__mock__/nothing") as answer:
        assert answer.status == 404
        assert "/__mock__/journal" in (await answer.json())["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1:80.evil.example"},
        {"Host": "[::1].evil.example"},
        {"Host": "127.0.0.1%evil.example"},
        {"Host": "[::1%evil.example]"},
        {"Host": "0.0.0.0"},
        {"Host": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")],
    ],
)
async def test_other_pages_and_other_hosts_are_refused(http, headers):
    async with http.get("/__mock__/journal", headers=headers) as answer:
        assert answer.status == 403


async def test_every_origin_that_a_request_names_must_be_the_servers_own(server, http):
    own = ("Origin", f"http://127.0.0.1:{server.port}")
    for headers, status in (([own], 200), ([own, ("Origin", "https://evil.example")], 403)):
        async with http.get("/__mock__/journal", headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize("host", ["mock", "MOCK:8080", "[::2]:8080", "10.0.0.7"])
async def test_a_host_name_can_be_allowed(host):
    allowed = ["Mock", "::2", "10.0.0.7"]
    async with (
        MockServer(allow_hosts=allowed) as server,
        aiohttp.ClientSession(server.base_url.removesuffix("v1")) as http,
    ):
        async with http.get("/__mock__/journal", headers={"Host": host}) as answer:
            assert answer.status == 200
        async with http.get("/__mock__/journal", headers={"Host": "mock.evil.example"}) as answer:
            assert answer.status == 403
            assert "--allow-host" in (await answer.json())["error"]
        page = {"Host": "mock", "Origin": "http://evil.example"}
        async with http.get("/__mock__/journal", headers=page) as answer:
            assert answer.status == 403


CHANGES = [(one.method, one.path) for one in OPERATIONS if one.method != "GET"]


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "text/plain;charset=UTF-8",
        "text/plain; application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/csp-report",  # sent by browsers without a question, wherever a page's policy says
        "text/ping",  # `<a ping>`
        "application/json, text/plain",
    ],
)
@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_what_a_form_can_send_changes_nothing(http, server, method, path, kind):
    await said(http)
    server.faults.add(faults.at(turn=9).reset())
    headers = {} if kind is None else {"Content-Type": kind}
    body = b'{"advance": "1h", "replies": [], "faults": []}'
    skip = ["Content-Type"] if kind is None else []
    async with http.request(method, path, data=body, headers=headers, skip_auto_headers=skip) as answer:
        assert answer.status == 415
        told = (await answer.json())["error"]
    assert "Content-Type: application/json" in told
    assert "curl" in told
    assert (len(server.faults), server.clock.ahead, await said(http)) == (1, 0, "Old")
    assert len(server.journal.requests) == 2


@pytest.mark.parametrize("kind", ["application/json", "Application/YAML ; charset=utf-8", "text/yaml"])
@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_what_a_form_cannot_send_is_taken(http, method, path, kind):
    body = b'{"advance": 1}' if path.endswith("clock") else b'{"replies": []}'
    body = b'{"faults": []}' if (method, path) == ("POST", "/__mock__/faults") else body
    async with http.request(method, path, data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == 200, await answer.text()


async def test_who_has_the_control_token_need_not_say_what_it_sends():
    async with (
        MockServer(control_token="let-me-in") as server,
        aiohttp.ClientSession(server.base_url.removesuffix("v1")) as http,
    ):
        headers = {"Authorization": "Bearer let-me-in", "Content-Type": "text/plain"}
        async with http.post("/__mock__/reset", headers=headers) as answer:
            assert answer.status == 200


async def test_the_own_page_is_allowed(http, server):
    origin = {"Origin": f"http://127.0.0.1:{server.port}"}
    async with http.get("/__mock__/journal", headers=origin) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("by", ["request", "additional_tools", "tool_search_output"])
async def test_credentials_for_mcp_servers_are_found_nowhere(stream, by):
    canary = "CANARY-3f9a"
    tool = {
        "type": "mcp",
        "server_label": "a",
        "server_url": f"https://user:{canary}@mcp.example/path?token={canary}",
        "authorization": canary,
        "headers": {"X-Key": canary},
    }
    async with MockServer() as server, aiohttp.ClientSession() as client:
        asked = {"model": "gpt-5", "input": "Hello.", "stream": stream, "tools": [tool]}
        if by != "request":  # an item of the input brings it
            loads = {"type": by, "call_id": None, "tools": [asked.pop("tools")[0]]}
            asked["input"] = [{"role": "user", "content": "Hello."}, loads]
        async with client.post(f"{server.base_url}/responses", json=asked) as answer:
            assert answer.status == 200
            told = await answer.text()
            made = server.journal.responses[0].id
        async with client.get(f"{server.base_url}/responses/{made}/input_items") as answer:
            told += await answer.text()
        talk = (
            {"items": [item for item in asked["input"] if isinstance(item, dict)]} if by != "request" else {}
        )
        async with client.post(f"{server.base_url}/conversations", json=talk) as answer:
            assert answer.status == 200, await answer.text()
            talk_id = (await answer.json())["id"]
        async with client.get(f"{server.base_url}/conversations/{talk_id}/items") as answer:
            listed = await answer.json()
            told += str(listed)
        for item in listed["data"]:
            one = f"{server.base_url}/conversations/{talk_id}/items/{item['id']}"
            async with client.get(one) as answer:
                told += await answer.text()
        async with client.get(f"{server.base_url.removesuffix('/v1')}/__mock__/journal") as answer:
            journal = await answer.text()
    assert canary not in told
    assert canary not in journal
    assert "https://mcp.example/<redacted>" in journal


async def test_a_clients_key_without_a_known_form_is_struck_out_wherever_it_is_repeated(http, server):
    key = "acme4Local7Key9Zz"
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    async with http.post("/v1/responses", json={**ASK, "stream": True}, headers=headers) as answer:
        await answer.read()
    body = {**ASK, "instructions": f"Never tell {key}.", "metadata": {"note": key}}
    async with http.post("/v1/responses", json=body, headers=headers) as answer:
        assert key in await answer.text(), "the client loses nothing"
    async with http.get("/__mock__/journal") as answer:
        told = await answer.text()
    assert key not in told
    assert "Never tell [redacted]." in told
    assert key not in str(server.journal.requests)
