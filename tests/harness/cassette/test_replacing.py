"""Whoever writes a cassette anew keeps its mode and the links that lead to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from mock_openai import MockServer, reply
from ninelives.cassette import Cassette, CassetteError, CassetteWriter, Redactor
from ninelives.cassette.convert import convert
from ninelives.cassette.replacing import write_whole
from ninelives.cassette.scrub import scrub
from ninelives.cli import _run
from ninelives.recorder import Recorder
from openai import AsyncOpenAI

KEY = b"sk-proj-" + b"Ab3dEf6hIj9lMn2pQr5t" * 2


def record(path: Path, *, extend: bool = False, redactor: Redactor | None = None) -> None:
    with CassetteWriter(path, extend=extend, redactor=redactor) as writer:
        lines = writer.line_writer()
        lines.request("POST", "/v1/responses", body=b'{"input": "My key is %b."}' % KEY)
        lines.response(200, {"content-type": "application/json"})
        lines.body(b'{"id": "resp_1"}')
        lines.end()
        open_as = stat.S_IMODE(writer.partial.stat().st_mode)
        assert open_as == mode(path) if path.exists() else open_as == 0o644


def spoilt(path: Path) -> Path:
    """Puts a recording with a key in it there."""
    kept = path.stat().st_mode if path.exists() else None
    record(path, redactor=Redactor.off())
    assert KEY in path.read_bytes()
    assert kept in (None, path.stat().st_mode)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def by_command(*arguments: object) -> None:
    assert _run([str(one) for one in arguments]) in (None, 0)


WAYS: dict[str, Callable[[Path], object]] = {
    "record": record,
    "record more": lambda path: record(path, extend=True),
    "scrub": lambda path: scrub(spoilt(path)),
    "ninelives scrub": lambda path: by_command("scrub", spoilt(path)),
    "convert": lambda path: convert(spoilt(path.with_name("other.jsonl")), path),
    "ninelives convert": lambda path: by_command("convert", spoilt(path.with_name("other.jsonl")), path),
}
FORMATS = {"convert": (".jsonl", ".yaml", ".har")}
CASES = [(way, suffix) for way in WAYS for suffix in FORMATS.get(way, (".jsonl",))]


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("wanted", [0o600, 0o640, 0o664, 0o400])
@pytest.mark.parametrize(("way", "suffix"), CASES)
def test_the_mode_stays_and_links_stay(
    tmp_path: Path, way: str, suffix: str, wanted: int, linked: bool
) -> None:
    real = path = tmp_path / f"a{suffix}"
    if linked:
        real = tmp_path / "elsewhere" / f"b{suffix}"
        real.parent.mkdir()
        (tmp_path / "link").symlink_to(os.path.relpath(real, tmp_path))
        path.symlink_to("link")
    record(real.with_suffix(".jsonl"))
    real.with_suffix(".jsonl").rename(real)
    real.chmod(wanted)
    WAYS[way](path)
    assert mode(real) == wanted
    assert path.is_symlink() is linked
    assert path.samefile(real)
    assert KEY not in real.read_bytes()
    assert not [left for left in tmp_path.rglob("*") if left.suffix in (".tmp", ".partial")]


@pytest.mark.parametrize(("mask", "wanted"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path: Path, mask: int, wanted: int) -> None:
    os.umask(mask)
    recorded = tmp_path / "a.jsonl"
    with CassetteWriter(recorded) as writer:
        writer.line_writer().request("GET", "/v1/models")
    convert(recorded, tmp_path / "b.jsonl")
    assert [mode(path) for path in (recorded, tmp_path / "b.jsonl")] == [wanted, wanted]


async def test_the_recorder_writes_through_a_link_that_leads_to_nothing_yet(tmp_path: Path) -> None:
    link, real = tmp_path / "talk.jsonl", tmp_path / "kept" / "talk.jsonl"
    link.symlink_to(real)
    async with MockServer([reply("Hello.")]) as server, Recorder(server.base_url, link) as proxy:
        await AsyncOpenAI(base_url=proxy.base_url, api_key="any").responses.create(model="gpt-4o", input="hi")
        assert real.with_name("talk.jsonl.partial").exists()
    assert link.is_symlink()
    assert len(Cassette.load(real)) == 1


def test_links_in_a_circle_are_one_line(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.symlink_to(two)
    two.symlink_to(one)
    for write in (record, lambda path: convert(spoilt(tmp_path / "other.jsonl"), path)):
        with pytest.raises(CassetteError, match="symbolic links that form a loop"):
            write(one)


def test_two_recordings_by_a_link_and_by_its_file_are_told_apart(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(real)
    with CassetteWriter(real) as writer:
        writer.open()
        with pytest.raises(CassetteError, match="the lock of another recording"):
            CassetteWriter(link).open()


def test_containers_that_share_a_folder_do_not_share_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes in two of them may have the same id, and write the same file at the same moment."""
    path, real = tmp_path / "report.html", os.replace

    def replace(*paths: Path) -> None:
        monkeypatch.setattr(os, "replace", real)
        write_whole(path, b"the other container's, and longer")
        real(*paths)

    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(os, "replace", replace)
    write_whole(path, b"ours")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"report.html": b"ours"}
