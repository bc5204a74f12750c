"""A name server that does not answer keeps no program that ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer
from ninelives.recorder import Recorder

from tests.effort import HANG

pytestmark = pytest.mark.real_time


@pytest.mark.parametrize("name", ["Recorder", "MockServer"])
def test_a_loop_ends_while_a_name_is_looked_up(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered, lookup = threading.Event(), threading.Event(), socket.getaddrinfo

    def silent(host: Any, *given: Any, **how: Any) -> Any:
        if host in ("slow.invalid", b"slow.invalid"):
            asked.set()
            answered.wait()
        return lookup(host, *given, **how)

    async def ask(base_url: str) -> None:
        async with aiohttp.ClientSession() as http:
            asking = asyncio.create_task(
                http.post(f"{base_url}/responses", json={"model": "gpt-4o", "input": "hi"})
            )
            await asyncio.to_thread(asked.wait)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def use() -> None:
        to = "http://slow.invalid:1/v1"
        if name == "Recorder":
            async with Recorder(to, tmp_path / "talk.jsonl") as recorder:
                await ask(recorder.base_url)
        else:
            async with MockServer(upstream=to) as server:
                await ask(server.base_url)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    program = threading.Thread(target=lambda: asyncio.run(use()))
    program.start()
    try:
        assert asked.wait(HANG)
        program.join(HANG)
        assert not program.is_alive()
        assert not answered.is_set()
    finally:
        answered.set()
        program.join(HANG)
