"""The page at /__mock__/ in a real browser, beside clients that talk to the server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ninelives.cassette import Cassette
from ninelives.cassette.lint import lint
from ninelives.lab.scenario_file import from_text
from ninelives.schemas import SCHEMAS
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.browser import Tab, browser, find, tab
from tests.effort import HANG

pytestmark = [
    pytest.mark.skipif(find() is None, reason="no chromium here (Debian's package `chromium`)"),
    pytest.mark.thorough,
]

SCRIPT = "- {when: {user: weather}, reply: It is 21 degrees in Paris.}\n- {when: {user: joke}, reply: No.}\n"


@pytest.fixture(scope="module")
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browser(tmp_path_factory.mktemp("profile")) as address:
        yield address


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server of its own; gives host and port."""
    (tmp_path / "replies.yaml").write_text(SCRIPT)
    command = [sys.executable, "-m", "mock_openai", "serve", "--port", "0", "--script", "replies.yaml"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        found = next(found for line in process.stdout if (found := re.search(r"http://([\d.]+:\d+)", line)))
        yield found[1]
    finally:
        process.terminate()
        process.communicate(timeout=HANG)


@pytest.fixture
def page(devtools: str, server: str) -> Iterator[Tab]:
    with tab(devtools) as page:
        page.open(f"http://{server}/__mock__/")
        yield page
        foreign = [
            each for each in page.complaints if not each.startswith(f"asked for http://{server}/__mock__/")
        ]
        assert foreign == []


def call(server: str) -> ClientConnection:
    return connect(
        f"ws://{server}/v1/responses",
        additional_headers={"Authorization": "Bearer sk-mark0secret1value2"},
        proxy=None,
    )


def ask(client: ClientConnection, text: str) -> list[dict[str, Any]]:
    client.send(json.dumps({"type": "response.create", "model": "gpt-4.1", "input": text}))
    events = []
    while not events or events[-1]["type"] != "response.completed":
        events.append(json.loads(client.recv(timeout=HANG)))
    return events


def press(page: Tab, button: str) -> None:
    page.run(
        f"[...document.querySelectorAll('#breaking button')].find(b => b.textContent === {button!r}).click()"
    )


def ending(client: ClientConnection) -> ConnectionClosed:
    try:
        while True:
            client.recv(timeout=HANG)
    except ConnectionClosed as closed:
        return closed


def test_it_shows_what_happens_as_it_happens(page: Tab, server: str) -> None:
    assert page.texts("#no-connections")
    with call(server) as client:
        ask(client, "What is the weather?")
        page.until("#turns .said", "It is 21 degrees in Paris.")
        assert page.texts("#turns .asked") == ["What is the weather?"]
        assert page.texts("#connections tr:not(.closed) td")[2] == "websocket"
        ask(client, "What is the time?")
        page.until("#misses li", "'What is the time?'")
        assert [text[0] for text in page.texts("#rules td:first-child")] == ["1", "0"]
        told = page.texts("#events li span:last-child")
        assert told[0] == "open websocket /v1/responses"
        assert "← response.output_text.delta It" in told
        assert any(text.startswith("→") and text.endswith("What is the weather?") for text in told)
    page.until("#connections tr.closed td", "closed by client")
    assert "mark0secret1value2" not in page.run("document.documentElement.outerHTML")


@pytest.mark.parametrize(
    ("button", "code"),
    [("Reset", None), ("Close 1001", 1001), ("Close 1011", 1011), ("60-minute limit", None)],
)
def test_a_button_breaks_the_chosen_connection_now(
    page: Tab, server: str, button: str, code: int | None
) -> None:
    with call(server) as other, call(server) as client:
        ask(client, "What is the weather?")
        page.until("#connections tr:nth-child(2) td", "websocket")
        page.until("#events", "response.completed")  # nothing moves any more
        page.click('input[name="chosen"]', nth=1)
        page.until("#chosen", "connection 2")
        press(page, button)
        received = ending(client).rcvd
        if code is not None:
            assert received is not None
            assert received.code == code
        page.until("#connections tr.closed:nth-child(2) td", "closed")
        assert ask(other, "Tell me a joke.")[-1]["type"] == "response.completed"


def test_it_works_by_keyboard(page: Tab, server: str) -> None:
    with call(server), call(server) as client:
        page.until("#connections tr:nth-child(2) td", "websocket")
        page.run("document.querySelector('input[name=chosen]').focus()")
        page.press("ArrowDown")
        page.until("#chosen", "connection 2")
        page.run("document.querySelector('#breaking button').focus()")
        page.press("Enter")
        ending(client)


def test_what_was_seen_can_be_kept(page: Tab, server: str, tmp_path: Path) -> None:
    with call(server) as client:
        ask(client, "What is the weather?")
        body = json.dumps({"model": "gpt-4.1", "input": "Tell me a joke.", "stream": True}).encode()
        head = {"Content-Type": "application/json", "Authorization": "Bearer any"}
        urllib.request.urlopen(
            urllib.request.Request(f"http://{server}/v1/responses", body, head), timeout=HANG
        ).read()
        page.until("#turns .said", "No.")
    page.until("#connections tr.closed td", "closed by client")
    kept = tmp_path / "live.jsonl"
    kept.write_text(page.run("asCassette()"))
    cassette = Cassette.load(kept)
    assert lint(kept) == []
    assert [exchange.complete for exchange in cassette.exchanges] == [True, True]
    told = page.run("asScenario()")
    assert told.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMAS['scenario']()['$id']}"
    spec = from_text(told)
    assert [(ask.user, ask.text) for ask in spec.asks] == [
        ("What is the weather?", "It is 21 degrees in Paris."),
        ("Tell me a joke.", "No."),
    ]


