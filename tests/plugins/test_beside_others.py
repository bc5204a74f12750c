"""A small project's tests pass beside each pytest plugin that its users have, each of them really installed.

`make plugins` installs those that are not among this project's own into `.site`, a folder for each; the
others are in the environment anyway. Every run loads all that pytest finds, as a user's does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ninelives.cassette import Cassette

from tests.effort import HANG

pytestmark = pytest.mark.thorough

SITES = Path(__file__).parent / ".site"

PROJECT = """
import pytest
from mock_openai import reply
from openai import AsyncOpenAI, OpenAI


def test_sync(openai_server):
    openai_server.script.add(reply("Hello.", user="hi"))
    with OpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert client.responses.create(model="gpt-4.1", input="hi").output_text == "Hello."


@pytest.mark.virtual_time
async def test_an_hour(openai_server):
    openai_server.script.add(reply("At last.", delay=3600))
    async with AsyncOpenAI(api_key="any", base_url=openai_server.base_url, timeout=7200) as client:
        assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text == "At last."


@pytest.mark.cassette("talk.jsonl")
def test_replayed(openai_server):
    with OpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert client.responses.create(model="gpt-4.1", input="hi").output_text == "Recorded."
"""

ORDINARY_LOOP = """
async def test_on_an_ordinary_loop(openai_server):
    openai_server.script.add(reply("Hello."))
    async with AsyncOpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text == "Hello."
