"""Secrets in `logprobs`, which give a text token by token, and names that follow their values in a stream."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai.redaction import SecretRedactor
from mock_openai.redaction.edits import Edit
from mock_openai.redaction.pending import undecided
from mock_openai.redaction.stream import StreamRedactor

from .made_up import made

TEXT, SECRET = made("openai", 7)


class Redactor:
    """The redactor of one recording, as a stream wants it."""

    enabled = True

    def __init__(self) -> None:
        self.secrets = SecretRedactor()

    def edits(self, data: bytes, *, broken: bool = False) -> list[Edit]:
        return self.secrets.edits(data, broken=broken)

    def undecided(self, data: bytes, start: int) -> int:
        return undecided(self.secrets, data, start)


def logprob(token: str, *, others: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {"token": token, "logprob": -0.25, "bytes": list(token.encode())}
    if others:
        found["top_logprobs"] = [logprob(token, others=False), logprob("x", others=False)]
    return found


def spelled(values: list[dict[str, Any]]) -> list[str]:
    """What the tokens add up to: as strings, as bytes, and of each rank."""
    ranks = [values, *(list(rank) for rank in zip(*(value["top_logprobs"] for value in values), strict=True))]
    return [
        text
        for rank in ranks
        for text in (
            "".join(each["token"] for each in rank),
            b"".join(bytes(each["bytes"]) for each in rank).decode(),
        )
    ]


def cut(text: str, places: set[int]) -> list[str]:
    ends = sorted({0, len(text), *(place for place in places if place < len(text))})
    return [text[a:b] for a, b in pairwise(ends)]


def streamed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    clean: list[bytes] = []
    stream = StreamRedactor(Redactor())
    for event in events:
        stream.take(json.dumps(event).encode(), clean.append, framed=False)
    stream.flush()
    return [json.loads(data) for data in clean]


@given(st.sets(st.integers(0, 80)))
def test_the_tokens_of_an_answer_are_read_as_one_text(places: set[int]) -> None:
    said = f"your key: {TEXT} is here"
    tokens = [logprob(piece) for piece in cut(said, places)]
    clean = json.loads(SecretRedactor().string(json.dumps({"text": said, "logprobs": tokens})))
    wanted = [clean["text"]] * 4 + spelled(tokens)[4:]
    assert SECRET not in clean["text"]
    assert spelled(clean["logprobs"]) == wanted


@given(st.sets(st.integers(0, 80)))
def test_so_are_those_of_a_stream(places: set[int]) -> None:
    said = f"your key: {TEXT} is here"
    events: list[dict[str, Any]] = [
        {"type": "response.output_text.delta", "item_id": "a", "delta": piece, "logprobs": [logprob(piece)]}
        for piece in cut(said, places)
    ]
    events.append({"type": "response.output_text.done", "item_id": "a", "text": said})
    *deltas, done = streamed(events)
    assert SECRET not in done["text"]
    assert "".join(event["delta"] for event in deltas) == done["text"]
    assert spelled([event["logprobs"][0] for event in deltas])[:4] == [done["text"]] * 4


def test_tokens_without_a_secret_stay_byte_for_byte() -> None:
    values = [logprob(piece) for piece in ("The ", "weather", ' is "fine"', " \u2600", "]")]
    for text in (json.dumps({"logprobs": values}), json.dumps({"logprobs": values}, indent=1)):
        assert SecretRedactor().string(text) == text
    assert SecretRedactor().string('{"logprobs":[{"token":"a","bytes":[999,-1]}]}').endswith("[999,-1]}]}")


BEHIND = [
    '<input value="@@" name="csrf_token"> ok',
    'x <meta content="@@" name="csrf-token"> ok',
    "use @@ as the password please",
    "so @@ is your temporary password, ok",
    'call {"value":"@@","name":"Authorization"} ok',
    'a key {"d":"@@","crv":"P-256","kty":"EC"} ok',
]


@pytest.mark.parametrize("text", BEHIND)
@pytest.mark.parametrize("size", [1, 5, 16])
def test_a_name_may_come_behind_its_value(text: str, size: int) -> None:
    secret = SECRET[:40]
    said = text.replace("@@", secret)
    events = [
        {"type": "response.output_text.delta", "item_id": "a", "delta": said[at : at + size]}
        for at in range(0, len(said), size)
    ]
    *deltas, done = streamed([*events, {"type": "response.output_text.done", "item_id": "a", "text": said}])
    assert secret not in done["text"]
    assert "".join(event["delta"] for event in deltas) == done["text"]


def test_data_on_several_lines_are_read_as_one() -> None:
    block = f'data: {{"type":"y",\ndata: "api_key":\ndata: "{SECRET}"}}\n\n'
    clean = SecretRedactor().string(block)
    assert SECRET not in clean
    assert clean.replace(clean[-len(SECRET) - 4 : -4], SECRET) == block


@given(st.sets(st.integers(0, 48)))
def test_a_password_with_accents_leaves_no_letter_in_the_deltas(places: set[int]) -> None:
    said = "Your password is Grün7Haus#92kL, is that all right?"
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    deltas = [{"type": "response.output_text.delta", **place, "delta": piece} for piece in cut(said, places)]
    *heard, done = streamed([*deltas, {"type": "response.output_text.done", **place, "text": said}])
    assert "".join(each["delta"] for each in heard) == done["text"]
    assert not any(part in done["text"] for part in ("Gr", "Haus", "92kL"))