def test_what_it_shows_is_text_and_no_markup(page: Tab, server: str) -> None:
    evil = "</p><script>window.hit=1</script><img src=x onerror='window.hit=1'>\u202e"
    with call(server) as client:
        ask(client, f"What is the weather? {evil}")
    page.until("#turns .asked", "What is the weather?")
    page.until("#events li", evil)
    assert page.run("[window.hit ?? 0, document.querySelectorAll('img').length]") == [0, 0]


def test_it_stays_small_however_many_turns_and_connections_there_are(page: Tab, server: str) -> None:
    page.run("KEPT = 20; LISTED = 10")
    for _ in range(5):
        with call(server) as client:
            for number in range(10):
                ask(client, f"What is the weather in {number}?")
    for _ in range(25):
        with call(server):
            pass
    with call(server) as client:
        ask(client, "What is the last weather?")
        page.until("#turns .asked", "What is the last weather?")
        page.until("#connections td", "31")
        assert page.run("[turns.size, connections.size]") == [20, 20]
        found = page.run("['turns', 'events', 'connections'].map(id => find(id).childElementCount)")
        assert found == [20, 10, 10]


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page of another origin on this machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{other.server_port}/"
        other.shutdown()


TRIES = """Promise.allSettled([
    fetch(`${base}/reset`, {method: 'POST'}),
    fetch(`${base}/reset`, {method: 'POST', mode: 'no-cors'}),
    fetch(`${base}/reset`, {method: 'POST', mode: 'no-cors', body: new FormData()}),
    fetch(`${base}/reset`, {method: 'POST', headers: {'content-type': 'application/json'}}),
    fetch(`${base}/script`, {method: 'PUT', headers: {'content-type': 'application/yaml'}, body: '[]'}),
    fetch(`${base}/faults`, {method: 'DELETE'}),
    fetch(`${base}//reset`, {method: 'POST', mode: 'no-cors', body: '{}'}),
    fetch(`${base}/journal`),
    new Promise((_, no) => { const f = document.createElement('form'), i = document.createElement('iframe');
        i.name = f.target = 'f'; document.body.append(i, f); f.method = 'POST'; f.action = `${base}/reset`;
        f.enctype = 'text/plain'; i.onload = no; f.submit(); }),
]).then(all => all.map(one => one.value?.status || 0))"""


def test_a_page_of_another_origin_changes_and_reads_nothing(
    devtools: str, server: str, elsewhere: str
) -> None:
    with call(server) as client:
        ask(client, "What is the weather?")
    with tab(devtools) as page:
        page.open(elsewhere)
        assert set(page.run(TRIES.replace("${base}", f"http://{server}/__mock__"))) == {0}
    with urllib.request.urlopen(f"http://{server}/__mock__/journal", timeout=HANG) as answer:
        assert b"What is the weather?" in answer.read()
    with urllib.request.urlopen(f"http://{server}/__mock__/script", timeout=HANG) as answer:
        assert len(json.load(answer)["rules"]) == 2


def test_no_other_page_can_use_or_frame_it(server: str) -> None:
    with urllib.request.urlopen(f"http://{server}/__mock__/", timeout=HANG) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    foreign = urllib.request.Request(f"http://{server}/__mock__/", headers={"Origin": "https://evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(foreign, timeout=HANG)
