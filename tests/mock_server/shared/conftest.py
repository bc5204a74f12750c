"""A real Redis for these tests, started by them on a free port, and servers that share it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import aiohttp
import pytest

from tests.effort import HANG


class RedisProcess:
    """`redis-server` on a port of its own; it can be stopped and started again, empty."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                return
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def freeze(self) -> None:
        """Let it accept connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def url(self, prefix: str = "") -> str:
        return f"redis://127.0.0.1:{self.port}/0" + (f"?prefix={prefix}" if prefix else "")


def _redis() -> RedisProcess:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed here")
    pytest.importorskip("redis", reason="the Redis client is not installed here: ninelives[redis]")
    process = RedisProcess()
    process.start()
    return process


@pytest.fixture(scope="session")
def _common_redis() -> Iterator[RedisProcess]:
    with ExitStack() as stack:
        process = _redis()
        stack.callback(process.stop)
        yield process


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is never given up on because the machine is slow; a test that wants this sets a limit itself."""
    for name in ("CONNECT_WITHIN", "ANSWER_WITHIN"):
        monkeypatch.setattr(f"mock_openai.memory.link.{name}", HANG)
    monkeypatch.setattr("mock_openai.control.broadcast.ANSWER_WITHIN", HANG)


@pytest.fixture
def store(_common_redis: RedisProcess) -> str:
    """A part of a Redis that is this test's own."""
    return _common_redis.url(uuid.uuid4().hex)


@pytest.fixture
def own_redis() -> Iterator[RedisProcess]:
    """A Redis that a test may stop."""
    process = _redis()
    yield process
    process.stop()


class Api:
    """The API at one base URL, as JSON in and out."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def __call__(
        self, method: str, url: str, body: Any = None, *, status: int = 200, **options: Any
    ) -> Any:
        async with self.session.request(method, url, json=body, **options) as answer:
            told = await answer.json(content_type=None)
            assert answer.status == status, told
            return told

    async def say(self, server: Any, text: str, **fields: Any) -> Any:
        body = {"model": "gpt-4o", "input": text, **fields}
        return await self("POST", f"{server.base_url}/responses", body)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(session)
