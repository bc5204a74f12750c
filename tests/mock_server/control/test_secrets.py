"""The control API repeats no secret, neither in an error nor of a rule."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from mock_openai import MockServer
from mock_openai.commands.serving import miss_printer

SECRET = "Zq8rW3xK7mP2vL9t4yB6"
TEXT = f"password={SECRET}"
RULE = {"when": {"user": "zzz"}, "reply": "x"}
GIVEN: dict[str, tuple[str, str, Any]] = {
    "another key of a script": ("PUT", "script", {TEXT: 1}),
    "another key of a rule": ("PUT", "script", {"replies": [{**RULE, TEXT: 1}]}),
    "a script that is a text": ("PUT", "script", {"replies": TEXT}),
    "a broken pattern": ("PUT", "script", {"replies": [{**RULE, "when": {"user": f"({TEXT}"}}]}),
    "an unknown fault": ("POST", "faults", [{"at": {"turn": 1}, "do": {TEXT: {}}}]),
    "a time": ("POST", "clock", {"advance": TEXT}),
    "a parameter": ("GET", f"journal?{quote(TEXT, safe='')}=1", None),
    "a word": ("GET", f"journal?kind={quote(TEXT, safe='')}", None),
    "a path": ("GET", quote(TEXT, safe=""), None),
}


@pytest.mark.parametrize("given", GIVEN)
async def test_an_error_of_the_control_api_shows_no_secret(given: str) -> None:
    method, path, body = GIVEN[given]
    async with MockServer() as server, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{server.port}/__mock__/{path}"
        async with http.request(method, url, json=body) as answer:
            assert answer.status >= 400
            assert SECRET not in await answer.text()


@pytest.mark.parametrize(
    "rule",
    [
        {"when": {"user": re.escape(TEXT)}, "reply": "x"},
        {"when": {"user": re.escape(f"docker login -u bob -p {SECRET} x")}, "reply": "x"},
        {"when": {"user": re.escape(f"passphrase: {SECRET}")}, "reply": "x"},
        {"name": TEXT, "when": {"user": "zzz"}, "reply": "x"},
        {"when": {"metadata": {"note": TEXT}}, "reply": "x"},
        {"when": {"body": {"user": TEXT}}, "reply": "x"},
    ],
)
async def test_a_rule_that_holds_a_secret_is_told_without_it(
    rule: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with MockServer() as server, aiohttp.ClientSession() as http:
        server.script.on_miss = miss_printer("improvised")
        url = f"http://127.0.0.1:{server.port}/__mock__/script"
        script = json.dumps({"strict": True, "replies": [rule]})
        async with http.put(url, data=script, headers={"content-type": "application/yaml"}) as answer:
            assert answer.status == 200
        ask = {"model": "gpt-4o", "input": "hi", "user": "bob"}
        async with http.post(f"{server.base_url}/responses", json=ask) as answer:
            told = await answer.text()
        async with http.get(url) as answer:
            told += await answer.text()
        told += str(list(server.misses)) + str(list(server.journal.entries)) + capsys.readouterr().err
    assert "rule 1" in told
    assert SECRET not in told
