"""Files made to exhaust who reads them: each command says in one line what is wrong, or does its work."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mock_openai.files import RECORDING_SIZE, TooLarge, read_bytes
from ninelives.cassette import CassetteError, CassetteWarning, builder, coding
from ninelives.cassette.coding import CodingError, unpacked
from ninelives.cassette.convert import load
from ninelives.cli import main

HEADER = '{"ninelives":1,"recorded":"2026-11-24T09:00:00Z","upstream":"https://api.openai.com"}\n'


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def cassette(body: str, event: str = '{"type":"response.created"}') -> str:
    lines = (
        HEADER
        + '{"t":0,"c":1,"k":"request","method":"POST","path":"/v1/responses","headers":{},"body":BODY}\n'
        '{"t":1,"c":1,"k":"response","status":200,"headers":{"content-type":"text/event-stream"}}\n'
        '{"t":2,"c":1,"k":"event","data":EVENT}\n{"t":3,"c":1,"k":"end"}\n'
    )
    return lines.replace("BODY", body).replace("EVENT", event)


GOOD = cassette('{"model":"gpt-4o","input":"hi"}')
ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def bombs() -> Iterator[tuple[str, str]]:
    for depth in (150, 700, 950, 100_000):
        deep = nested(depth)
        yield f"body{depth}.jsonl", cassette('{"model":"gpt-4o","input":DEEP}'.replace("DEEP", deep))
        yield (
            f"output{depth}.jsonl",
            cassette(
                "{}",
                '{"type":"response.completed","response":{"output":[{"type":"x","a":DEEP}]}}'.replace(
                    "DEEP", deep
                ),
            ),
        )
        yield f"line{depth}.jsonl", HEADER + deep + "\n"
        yield f"header{depth}.jsonl", deep + "\n"
        yield f"nested{depth}.har", '{"log":{"version":"1.2","entries":DEEP}}'.replace("DEEP", deep)
        yield (
            f"exchange{depth}.json",
            '{"id":"a","request":{"body":DEEP},"response":{"body":DEEP}}'.replace("DEEP", deep),
        )
        yield f"vcr{depth}.yaml", f"interactions:\n- request: {deep}\n  response: {deep}\n"
    yield "aliases.yaml", ALIASES + "interactions: *j\n"
    yield "itself.yaml", "interactions: &a [*a]\n"
    yield "merged.yaml", "interactions: [&a {request: {<<: *a}}]\n"
    yield "day.yaml", "interactions: [2024-02-31]\n"
    yield "digits.yaml", f"interactions: [{'1' * 5000}]\n"
    yield "key.yaml", "interactions: [{[1]: 2}]\n"
    yield "binary.yaml", 'interactions: [{request: !!binary "%%%", response: 1}]\n'
    yield "object.yaml", "interactions: [!!python/object/apply:os.abort []]\n"
    yield "indent.jsonl", GOOD.replace('"hi"}}', '"hi"},"indent":2000000000}')
    yield "far.jsonl", GOOD.replace('"t":2,', '"t":99999999999999999999999,')


FILES = dict(bombs())


@pytest.mark.parametrize("name", FILES)
def test_no_file_breaks_a_command(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, good = tmp_path / name, tmp_path / "good.jsonl"
    path.write_text(FILES[name])
    good.write_text(GOOD)
    for arguments in (
        ["lint", path],
        ["show", path],
        ["show", "--raw", path],
        ["diff", path, good],
        ["convert", path, tmp_path / "made.jsonl"],
        ["convert", path, tmp_path / "made.har"],
    ):
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        said = capfd.readouterr()
        assert ended.value.code in (0, 1, 2)
        assert "Traceback" not in said.err
        if ended.value.code == 2:
            assert said.err.startswith("ninelives: ")
            assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("aliases.yaml", r"aliases.yaml:\d+: .*aliases counted in full"),
        ("itself.yaml", "itself.yaml:1: .*contains itself"),
        ("vcr100000.yaml", "vcr100000.yaml:2: .*levels of nesting"),
    ],
)
def test_the_bound_is_named(name: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FILES[name])
    with pytest.raises(CassetteError, match=why):
        load(path)


def test_a_scenario_is_read_within_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(ALIASES)
    with pytest.raises(SystemExit) as ended:
        main(["verdict", "ninelives.commands:none", "--scenario-file", str(path)])
    assert ended.value.code == 2
    assert "aliases counted in full" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:20] + b"x" * 9 + data[29:]])
def test_a_damaged_gzip_is_one_line(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "vcr.yaml"
    path.write_bytes(damage(gzip.compress(b"interactions: [a, b, c, d, e, f, g, h]\n")))
    with pytest.raises(CassetteError, match="gzip that cannot be read"):
        load(path)


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(TooLarge, match="larger than 1 MiB"):
        read_bytes(Path("/dev/zero"), 2**20)
    assert RECORDING_SIZE >= 2**28


def har(*bodies: bytes, coding: str = "gzip", kind: str = "application/json") -> str:
    entries = [
        {
            "startedDateTime": "2026-11-24T09:00:00Z",
            "request": {"method": "POST", "url": "https://api.openai.com/v1/responses", "headers": []},
            "response": {
                "status": 200,
                "headers": [
                    {"name": "content-type", "value": kind},
                    {"name": "content-encoding", "value": coding},
                ],
                "content": {"text": base64.b64encode(body).decode(), "encoding": "base64"},
            },
        }
        for body in bodies
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def test_the_bodies_of_a_file_expand_to_a_limit_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coding, "EXPANDED", 2**20)
    path = tmp_path / "many.har"
    bodies = [gzip.compress(b'{"a":"%s"}' % (b"a" * 400_000))] * 4
    path.write_text(har(*bodies))
    with pytest.warns(CassetteWarning, match=r"entry [34]: .* expand to more than 1 MiB") as warned:
        kept = [exchange.answer for exchange in load(path).exchanges]
    assert len(warned) == 2
    assert [body == bodies[0] for body in kept] == [False, False, True, True]


def test_a_body_has_few_codings() -> None:
    with pytest.raises(CodingError, match="100000 content codings, of 8 at most"):
        unpacked(b"x", ", ".join(["gzip"] * 100_000), 2**20)


def test_members_of_gzip_are_read_in_a_time_that_grows_with_them() -> None:
    whole = gzip.compress(b"{") + gzip.compress(b"") * 20_000 + gzip.compress(b"}")
    copied, inflating = 0, zlib.decompressobj

    class Inflating:  # counts what zlib copies: the rest behind each member
        def __init__(self, window: int) -> None:
            self._real = inflating(window)

        def __getattr__(self, name: str) -> object:
            nonlocal copied
            value = getattr(self._real, name)
            copied += len(value) if name == "unused_data" else 0
            return value

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(zlib, "decompressobj", Inflating)
        assert unpacked(whole, "gzip", 2**20) == b"{}"
    assert copied < 20_000 * 2**15


def test_a_stream_of_more_events_than_are_converted_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "LINES", 1000)
    path = tmp_path / "comments.har"
    path.write_text(har(gzip.compress(b":\n\n" * 5_000), kind="text/event-stream"))
    with pytest.raises(CassetteError, match=r"comments.har: .*requests, answers and events"):
        load(path)
