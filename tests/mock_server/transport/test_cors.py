"""Pages in a browser: they ask whether they may ask, and read what names them."""

from __future__ import annotations

import pytest
from mock_openai import MockServer, faults

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
