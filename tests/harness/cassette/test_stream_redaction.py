"""A secret that is spelled over several deltas is recorded as one fake, cut where the secret was cut."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.patterns import Pattern
from ninelives.cassette import Cassette, CassetteWriter, Redactor
from ninelives.cassette.builder import CassetteBuilder

KEY = "sk-proj-CANARY0123456789abcdefghij"
EMAIL_ADDRESS = "canary.eve@example.com"
SECRETS = [
    KEY,
    "org-CANARY0123456789abcdef",
    "Bearer CANARY0123456789",
    '{"password":"CANARY"}',
    "see ?key=CANARY0123456789#x",
    "user-CANARY0123456789abc",
    EMAIL_ADDRESS,
    "+49 170 1234567",
    "MARKED-CANARY",
]


def redactor() -> Redactor:
    return Redactor(rules=[(r"MARKED-[A-Z]+", "HIDDEN")], emails=True, phones=True)


def delta(text: str, kind: str = "response.output_text", index: int = 0, **more: object) -> dict[str, object]:
    return {"type": f"{kind}.delta", "output_index": index, "content_index": 0, "delta": text, **more}


def done(text: str, kind: str = "response.output_text", index: int = 0, **more: object) -> dict[str, object]:
    return {"type": f"{kind}.done", "output_index": index, "content_index": 0, "text": text, **more}


def streamed(events: list[dict[str, object]], redactor: Redactor) -> list[dict[str, object]]:
    builder = CassetteBuilder(redactor=redactor)
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, b"{}")
    writer.response(200, {"content-type": "text/event-stream"})
    for event in events:
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        writer.read(f"event: {event['type']}\ndata: {text}\n\n".encode())
    writer.end()
    return recorded(builder.bytes(), "event")


def messaged(events: list[dict[str, object]], redactor: Redactor) -> list[dict[str, object]]:
    builder = CassetteBuilder(redactor=redactor)
    writer = builder.line_writer()
    writer.open("/v1/responses", {}, 101)
    writer.send(b'{"type":"response.create"}')
    for event in events:
        writer.recv(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
    writer.close("client", 1000)
    return recorded(builder.bytes(), "recv")


def recorded(data: bytes, kind: str) -> list[dict[str, object]]:
    assert b"CANARY" not in data
    assert EMAIL_ADDRESS.encode() not in data
    assert b"1234567" not in data.replace(b"0123456789", b"")
    lines = [json.loads(line) for line in data.splitlines()]
    return [line["data"] for line in lines if line.get("k") == kind]


@st.composite
def spelled(draw: st.DrawFn) -> tuple[str, list[str]]:
    parts = draw(
        st.lists(st.sampled_from([*SECRETS, " and ", "\n", "täsk-", '"', "\\", "é😀", "x"]), max_size=7)
    )
    text = " ".join(parts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=40)))
    return text, [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@settings(max_examples=150, deadline=None)
@given(spelled(), st.sampled_from([streamed, messaged]))
def test_deltas_and_whole_text_agree_however_a_secret_is_cut(given_text: tuple, record) -> None:  # type: ignore[no-untyped-def, type-arg]
    text, pieces = given_text
    events = [*(delta(piece) for piece in pieces), done(text)]
    kept = record(events, redactor())
    assert len(kept) == len(events)
    assert "".join(event["delta"] for event in kept[:-1]) == kept[-1]["text"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(), max_size=20))
def test_what_holds_no_secret_is_recorded_as_it_was(pieces: list[str]) -> None:
    events = [*(delta(piece) for piece in pieces), done("".join(pieces))]
    assert streamed(events, Redactor(rules=[(r"MARKED-[A-Z]+", "x")])) == events


def test_a_key_in_letters_gives_a_fake_of_the_same_letters_and_the_same_fake_elsewhere() -> None:
    events = [
        delta("Your key: "),
        *(delta(letter) for letter in KEY),
        delta(", keep it."),
        done(f"Your key: {KEY}, keep it."),
    ]
    kept = streamed(events, Redactor())
    assert [len(event["delta"]) for event in kept[:-1]] == [len(event["delta"]) for event in events[:-1]]
    assert kept[0] == events[0]
    assert kept[-2] == events[-2]
    fake = kept[-1]["text"].removeprefix("Your key: ").removesuffix(", keep it.")
    assert fake.startswith("sk-")
    assert "redacted" in fake


def test_a_key_in_a_calls_arguments() -> None:
    kind = "response.function_call_arguments"
    arguments = json.dumps({"api_key": "CANARY with blanks", "key": KEY, "city": "Paris"})
    events = [delta(arguments[at : at + 3], kind) for at in range(0, len(arguments), 3)]
    events.append({"type": f"{kind}.done", "output_index": 0, "content_index": 0, "arguments": arguments})
    for record in (streamed, messaged):
        kept = record(events, Redactor())
        assert "".join(event["delta"] for event in kept[:-1]) == kept[-1]["arguments"]
        assert json.loads(kept[-1]["arguments"])["city"] == "Paris"


TOLD_APART = [
    "Authorization: ApiKey CANARYYEBm49kTQG7Dr9xdpnU8ozy== and more, see below.\n",
    "Authorization: ApiKey CANARYYEBm49kTQG7Dr9xdpnU8ozy==\nHello there, friend of mine.\n",
    "Authorization: key=CANARY:CGujiV-1l_3wD4EXyxxTucfklVj and so on.\t\n",
    'API_TOKEN: Final[str] = "CANARYNoitLZQdOeT8B41ZlIt4E7yPE" and more.\n',
    "API_KEY: Optional[str] = 'CANARYNoitLZQdOeT8B41ZlIt4E7yPE'\n",
    "Run echo 'bob:sXsjCANARYGgyp3p' | chpasswd as root.\n",
    "Run printf %s CANARYjq6Ggyp3p | docker login -u bob --password-stdin && echo done.\n",
]
"""Texts whose secret the end of a line, a quote or a program behind it makes one."""


@pytest.mark.parametrize("step", [1, 3, 7])
@pytest.mark.parametrize("text", TOLD_APART)
def test_what_follows_a_secret_does_not_tell_the_deltas_from_the_whole(text: str, step: int) -> None:
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    kept = streamed([*map(delta, pieces), done(text)], Redactor())
    assert "".join(str(event["delta"]) for event in kept[:-1]) == kept[-1]["text"]
    assert "CANARY" not in str(kept[-1]["text"])


def test_two_answers_on_one_socket_are_two_texts() -> None:
    halves = KEY[:12], KEY[12:]
    events = [
        delta(f"first {halves[0]}", stream_id="a"),
        delta(f"second {halves[0]}", stream_id="b"),
        {"type": "response.output_text.annotation.added", "stream_id": "a", "output_index": 0},
        delta(halves[1], stream_id="b"),
        delta(halves[1], stream_id="a"),
        done(f"second {KEY}", stream_id="b"),
        done(f"first {KEY}", stream_id="a"),
    ]
    kept = messaged(events, Redactor())
    assert [event["type"] for event in kept] == [event["type"] for event in events]
    assert kept[0]["delta"] + kept[4]["delta"] == kept[6]["text"]
    assert kept[1]["delta"] + kept[3]["delta"] == kept[5]["text"]


def test_two_answers_whose_items_have_the_same_place_are_two_texts() -> None:
    halves = KEY[:12], KEY[12:]
    events = [
        *(delta(f"it is {halves[0]}", response_id=each) for each in ("resp_1", "resp_2")),
        *(delta(halves[1], response_id=each) for each in ("resp_1", "resp_2")),
        *(done(f"it is {KEY}", response_id=each) for each in ("resp_1", "resp_2")),
    ]
    kept = messaged(events, Redactor())
    assert kept[0]["delta"] + kept[2]["delta"] == kept[4]["text"]
    assert kept[1]["delta"] + kept[3]["delta"] == kept[5]["text"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_data_on_several_lines_is_one_text(end: str) -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, b"{}")
    writer.response(200, {"content-type": "text/event-stream"})
    lines = [
        'data: {"password":',
        'data: "CANARY0123456789",',
        f'data:"see":"{KEY[:12]}',
        f"data: {KEY[12:]}",
    ]
    writer.read("".join(line + end for line in [*lines, 'data: "}', ""]).encode())
    writer.end()
    assert b"CANARY" not in builder.bytes()
    assert KEY[15:].encode() not in builder.bytes()


def test_a_password_of_basic_is_known_without_its_base64() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    basic = base64.b64encode(b"bob:plain-CANARY-password").decode()
    writer.request("GET", "/v1/models", {"Proxy-Authorization": f"basic {basic}"})
    writer.response(407, {"content-type": "text/plain"})
    writer.body(b"bob and plain-CANARY-password do not fit")
    writer.end()
    assert b"CANARY" not in builder.bytes()
    assert b"bob and" in builder.bytes()


def test_a_credential_of_the_client_is_known_in_the_answer_letter_by_letter() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {"Authorization": "Bearer plain-CANARY-credential"}, b"{}")
    writer.response(200, {"content-type": "text/event-stream"})
    for letter in "It is plain-CANARY-credential.":
        writer.read(f"data: {json.dumps(delta(letter))}\n\n".encode())
    writer.end()
    text = "".join(event["delta"] for event in recorded(builder.bytes(), "event"))
    assert re.fullmatch(r"It is 001redactedx+\.", text)


def test_chat_completions_are_texts_too() -> None:
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": part}}, {"index": 1, "delta": {"content": part}}]}
        for part in (*KEY, " ")
    ]
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/chat/completions", {}, b"{}")
    writer.response(200, {"content-type": "text/event-stream"})
    for chunk in chunks:
        writer.read(f"data: {json.dumps(chunk)}\n\n".encode())
    writer.read(b"data: [DONE]\n\n")
    writer.end()
    assert b"CANARY" not in builder.bytes()
    kept = [json.loads(line) for line in builder.bytes().splitlines()]
    texts = [
        "".join(
            line["data"]["choices"][n]["delta"]["content"]
            for line in kept
            if line.get("k") == "event" and "data" in line
        )
        for n in (0, 1)
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) == len(KEY) + 1


def test_it_is_not_on_the_disk_for_a_moment_and_nothing_else_waits_long(tmp_path: Path) -> None:
    writer = CassetteWriter(tmp_path / "c.jsonl")
    lines = writer.line_writer()
    lines.open("/v1/responses")
    for number, letter in enumerate(f"Hello there. {KEY} is the key, CANDY is not. Good bye"):
        lines.recv(json.dumps(delta(letter)).encode())
        there = (tmp_path / "c.jsonl.partial").read_bytes()
        written = "".join(json.loads(line).get("data", {}).get("delta", "") for line in there.splitlines())
        assert "CAN" not in written.replace("CANDY", "").replace("CAND", "").replace(" CAN", "")
        if not 13 <= number <= 13 + len(KEY):
            assert number + 1 - len(written) <= 12
    lines.close("client", 1000)
    writer.commit()
    assert b"CANARY" not in (tmp_path / "c.jsonl").read_bytes()
    assert len(Cassette.load(tmp_path / "c.jsonl").lines) == 2 + number + 1


def test_a_stream_that_breaks_in_the_middle_of_a_secret_does_not_give_its_beginning_away() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, b"{}")
    writer.response(200, {"content-type": "text/event-stream"})
    for letter in "It is sk-proj-CANARY01":
        writer.read(f"data: {json.dumps(delta(letter))}\n\n".encode())
    writer.read(b'data: {"type":"response.output_text.delta","output_index":0,"delta":"CANARY2345')
    writer.abort("reset")
    assert b"CANARY" not in builder.bytes()
    assert len(Cassette.parse(builder.bytes()).lines) == 2 + len("It is sk-proj-CANARY01") + 1 + 1


def test_nor_does_half_a_frame() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses")
    writer.recv(json.dumps(delta("It is sk-")).encode())
    half = b'{"type":"response.output_text.delta","output_index":0,"delta":"CANARY2345'
    writer.unfinished([(b"\x01\x10", half[:16]), (b"\x80\x7e\x01\x00", half[16:])])
    writer.abort("reset")
    assert b"CANARY" not in builder.bytes()
    kinds = [json.loads(line).get("k") for line in builder.bytes().splitlines()]
    assert kinds == [None, "open", "recv", "part", "part", "abort"]


def test_a_text_without_an_end_is_not_held_for_ever() -> None:
    written: list[bytes] = []
    from ninelives.cassette import LineWriter

    writer = LineWriter(1, written.append, Redactor(), lambda: 0.0)
    writer.open("/v1/responses")
    held = 0
    for number in range(1, 300):
        writer.recv(json.dumps(delta("sk-" + "a" * 97)).encode())
        held = max(held, number - len(written) + 1)
    assert 160 < held < 170


TURNED = [
    re.compile(rb"ab(?:cd)?e+?f*$"),
    re.compile(rb"(?i)\bPIN[: ]*\d{4}\b"),
    re.compile(rb"(?:x|yz(?=1)){2,3}1"),
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TURNED), st.data())
def test_no_match_begins_before_what_was_called_decided(
    pattern: re.Pattern[bytes], data: st.DataObject
) -> None:
    words = [*SECRETS, "abcde", "abef", "PIN: 1234", "xyz1", "yzyz1", " ", "x", "1"]
    text = "".join(data.draw(st.lists(st.sampled_from(words), max_size=4))).encode()
    cut = data.draw(st.integers(0, len(text)))
    decided = Pattern(pattern.pattern, pattern.flags).undecided(text[:cut], 0)
    for match in pattern.finditer(text):
        assert not match.start() < cut < match.end() or decided <= match.start()
