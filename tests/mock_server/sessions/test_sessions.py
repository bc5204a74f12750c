"""One server, many tests: each session is as if it had the server for itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import aiohttp
import openai
import pytest
import websockets
from mock_openai import MockServer, Session, faults, reply
from openai import AsyncOpenAI

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "hi"}


def by_header(server: MockServer, session: Session) -> AsyncOpenAI:
    return AsyncOpenAI(
        base_url=server.base_url, api_key="any", default_headers=dict(session.headers), max_retries=0
    )


def by_key(server: MockServer, session: Session) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url, api_key=session.api_key, max_retries=0)


async def turn(server: MockServer, headers: dict[str, str], text: str = "hi") -> list[dict[str, Any]]:
    """One turn over a socket of its own."""
    async with websockets.connect(server.ws_url, additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "response.create", "model": "gpt-4o", "input": text}))
        told: list[dict[str, Any]] = []
        while not told or told[-1]["type"] not in ("response.completed", "error"):
            told.append(json.loads(await socket.recv()))
        return told


@pytest.mark.parametrize("client_of", [by_header, by_key])
async def test_two_clients_side_by_side_one_with_a_fault_the_other_untouched(client_of: Any) -> None:
    async with MockServer(script=[reply("For all.", user="all")]) as server:
        one, two = server.session("one"), server.session("two")
        one.script.add(reply("For one."))
        one.faults.add(faults.at(turn=2).server_error())
        two.script.add(reply("For two."))
        async with client_of(server, one) as first, client_of(server, two) as second:
            assert (await first.responses.create(**ASK)).output_text == "For one."
            assert (await second.responses.create(**ASK)).output_text == "For two."
            with pytest.raises(openai.InternalServerError):
                await first.responses.create(**ASK)
            assert (await second.responses.create(**ASK)).output_text == "For two."
            for client in (first, second):
                assert (await client.responses.create(model="gpt-4o", input="all")).output_text == "For all."
        assert [said.text for said in one.journal.responses] == ["For one.", "", "For all."]
        assert [entry.data["fault"] for entry in one.journal.entries if entry.kind == "fault"] == [  # type: ignore[index]
            "server_error"
        ]
        assert [said.text for said in two.journal.responses] == ["For two.", "For two.", "For all."]
        assert not server.journal.requests
        assert not server.session("three").journal.requests


async def test_a_socket_belongs_to_the_session_that_its_handshake_names() -> None:
    async with MockServer() as server:
        for name in ("one", "two"):
            session = server.session(name)
            session.script.add(reply(f"For {name}."))
            told = await turn(server, dict(session.headers))
            assert told[-1]["response"]["output"][0]["content"][0]["text"] == f"For {name}."
            told = await turn(server, {"Authorization": f"Bearer {session.api_key}"})
            assert told[-1]["response"]["output"][0]["content"][0]["text"] == f"For {name}."
            assert session.journal.connections == 2
            assert [said.turn for said in session.journal.responses] == [1, 1]
        assert server.journal.connections == 0


async def test_what_one_session_stores_the_other_does_not_know() -> None:
    async with MockServer() as server:
        one, two = (by_key(server, server.session(name)) for name in ("one", "two"))
        async with one, two:
            first, other = await one.responses.create(**ASK), await two.responses.create(**ASK)
            assert first.id != other.id
            assert (await one.responses.retrieve(first.id)).id == first.id
            with pytest.raises(openai.NotFoundError):
                await two.responses.retrieve(first.id)
            with pytest.raises(openai.BadRequestError):
                await two.responses.create(**ASK, previous_response_id=first.id)
            talk = await one.conversations.create()
            with pytest.raises(openai.NotFoundError):
                await two.conversations.retrieve(talk.id)


async def test_a_session_begins_as_the_server_began_whatever_others_did_meanwhile() -> None:
    rules = [reply("Once.", times=1), reply("Then.")]
    async with MockServer(script=rules, faults=[faults.at(turn=2).overloaded()]) as server:
        server.script.add(reply("Too late."), first=True)
        server.faults.add(faults.at(turn=1).rate_limit())
        for name in ("one", "two"):
            async with by_key(server, server.session(name)) as client:
                assert (await client.responses.create(**ASK)).output_text == "Once."
                with pytest.raises(openai.InternalServerError):
                    await client.responses.create(**ASK)
                assert (await client.responses.create(**ASK)).output_text == "Then."


async def test_one_connection_may_carry_requests_of_several_sessions() -> None:
    async with (
        MockServer() as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http,
    ):
        for name in ("one", "two", "one"):
            headers = {"x-mock-session": name}
            async with http.post(f"{server.base_url}/responses", json=ASK, headers=headers) as answer:
                assert answer.status == 200
        one, two = server.session("one"), server.session("two")
        assert (len(one.journal.requests), len(two.journal.requests)) == (2, 1)
        assert (one.journal.connections, two.journal.connections) == (1, 1)
        await http.close()
        for session in (one, two):
            await session.journal.wait(lambda journal: journal.entries[-1].kind == "close")


async def test_a_session_that_refuses_connections_leaves_the_port_to_the_others() -> None:
    async with MockServer() as server:
        one, two = server.session("one"), server.session("two")
        one.faults.add(faults.at(connection=1).refuse(seconds=60))
        for _ in ("struck", "kept out"):
            async with by_key(server, one) as client:
                with pytest.raises(openai.APIConnectionError):
                    await client.responses.create(**ASK)
        assert one.journal.connections == 1
        with pytest.raises((ConnectionError, websockets.WebSocketException)):
            await turn(server, dict(one.headers))
        async with by_key(server, two) as client:
            assert (await client.responses.create(**ASK)).status == "completed"
        await one.reset()
        async with by_key(server, one) as client:
            assert (await client.responses.create(**ASK)).status == "completed"


async def test_a_callback_may_ask_for_the_session() -> None:
    async with MockServer(script=[lambda turn: f"This is {turn.session}."]) as server:
        async with by_key(server, server.session("one")) as client:
            assert (await client.responses.create(**ASK)).output_text == "This is one."
        async with AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
            assert (await client.responses.create(**ASK)).output_text == "This is None."


async def test_with_a_key_of_its_own_the_server_tells_sessions_by_their_header() -> None:
    async with MockServer(api_key="sk-right") as server:
        session = server.session("one")
        assert session.api_key == "sk-right"
        async with AsyncOpenAI(
            base_url=server.base_url, api_key=session.api_key, default_headers=dict(session.headers)
        ) as client:
            await client.responses.create(**ASK)
            assert len(session.journal.requests) == 1
        async with AsyncOpenAI(base_url=server.base_url, api_key="mock-session-one") as client:
            with pytest.raises(openai.AuthenticationError):
                await client.responses.create(**ASK)
        assert session.journal.connections == 1


@pytest.mark.parametrize("name", ["tests/test_a.py::test_b[x y-1]", "größe", "a%2Fb", "x" * 300])
async def test_any_name_travels(name: str) -> None:
    async with MockServer() as server:
        session = server.session(name)
        for client in (by_key(server, session), by_header(server, session)):
            async with client:
                await client.responses.create(**ASK)
        assert len(session.journal.requests) == 2
        assert server.sessions == [name]


async def test_names_that_are_none_are_refused() -> None:
    async with MockServer() as server, aiohttp.ClientSession() as http:
        for wrong in ("", " ", "x" * 401):
            with pytest.raises(ValueError, match="session's name"):
                server.session(wrong)
            headers = {"x-mock-session": wrong}
            async with http.post(f"{server.base_url}/responses", json=ASK, headers=headers) as answer:
                assert answer.status == 400
                assert (await answer.json())["error"]["param"] == "x-mock-session"
        assert server.sessions == []


# Forgetting


async def test_a_forgotten_session_hangs_up_and_begins_anew() -> None:
    async with MockServer() as server:
        session = server.session("one")
        async with websockets.connect(server.ws_url, additional_headers=session.headers) as socket:
            server.forget("one")
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
        assert server.sessions == []
        assert server.session("one") is not session


async def test_a_reset_empties_a_session_and_a_reset_of_the_server_forgets_them_all() -> None:
    async with MockServer() as server:
        session = server.session("one")
        async with by_key(server, session) as client:
            kept = await client.responses.create(**ASK)
            session.faults.add(faults.at(turn=9).reset())
            await session.reset()
            assert (len(session.journal.entries), len(session.faults)) == (0, 0)
            with pytest.raises(openai.NotFoundError):
                await client.responses.retrieve(kept.id)
        await server.reset()
        assert server.sessions == []


async def test_sessions_that_only_requests_named_are_bounded_and_a_tests_own_stay() -> None:
    async with MockServer() as server, aiohttp.ClientSession() as http:
        mine = server.session("mine")
        for number in range(300):
            headers = {"x-mock-session": f"guest {number}", "connection": "close"}
            async with http.get(f"{server.base_url}/models", headers=headers) as answer:
                await answer.read()
        assert len(server.sessions) <= 258
        assert server.session("mine") is mine
        assert "guest 0" not in server.sessions
        assert "guest 299" in server.sessions


async def test_a_server_that_stops_closes_the_sockets_of_all_sessions() -> None:
    async with MockServer() as server:
        socket = await websockets.connect(server.ws_url, additional_headers={"x-mock-session": "one"})
    with pytest.raises(websockets.ConnectionClosed):
        await socket.recv()
    assert socket.close_code == 1001
    await server.start()
    await turn(server, {"x-mock-session": "one"})
    await server.stop()


# Over the control API


async def test_the_control_api_speaks_of_a_session_when_it_is_named() -> None:
    async with MockServer() as server, aiohttp.ClientSession() as http:
        control = server.base_url.removesuffix("/v1") + "/__mock__"

        async def say(method: str, what: str, **options: Any) -> Any:
            headers = {"Content-Type": "application/yaml"}
            async with http.request(method, f"{control}/{what}", headers=headers, **options) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json()

        script = "replies: [{when: {user: nobody}, reply: never}, {times: 1, reply: From the session.}]"
        await say("PUT", "script?session=one", data=script)
        await say("POST", "faults?session=one", data="faults: [{at: {turn: 2}, do: overloaded}]")
        headers = {"x-mock-session": "one"}
        async with http.post(f"{server.base_url}/responses", json=ASK, headers=headers) as answer:
            assert "From the session." in await answer.text()
        async with http.post(f"{server.base_url}/responses", json=ASK, headers=headers) as answer:
            assert answer.status == 503
        async with http.post(f"{server.base_url}/responses", json=ASK, headers=headers) as answer:
            assert answer.status == 200
        assert len((await say("GET", "script?session=one"))["misses"]) == 1
        assert (await say("GET", "script"))["misses"] == []
        requests = await say("GET", "journal?session=one&kind=request")
        assert [entry["turn"] for entry in requests] == [1, 2, 3]
        assert await say("GET", "journal") == []
        assert await say("GET", "faults?session=one") == []
        assert await say("GET", "sessions") == ["one"]
        async with http.get(f"{control}/metrics") as answer:
            assert 'mock_openai_turns_total{ended="completed"} 2' in await answer.text()
        await say("POST", "reset?session=one")
        assert await say("GET", "sessions") == []
        async with http.get(f"{control}/metrics") as answer:
            # What a forgotten session has counted stays counted.
            assert 'mock_openai_turns_total{ended="completed"} 2' in await answer.text()
        async with http.get(f"{control}/journal", params={"session": " "}) as answer:
            assert answer.status == 400


async def test_a_sessions_journal_can_be_followed() -> None:
    async with MockServer() as server, aiohttp.ClientSession() as http:
        control = server.base_url.removesuffix("/v1") + "/__mock__"
        follow = {"session": "one", "follow": "yes", "kind": "request"}
        async with http.get(f"{control}/journal", params=follow) as entries:
            await turn(server, {"x-mock-session": "two"})
            await turn(server, {"x-mock-session": quote("one")}, "followed")
            line = await entries.content.readline()
        assert json.loads(line)["data"]["body"]["input"] == "followed"


@pytest.mark.thorough
def test_the_workers_of_pytest_xdist_share_one_server(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(
        conftest="""
        import os, threading, asyncio
        import pytest
        from mock_openai import MockServer

        def pytest_configure(config):
            if hasattr(config, "workerinput"):
                return  # a worker: the controller has started the server
            server, ready = MockServer(), threading.Event()

            def serve():
                async def run():
                    await server.start()
                    ready.set()
                    await asyncio.Event().wait()
                asyncio.run(run())

            threading.Thread(target=serve, daemon=True).start()
            ready.wait()
            os.environ["MOCK_SERVER"] = server.base_url.removesuffix("/v1")
        """,
        test_them="""
        import json, os, urllib.error, urllib.parse, urllib.request
        import pytest

        def call(method, path, body=None, **headers):
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **headers}
            request = urllib.request.Request(os.environ["MOCK_SERVER"] + path, data, headers, method=method)
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        @pytest.mark.parametrize("number", range(8))
        def test_one(number, request):
            name = request.node.nodeid
            session = "?" + urllib.parse.urlencode({"session": name})
            call("PUT", "/__mock__/script" + session, f"replies: [{{reply: '{number}'}}]".encode())
            if number % 2:
                call("POST", "/__mock__/faults" + session, b"faults: [{at: {turn: 2}, do: overloaded}]")
            named = {"X-Mock-Session": urllib.parse.quote(name)}
            ask = {"model": "gpt-4o", "input": "hi"}
            for turn in (1, 2, 3):
                try:
                    answer = call("POST", "/v1/responses", ask, **named)
                except urllib.error.HTTPError as error:
                    assert (error.code, turn, number % 2) == (503, 2, 1)
                else:
                    assert answer["output"][0]["content"][0]["text"] == str(number)
                    assert turn != 2 or number % 2 == 0
            assert len(call("GET", "/__mock__/journal" + session + "&kind=request")) == 3
        """,
    )
    pytester.runpytest_subprocess("-p", "xdist", "-n", "2", "-q").assert_outcomes(passed=8)
