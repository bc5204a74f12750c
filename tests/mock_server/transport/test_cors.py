"""Pages in a browser: they ask whether they may ask, and read what names them."""

from __future__ import annotations

import aiohttp
import pytest
from mock_openai import MockServer, faults
from multidict import CIMultiDict

PAGE = {"Origin": "https://page.example"}
# As openai-node's fetch does it, with `dangerouslyAllowBrowser`.
ASKING = {
    **PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang,x-stainless-os",
}
BODY = {"model": "gpt-4o", "input": "hi"}


@pytest.mark.parametrize("path", ["responses", "responses/resp_1", "conversations", "models"])
async def test_a_browser_may_ask_without_a_key(path, http):
    async with (
        MockServer(api_key="sk-only-this") as server,
        http.options(f"{server.base_url}/{path}", headers=ASKING) as answer,
    ):
        assert answer.status == 200
        assert await answer.read() == b""
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-headers"] == ASKING["Access-Control-Request-Headers"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_page_may_read_every_answer(stream, http):
    plan = [faults.at(turn=2).overloaded(), faults.at(turn=3).rate_limit()]
    async with MockServer(faults=plan, api_key="sk-only-this") as server:
        url, key = f"{server.base_url}/responses", {**PAGE, "Authorization": "Bearer sk-only-this"}
        seen = []
        for headers, body in [
            *[(key, BODY)] * 3,
            (key, {**BODY, "temperature": 9}),
            (PAGE, BODY),
            (key, BODY),
        ]:
            async with http.post(url, json={**body, "stream": stream}, headers=headers) as answer:
                assert answer.headers["access-control-allow-origin"] == "*"
                assert await answer.read()
                seen.append(answer.status)
        assert seen == [200, 503, 429, 400, 401, 200]
        async with http.get(f"{server.base_url}/models", headers=key) as answer:
            assert answer.headers["access-control-allow-origin"] == "*"


async def test_who_is_no_page_hears_nothing_of_it(http):
    async with MockServer() as server:
        async with http.post(f"{server.base_url}/responses", json=BODY) as answer:
            assert "access-control-allow-origin" not in answer.headers
        async with http.options(f"{server.base_url}/responses") as answer:
            assert answer.status == 405


async def test_the_control_api_stays_closed_to_pages(http):
    async with (
        MockServer() as server,
        http.options(f"http://127.0.0.1:{server.port}/__mock__/journal", headers=ASKING) as answer,
    ):
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers


# Origins that are allowed

MINE = {"Origin": "https://Mine.example:3000"}
FILE = {"Origin": "null"}


async def asked(http, server, headers):
    """The statuses of a create, a preflight and a WebSocket, and the origin that may read the answer."""
    url, asking = f"{server.base_url}/responses", {"Access-Control-Request-Method": "POST"}
    async with http.post(url, json=BODY, headers=headers) as answer:
        created, readable = answer.status, answer.headers.get("access-control-allow-origin")
    async with http.options(url, headers={**headers, **asking}) as answer:
        assert answer.headers.get("access-control-allow-origin") == readable
        preflight = answer.status
    try:
        async with http.ws_connect(url, headers=headers) as socket:
            await socket.send_json({"type": "response.create", **BODY})
            assert (await socket.receive_json())["type"] == "response.created"
            opened = 101
    except aiohttp.WSServerHandshakeError as error:
        opened = error.status
    return (created, preflight, opened), readable


@pytest.mark.parametrize("page", [PAGE, MINE, FILE])
async def test_every_page_may_use_the_api_and_its_sockets(http, page):
    async with MockServer() as server:
        assert await asked(http, server, page) == ((200, 200, 101), "*")


async def test_a_server_may_be_for_some_pages_only(http):
    async with MockServer(allow_origins=[MINE["Origin"].lower()], allow_hosts=["mock"]) as server:
        assert await asked(http, server, MINE) == ((200, 200, 101), MINE["Origin"])
        own = f"http://127.0.0.1:{server.port}"
        assert await asked(http, server, {"Origin": own}) == ((200, 200, 101), own)
        allowed = {"Origin": "http://mock", "Host": "mock"}
        assert await asked(http, server, allowed) == ((200, 200, 101), "http://mock")
        served = len(server.journal.requests)
        rebound = {"Origin": "http://evil.example", "Host": "evil.example"}
        for page in (PAGE, FILE, rebound, {"Origin": "https://mine.example"}):
            assert await asked(http, server, page) == ((403, 403, 403), None)
        both = CIMultiDict((*MINE.items(), *PAGE.items()))
        async with http.post(f"{server.base_url}/responses", json=BODY, headers=both) as answer:
            assert answer.status == 403, "each of two origins counts"
        async with http.post(f"{server.base_url}/responses", json=BODY, headers=PAGE) as answer:
            error = (await answer.json())["error"]
            assert error["code"] == "origin_not_allowed"
            assert "--allow-origin" in error["message"]
        assert len(server.journal.requests) == served, "what is refused is no turn"
        async with http.post(f"{server.base_url}/responses", json=BODY) as answer:
            assert answer.status == 200, "who is no page is served"


async def test_a_session_is_for_the_same_pages(http):
    async with MockServer(allow_origins=()) as server:
        one = server.session("one").headers
        assert (await asked(http, server, {**one, **PAGE}))[0] == (403, 403, 403)
        bad = {"x-mock-session": "%20", **PAGE}
        async with http.post(f"{server.base_url}/responses", json=BODY, headers=bad) as answer:
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["", "page.example", "http://page.example/", "http://a b", "http://u@h"])
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ValueError, match=r"^allow-origin: .* is not an origin"):
        MockServer(allow_origins=[origin])
