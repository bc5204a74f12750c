"""`mock-openai serve` as users start it, for clients that know nothing of us."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.effort import HANG

KEY = "sk-a-key-for-tests-only"
SCRIPT = """
replies:
  - when: {tool_output: get_weather}
    reply: [{text: "It is 21 degrees in Paris."}]
  - when: {user: "(?i)weather"}
    reply: [{call: get_weather, arguments: {city: Paris}}]
  - when: {user: "again", previous: true}
    reply: [{text: "Again: 21 degrees."}]
"""


@pytest.fixture(scope="session")
def key() -> str:
    return KEY


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    script = tmp_path_factory.mktemp("server") / "replies.yaml"
    script.write_text(SCRIPT)
    options = ["--port", "0", "--api-key", KEY, "--script", str(script)]
    command = [sys.executable, "-m", "mock_openai", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = server.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", ready)
        assert found, ready
        yield found[0]
        server.send_signal(signal.SIGTERM)
        server.stdout.read()


@pytest.fixture(scope="session")
def told(base_url: str) -> Callable[..., Any]:
    """Run a client's program, with URL and key in its environment, and give the JSON that it prints."""

    def run(command: Sequence[str], **more: str) -> Any:
        env = {**os.environ, "OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY, **more}
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANG, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run
