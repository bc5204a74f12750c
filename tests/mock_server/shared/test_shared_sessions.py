"""Sessions of servers that share a memory: the same session everywhere, and nobody else's."""

from __future__ import annotations

import pytest
import redis
from mock_openai import MockServer, reply

pytestmark = pytest.mark.real_time  # Redis is another process

SCRIPT = [reply("One two three four five six.", user="slow"), reply("Hello.")]
ONE, TWO = {"x-mock-session": "one"}, {"x-mock-session": "two"}


async def ask(api, server, session, status=200, **fields):
    body = {"model": "gpt-4o", "input": "hi", **fields}
    return await api("POST", f"{server.base_url}/responses", body, status=status, headers=session)


async def test_what_a_session_stores_is_found_by_the_same_session_of_any_server_alone(store, api):
    async with MockServer(SCRIPT, store=store) as here, MockServer(SCRIPT, store=store) as there:
        made = await ask(api, here, ONE)
        url, item = f"{there.base_url}/responses/{made['id']}", made["output"][0]["id"]
        assert (await api("GET", url, headers=ONE))["output"] == made["output"]
        await ask(api, there, ONE, previous_response_id=made["id"])
        await ask(api, there, ONE, input=[{"type": "item_reference", "id": item}])
        talk = await api("POST", f"{here.base_url}/conversations", {}, headers=ONE)
        await ask(api, there, ONE, conversation=talk["id"])
        for session in (TWO, {}):
            await api("GET", url, status=404, headers=session)
            await api("DELETE", url, status=404, headers=session)
            await ask(api, there, session, status=400, previous_response_id=made["id"])
            await ask(api, there, session, status=404, input=[{"type": "item_reference", "id": item}])
            await api("GET", f"{here.base_url}/conversations/{talk['id']}", status=404, headers=session)
        own = await ask(api, here, {})
        await api("GET", f"{there.base_url}/responses/{own['id']}", headers={})
        await api("GET", f"{there.base_url}/responses/{own['id']}", status=404, headers=ONE)


async def test_a_background_response_of_a_session_is_seen_elsewhere_by_that_session(store, api):
    async with (
        MockServer(SCRIPT, store=store, pace="fixed:0.02") as here,
        MockServer(SCRIPT, store=store) as there,
    ):
        begun = await ask(api, here, ONE, input="slow", background=True)
        url = f"{there.base_url}/responses/{begun['id']}"
        assert (await api("GET", url, headers=ONE))["status"] in ("queued", "in_progress", "completed")
        await api("GET", url, status=404, headers=TWO)
        await api("POST", f"{url}/cancel", headers=ONE)
        assert (await api("GET", url, headers=ONE))["status"] == "cancelled"


async def test_a_reset_of_a_session_deletes_what_all_servers_kept_for_it_once(store, api):
    async with MockServer(SCRIPT, store=store) as here, MockServer(SCRIPT, store=store) as there:
        root = here.base_url.removesuffix("/v1")
        made = {name: await ask(api, there, {"x-mock-session": name}) for name in ("one", "two")}
        await api("POST", f"{root}/__mock__/reset?session=one", {})
        urls = {name: f"{there.base_url}/responses/{made[name]['id']}" for name in made}
        await api("GET", urls["one"], status=404, headers=ONE)
        await api("GET", urls["two"], headers=TWO)
        again = await ask(api, there, ONE)
        # Who joins later hears of the reset, and has nothing to delete.
        async with MockServer(SCRIPT, store=store) as later:
            await api("GET", f"{later.base_url}/responses/{again['id']}", headers=ONE)
        await here.session("one").reset()
        await api("GET", f"{there.base_url}/responses/{again['id']}", status=404, headers=ONE)


async def test_a_reset_of_the_server_deletes_what_any_session_kept(store, api):
    async with MockServer(SCRIPT, store=store) as server:
        await ask(api, server, {"x-mock-session": "one%3A%C3%BC"})
        await api("POST", f"{server.base_url}/conversations", {}, headers=ONE)
        place, _, prefix = store.partition("?prefix=")
        with redis.Redis.from_url(place) as looking:
            assert len(looking.keys(f"{prefix}:session:*")) == 4
            await server.reset()
            assert looking.keys(f"{prefix}:session:*") == []