"""


def installed(name: str) -> Path:
    site = SITES / name
    if not (site / ".ready").exists():
        pytest.skip(f"pytest-{name} is not installed here: make plugins")
    return site


@pytest.fixture(scope="session")
def cassette(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording of one request, made by the project's own recorder against its own server."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "script.yaml").write_text("replies: [{reply: Recorded.}]")
    mock = [sys.executable, "-m", "mock_openai", "serve", "--port", "0", "--script", "script.yaml"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(mock, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment) as upstream:
        try:
            assert upstream.stdout is not None
            url = next(found[0] for line in upstream.stdout if (found := re.search(r"http://\S+/v1", line)))
            (folder / "test_it.py").write_text(PROJECT)
            result = pytest_in(folder, "-k", "replayed", "--cassette-mode=once", OPENAI_BASE_URL=url)
            assert result.returncode == 0, result.stdout
        finally:
            upstream.kill()
    assert len(Cassette.load(folder / "talk.jsonl")) == 1
    return (folder / "talk.jsonl").read_bytes()


def pytest_in(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder as its user would: nothing of the surrounding run is inherited."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_", "OPENAI_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**kept, "OPENAI_API_KEY": "sk-any", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG,
    )


class Project:
    """A user's project in a folder of its own."""

    def __init__(self, folder: Path, cassette: bytes) -> None:
        self.folder = folder
        (folder / "talk.jsonl").write_bytes(cassette)

    def run(self, *options: str, more: str = "", ini: str = "", plugin: str | None = None) -> str:
        """Write the tests, run them, and return the last line of what pytest says, without the seconds."""
        (self.folder / "test_it.py").write_text(PROJECT + more)
        (self.folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
        environment = {"PYTHONPATH": str(installed(plugin))} if plugin else {}
        result = pytest_in(self.folder, *options, **environment)
        if plugin:
            assert re.search(rf"plugins:.*[ _]{plugin}-\d", result.stdout), result.stdout
        last = result.stdout.splitlines()[-1].strip("= ")
        return re.sub(r", \d+ warnings?|(, \d+ deselected)? in .*", "", last) + (
            "" if "passed" in last else self.said
        )


@pytest.fixture
def project(tmp_path: Path, cassette: bytes) -> Project:
    return Project(tmp_path, cassette)


# Async plugins


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_asyncio(project: Project, mode: str) -> None:
    mark = "\n@pytest.mark.asyncio" if mode == "strict" else ""
    assert project.run(more=mark + ORDINARY_LOOP, ini=f"asyncio_mode = {mode}") == "4 passed"


def test_anyio(project: Project) -> None:
    backend = '\n@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'
    assert project.run("-p", "no:asyncio", more=f"{backend}\n@pytest.mark.anyio{ORDINARY_LOOP}") == "4 passed"


def test_no_async_plugin_at_all(project: Project) -> None:
    assert project.run("-p", "no:asyncio", "-p", "no:anyio") == "3 passed"


# How tests are run


def test_xdist_and_randomly(project: Project) -> None:
    assert project.run("-n", "2", "-p", "randomly", "-p", "no:cov") == "3 passed"


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_timeout(project: Project, method: str) -> None:
    assert project.run("--timeout=100", f"--timeout-method={method}") == "3 passed"


def test_cov(project: Project) -> None:
    assert project.run("--cov=test_it", "--cov-report=") == "3 passed"


def test_hypothesis(project: Project) -> None:
    more = """
from hypothesis import HealthCheck, given, settings, strategies

@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.text(min_size=1))
def test_any_text(openai_server, text):
    with OpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert client.responses.create(model="gpt-4.1", input=text).output_text
"""
    assert project.run(more=more) == "4 passed"


def test_rerunfailures(project: Project) -> None:
    more = """
tries = []

def test_passes_when_run_again(openai_server):
    tries.append(openai_server.port)
    openai_server.script.add(reply("Hello."))
    with OpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert client.responses.create(model="gpt-4.1", input="hi").output_text == "Hello."
    assert len(openai_server.journal.requests) == 1
    assert len(tries) == 2
"""
    assert project.run("--reruns", "2", more=more, plugin="rerunfailures") == "4 passed, 1 rerun"


# The network


def test_recording(project: Project) -> None:
    assert project.run(plugin="recording") == "3 passed"
    assert project.run("--block-network", plugin="recording") == "3 passed"
    assert project.run("--block-network", "--record-mode=none", "-n", "2", plugin="recording") == "3 passed"


def test_recording_keeps_its_own_rules(project: Project) -> None:
    more = """
import socket

def test_elsewhere(openai_server):
    with pytest.raises(RuntimeError, match="Network is disabled for host '192.0.2.1'"):
        socket.create_connection(("192.0.2.1", 80))

def test_loopback_of_others():
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(RuntimeError, match="127.0.0.1"):
        socket.create_connection(server.getsockname())

@pytest.mark.block_network(allowed_hosts=["127.0.0.1"])
def test_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

@pytest.mark.block_network
def test_marked(openai_server):
    with OpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert client.responses.create(model="gpt-4.1", input="hi").output_text

@pytest.mark.vcr
def test_its_cassette():
    assert True
"""
    assert project.run("--block-network", more=more, plugin="recording") == "8 passed"


def test_recording_switched_off(project: Project) -> None:
    site = installed("recording")
    (project.folder / "test_it.py").write_text(PROJECT)
    result = pytest_in(project.folder, "-p", "no:recording", "--block-network", PYTHONPATH=str(site))
    assert "3 passed" in result.stdout, result.stdout


def test_socket(project: Project) -> None:
    assert project.run(plugin="socket") == "3 passed"
    assert project.run("--allow-hosts=127.0.0.1,::1", "--allow-unix-socket", plugin="socket") == "3 passed"
    more = """
from pytest_socket import SocketConnectBlockedError
import socket

def test_elsewhere(openai_server):
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80))
"""
    assert project.run("--allow-hosts=127.0.0.1,::1", more=more, plugin="socket") == "4 passed"


def test_vcr(project: Project) -> None:
    more = """
@pytest.mark.vcr
def test_with_a_cassette_of_theirs(openai_server):
    assert openai_server.base_url
"""
    assert project.run("--vcr-record=none", more=more, plugin="vcr") == "4 passed"


def test_httpserver(project: Project) -> None:
    more = """
import json
import urllib.request

def test_both_servers(openai_server, httpserver):
    httpserver.expect_request("/weather").respond_with_json({"degrees": 21})
    with urllib.request.urlopen(httpserver.url_for("/weather")) as answer:
        assert json.load(answer) == {"degrees": 21}
    with OpenAI(api_key="any", base_url=openai_server.base_url) as client:
        assert client.responses.create(model="gpt-4.1", input="hi").output_text
"""
    assert project.run(more=more, plugin="httpserver") == "4 passed"
