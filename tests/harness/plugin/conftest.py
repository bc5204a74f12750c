"""pytest inside pytest: every story here is a project of its own, run by its own pytest."""

import asyncio
import os
import textwrap
import threading

import hypothesis.strategies
import mock_openai
import ninelives.fixtures.bots
import ninelives.fixtures.cassette_settings
import ninelives.fixtures.evidence
import ninelives.fixtures.script_use
import ninelives.fixtures.server
import ninelives.new_episodes
import ninelives.player
import ninelives.recorder
import openai
import pytest
import websockets.asyncio.client
from mock_openai import MockServer, faults, reply
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService

from tests.effort import HANG

# Runs inside this process find these loaded; pytester forgets what only they imported.
PRELOADED = (hypothesis, mock_openai, ninelives, openai, websockets, OpenAIResponsesLLMService)
faults.catalogue()

PROJECT = """
import pytest
from openai import AsyncOpenAI, OpenAI
from mock_openai import call, reply
"""

SERVICE = """
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

def service(server):
    return OpenAIResponsesLLMService(api_key="test", base_url=server.base_url, ws_url=server.ws_url)
"""


class Project:
    """A user's project: a test file, options, and what came of running it."""

    def __init__(self, pytester):
        self.pytester = pytester
        self.path = pytester.path
        # What the surrounding run is told is nothing to the project's own.
        pytester.plugins = []

    def test(self, source, *, name="test_it", service=False):
        text = PROJECT + (SERVICE if service else "") + textwrap.dedent(source)
        self.pytester.makepyfile(**{name: text})
        return self

    def ini(self, text):
        scope = "asyncio_default_fixture_loop_scope = function\n"
        self.pytester.makeini(f"[pytest]\n{scope}{textwrap.dedent(text)}")
        return self

    def run(self, *options, env=(), warnings=False):
        for key, value in dict(env).items():
            self.pytester._monkeypatch.setenv(key, value)
        options = ("-p", "no:randomly", "-p", "no:cacheprovider", *options)
        if not warnings:
            options = ("-p", "no:warnings", *options)
        # A run without xdist and with all plugins needs no process of its own: that saves all imports.
        alone = "-n" in options or any(option.startswith("no:a") for option in options)
        return (self.pytester.runpytest_subprocess if alone else self.pytester.runpytest_inprocess)(*options)


@pytest.fixture
def project(pytester, monkeypatch):
    for key in list(os.environ):
        if key.startswith(("PYTEST_", "OPENAI_", "COV_")):
            monkeypatch.delenv(key, raising=False)
    return Project(pytester)


@pytest.fixture
def upstream():
    """A server in real time, standing for api.openai.com."""
    server = MockServer(script=[reply("hello from upstream", user="hi"), reply("bye", user="bye")])
    started, end = threading.Event(), asyncio.Event()
    loops = []

    def serve():
        async def live():
            loops.append(asyncio.get_running_loop())
            async with server:
                started.set()
                await end.wait()

        asyncio.run(live())

    thread = threading.Thread(target=serve)
    thread.start()
    assert started.wait(HANG)
    yield server
    loops[0].call_soon_threadsafe(end.set)
    thread.join(HANG)


@pytest.fixture
def cassettes(project, upstream):
    project.ini("asyncio_mode = auto")

    class Cassettes:
        path = project.path / "cassettes" / "test_it" / "test_talk.jsonl"

        def run(self, *options):
            return project.run(*options, env={"OPENAI_BASE_URL": upstream.base_url})

        @property
        def asked(self):
            return len(upstream.journal.requests)

    return Cassettes()
