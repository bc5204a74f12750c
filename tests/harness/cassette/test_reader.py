"""A cassette that cannot be read says so in one line: where, what is there, what should be, and how to
fix it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ninelives.cassette import Cassette, CassetteError, CassetteWarning

from tests.effort import calls_of

HEADER = b'{"ninelives":1,"recorded":"2026-11-24T09:00:00Z","upstream":"https://api.openai.com","tool":"t"}\n'
REQUEST = b'{"t":0,"c":1,"k":"request","method":"POST","path":"/v1/responses","body":{"model":"m"}}\n'
RESPONSE = b'{"t":3,"c":1,"k":"response","status":200,"headers":{"content-type":"text/event-stream"}}\n'
EVENT = b'{"t":4,"c":1,"k":"event","data":{"type":"response.created","response":{"id":"resp_1"}}}\n'
END = b'{"t":9,"c":1,"k":"end"}\n'


def refusal(tmp_path: Path, data: bytes, name: str = "a.jsonl") -> CassetteError:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(CassetteError) as caught:
        Cassette.load(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    assert "found" in text
    assert "expected" in text
    return caught.value


def test_a_cassette_is_a_list_of_exchanges(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEADER + REQUEST + RESPONSE + EVENT + END)
    cassette = Cassette.load(path)
    assert cassette.header.upstream == "https://api.openai.com"
    (exchange,) = cassette.exchanges
    assert (exchange.method, exchange.path, exchange.status, exchange.line) == (
        "POST",
        "/v1/responses",
        200,
        2,
    )
    assert exchange.body == {"model": "m"}
    assert [(timed.at, timed.event.type) for timed in exchange.events] == [(0.004, "response.created")]
    assert exchange.response_id == "resp_1"
    assert exchange.ending == "end"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match=r"no such file.*ninelives record"):
        Cassette.load(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"", 1, "empty line"),
        (b"interactions:\n- request: {}\n", 1, "ninelives convert"),
        (b'{"ninelives":2}\n', 1, "format version 2"),
        (HEADER + REQUEST + b'{"t":1,"c":1,"k":"evnt"}\n' + END, 3, "evnt"),
        (HEADER + REQUEST + b'{"t":"soon","c":1,"k":"end"}\n', 3, "correct or remove the field"),
        (HEADER + b'{"c":1,"k":"end"}\n', 2, "missing required field"),
        (HEADER + REQUEST + RESPONSE + b"<<<<<<< HEAD\n" + EVENT + END, 4, "<<<<<<< HEAD"),
        (HEADER + REQUEST + RESPONSE + EVENT[:30], 4, "the line is incomplete"),
        (HEADER + REQUEST + b'{"t":1,"c":1,"k":"event","data":{"type":"\xff"}\n', 3, "one JSON object"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, data: bytes, line: int, says: str) -> None:
    error = refusal(tmp_path, data)
    assert error.line == line
    assert says in str(error)


def test_an_error_text_never_carries_a_secret(tmp_path: Path) -> None:
    error = refusal(tmp_path, HEADER + b'{"k":"x","key":"sk-canary0123456789"\n')
    assert "canary" not in str(error)


def test_the_partial_of_a_crash_may_end_in_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.partial"
    path.write_bytes(HEADER + REQUEST + RESPONSE + EVENT + EVENT[:30])
    with pytest.warns(CassetteWarning, match="last line is incomplete"):
        cassette = Cassette.load(path)
    (exchange,) = cassette.exchanges
    assert len(exchange.events) == 1
    assert exchange.ending == "reset"
    assert not exchange.complete


def test_carriage_returns_and_blank_lines_of_an_editor_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes((HEADER + b"\n" + REQUEST + RESPONSE + EVENT + END).replace(b"\n", b"\r\n"))
    (exchange,) = Cassette.load(path).exchanges
    assert exchange.line == 3
    assert exchange.answer is not None
    assert exchange.answer.startswith(b"event: response.created\ndata: {")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (HEADER + REQUEST.replace(b'"t":0', b'"note":{"by":"me"},"t":0') + RESPONSE + END, 2),
        (HEADER.replace(b"{", b'{"note":1,', 1) + REQUEST + RESPONSE + END, 1),
    ],
)
def test_a_field_that_nobody_knows_is_named_and_not_dropped(data: bytes, line: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    with pytest.raises(CassetteError, match=rf"a.jsonl:{line}.*unknown field `note`.*remove the field"):
        Cassette.load(path)


def test_a_newer_version_with_more_fields_is_told_by_its_version(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"ninelives":9,"recorded":"2030-01-01T00:00:00Z","note":1}\n' + REQUEST)
    with pytest.raises(CassetteError, match="format version 9"):
        Cassette.load(path)


def test_twenty_thousand_events_load_in_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    delta = (
        b'{"t":4,"c":1,"k":"event","data":{"type":"response.output_text.delta","delta":" so",'
        b'"item_id":"msg_1","logprobs":[],"obfuscation":"abcdefghijklm","output_index":0,"sequence_number":4}}\n'
    )
    path.write_bytes(HEADER + REQUEST + RESPONSE + delta * 20_000 + END)
    # A few calls a line; `make bench-check` says how long they take.
    calls_of(lambda: Cassette.load(path), at_most=10 * 20_000)
    assert len(Cassette.load(path)) == 1


def test_the_old_name_of_an_errors_advice_still_works_and_says_the_new_one(tmp_path: Path) -> None:
    error = refusal(tmp_path, b"")
    with pytest.warns(DeprecationWarning, match=r"CassetteError\.mend is now called CassetteError\.fix"):
        assert error.mend == error.fix
