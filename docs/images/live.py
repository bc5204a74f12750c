"""The scene of `live.png`: two clients on a mock server, and what its live page shows of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from tests.browser import PATIENCE, Tab

SCRIPT = """\
- {when: {user: weather}, reply: It is 21 degrees and sunny in Paris this afternoon.}
- {when: {user: clouds}, reply: A cloud is a great many drops of water that have not yet decided to fall.}
- {when: {user: (?i)bye}, reply: Goodbye.}
"""


def picture(page: Tab, folder: Path) -> bytes:
    """Return the live page after four turns, a request that no rule answers, and a reset."""
    (folder / "replies.yaml").write_text(SCRIPT, "utf-8")
    with _server(folder) as address:
        page.open(f"http://{address}/__mock__/")
        with _client(address) as one, _client(address) as two:
            _ask(one, "What is the weather in Paris?")
            _ask(two, "Tell me about clouds.")
            _ask(one, "What time is it?")
            page.until("#misses li", "What time is it?")
            page.click('input[name="chosen"]', nth=0)
            page.until("#chosen", "connection 1")
            page.run("[...document.querySelectorAll('#breaking button')][0].click()")
            page.until("#connections tr.closed td", "reset")
            _ask(two, "Goodbye.")
            page.until("#turns .said", "Goodbye.")
            page.click('input[name="chosen"]', nth=1)
            page.until("#chosen", "connection 2")
            page.run("scrollTo(0, 0)")
            return page.picture(1200, 900)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Serve the script; gives host and port."""
    command = [sys.executable, "-m", "mock_openai", "serve", "--port", "0", "--script", "replies.yaml"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield next(found[1] for line in process.stdout if (found := re.search(r"http://([\d.]+:\d+)", line)))
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _client(address: str) -> ClientConnection:
    headers = {"Authorization": "Bearer any"}
    return connect(f"ws://{address}/v1/responses", additional_headers=headers, proxy=None)


def _ask(client: ClientConnection, text: str) -> None:
    client.send(json.dumps({"type": "response.create", "model": "gpt-4.1", "input": text}))
    while json.loads(client.recv(timeout=PATIENCE))["type"] != "response.completed":
        pass
