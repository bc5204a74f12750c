"""Cassettes that other projects recorded with vcrpy replay through `ninelives replay`, and the official
client takes every event, strictly.

They are not in this repository: NINELIVES_VCR_CASSETTES names a folder of them, for example the unpacked
source archive of langchain-openai (`pip download --no-binary :all: --no-deps langchain-openai`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from ninelives.cassette import Exchange
from ninelives.cassette.convert import load
from ninelives.cassette.sdk import validation_errors
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from tests.effort import HANG

FOLDER = os.environ.get("NINELIVES_VCR_CASSETTES", "")
FILES = (
    sorted(path for path in Path(FOLDER).rglob("*") if re.search(r"\.ya?ml(\.gz)?$", path.name))
    if FOLDER
    else []
)

pytestmark = pytest.mark.skipif(
    not FILES, reason="NINELIVES_VCR_CASSETTES names no folder of vcrpy cassettes"
)


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    """The official client against `ninelives replay` of all files at once."""
    command = [
        sys.executable,
        "-m",
        "ninelives.cli",
        "replay",
        *map(str, FILES),
        "--port",
        "0",
        "--timing",
        "none",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = next(
            found[1] for line in process.stdout if (found := re.search(r"OPENAI_BASE_URL=(\S+)", line))
        )
        yield openai.OpenAI(base_url=url, api_key="any", max_retries=0)
        process.terminate()
        process.communicate(timeout=HANG)


def test_every_recorded_answer_comes_again_and_is_valid(client: openai.OpenAI) -> None:
    counted: Counter[str] = Counter()
    for path in FILES:
        for exchange in load(path).exchanges:
            counted["exchanges"] += 1
            counted["events"] += _ask(client, exchange)
    print(f"{len(FILES)} files, {dict(counted)}")
    assert counted["exchanges"]


def _ask(client: openai.OpenAI, exchange: Exchange) -> int:
    path = re.sub(r"^(.*/backend-api/codex|.*/v1)?(?=/)", "", exchange.path)
    streams = {
        "/responses": (Response, openai.Stream[ResponseStreamEvent]),
        "/chat/completions": (ChatCompletion, openai.Stream[ChatCompletionChunk]),
    }
    if exchange.method == "POST" and path in streams and exchange.body:
        whole, stream = streams[path]
        try:
            answer = client.post(
                path, cast_to=whole, body=exchange.body, stream=exchange.streamed, stream_cls=stream
            )  # type: ignore[call-overload]
        except openai.APIStatusError as error:
            assert error.status_code == exchange.status, error  # noqa: PT017
            return 0
        if not exchange.streamed:
            assert not _wrong(path, exchange.answer or b"", exchange.status or 0)
            assert answer.id == json.loads(exchange.answer or b"")["id"]
            return 0
        wanted = [timed.event.data for timed in exchange.events if timed.event.data not in (b"", b"[DONE]")]
        assert [event.to_dict() for event in answer] == [json.loads(data) for data in wanted]
        for data in wanted:
            if path == "/responses":
                assert not validation_errors(data)
            else:
                ChatCompletionChunk.model_validate_json(data, strict=True)
        return len(wanted)
    url = f"{str(client.base_url).removesuffix('/v1/')}{exchange.path}"
    if "://" not in exchange.path:
        got = client._client.request(exchange.method, url, content=exchange.request or None)
        assert (got.status_code, got.content) == (exchange.status, exchange.answer)
    return 0


def _wrong(path: str, body: bytes, status: int) -> list[str]:
    if path != "/responses" or status >= 400:
        return []
    event = {"type": "response.completed", "sequence_number": 0, "response": json.loads(body)}
    return validation_errors(json.dumps(event).encode())
