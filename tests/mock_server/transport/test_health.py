"""Probes: /health and /ready answer anybody, and nothing notices that they did."""

from __future__ import annotations

import aiohttp
import pytest
from mock_openai import MockServer, faults


@pytest.mark.parametrize(("path", "status"), [("/health", "alive"), ("/ready", "ready")])
async def test_probes_are_answered_without_a_key(path: str, status: str) -> None:
    async with (
        MockServer(api_key="sk-only-this") as server,
        aiohttp.ClientSession(server.base_url.removesuffix("v1")) as client,
    ):
        async with client.get(path, headers={"Host": "10.0.0.7:8080"}) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": status})
        async with client.head(path) as answer:
            assert (answer.status, await answer.text()) == (200, "")
        async with client.post(path) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
        async with client.get(f"/v1{path}") as answer:
            assert answer.status == 401


async def test_probing_counts_no_connection_and_leaves_no_trace() -> None:
    plan = [faults.at(connection=1).handshake_status(503)]
    async with (
        MockServer(faults=plan, api_key="sk-only-this") as server,
        aiohttp.ClientSession(server.base_url.removesuffix("v1")) as client,
    ):
        for path in ("/health", "/ready"):
            async with client.get(path) as answer:
                assert answer.status == 200
        assert list(server.journal.entries) == []
        async with client.get("/v1/models") as answer:
            assert answer.status == 503


async def test_probes_are_answered_within_tls() -> None:
    pytest.importorskip("trustme", reason="trustme is not installed here")
    import ssl

    async with MockServer(tls=True, allow_hosts=["Mock-Openai"]) as server:
        trusting = ssl.create_default_context(cafile=server.ca_file)
        async with (
            aiohttp.ClientSession(server.base_url.removesuffix("v1")) as client,
            client.get("/ready", ssl=trusting, server_hostname="mock-openai") as answer,
        ):
            assert answer.status == 200
