"""A recording loses at most the line that was being written, and never harms the cassette that was there
before.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ninelives.cassette import Cassette, CassetteError, CassetteWarning, CassetteWriter, Redactor


def record(writer: CassetteWriter, path: str = "/v1/responses/resp_1") -> None:
    lines = writer.line_writer()
    lines.request("GET", path)
    lines.response(200, {"content-type": "application/json"})
    lines.body(b"{}")
    lines.end()


def test_a_recording_takes_the_place_of_the_old_one_only_when_it_ended_well(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("the old one")
    with CassetteWriter(path, upstream="https://api.openai.com", origin="a test") as writer:
        record(writer)
        assert path.read_text() == "the old one"
        assert len(Cassette.load(writer.partial)) == 1  # readable while it grows
    cassette = Cassette.load(path)
    assert (cassette.header.upstream, cassette.header.origin) == ("https://api.openai.com", "a test")
    assert len(cassette) == 1
    assert not writer.partial.exists()


def test_an_exception_leaves_the_old_one_untouched_and_the_partial_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("the old one")
    writer = CassetteWriter(path)
    with pytest.raises(KeyboardInterrupt), writer:  # noqa: PT012
        record(writer)
        raise KeyboardInterrupt
    assert path.read_text() == "the old one"
    assert len(Cassette.load(writer.partial)) == 1


def test_kill_9_loses_at_most_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("the old one")
    program = (
        "import sys, itertools\n"
        "from ninelives.cassette import CassetteWriter\n"
        "writer = CassetteWriter(sys.argv[1])\n"
        "lines = writer.line_writer()\n"
        "lines.request('POST', '/v1/responses')\n"
        "lines.response(200, {'content-type': 'text/event-stream'})\n"
        "for number in itertools.count():\n"
        '    lines.read(b\'data: {"type":"x","n":%d}\\n\\n\' % number)\n'
        "    if number == 100: print('go', flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CassetteWarning)
        (exchange,) = Cassette.load(path.with_name("a.jsonl.partial")).exchanges
    assert path.read_text() == "the old one"
    numbers = [timed.event.data for timed in exchange.events]
    assert len(numbers) > 100
    assert numbers == [b'{"type":"x","n":%d}' % number for number in range(len(numbers))]


def test_two_recordings_cannot_write_one_cassette(tmp_path: Path) -> None:
    first, second = CassetteWriter(tmp_path / "a.jsonl"), CassetteWriter(tmp_path / "a.jsonl")
    record(first)
    with pytest.raises(CassetteError, match="another recording"):
        record(second)
    first.commit()
    record(second)  # the first has ended: now it may
    second.commit()
    assert len(Cassette.load(tmp_path / "a.jsonl")) == 1


def test_the_partial_of_a_crash_is_put_aside_by_the_next_recording(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        writer = CassetteWriter(tmp_path / "a.jsonl")
        record(writer, f"/v1/responses/{name}")
        writer.abandon()
    writer = CassetteWriter(tmp_path / "a.jsonl")
    record(writer)
    assert writer.aside == tmp_path / "a.jsonl.3.partial"
    writer.commit()
    assert len(Cassette.load(tmp_path / "a.jsonl")) == 1
    for number, name in enumerate(("one", "two", "three"), 1):
        (exchange,) = Cassette.load(tmp_path / f"a.jsonl.{number}.partial").exchanges
        assert exchange.path == f"/v1/responses/{name}"


@pytest.mark.parametrize("left", [b"", b'{"ninelives":1}\n', b'{"ninel'])
def test_a_partial_in_which_nothing_was_recorded_is_not_kept(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "a.jsonl.partial").write_bytes(left)
    with CassetteWriter(tmp_path / "a.jsonl") as writer:
        record(writer)
    writer = CassetteWriter(tmp_path / "a.jsonl", extend=True)
    writer.open()
    writer.abandon()
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_extending_keeps_what_was_recorded_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for name in ("one", "two", "three"):
        with CassetteWriter(path, extend=True) as writer:
            record(writer, f"/v1/responses/{name}")
    exchanges = Cassette.load(path).exchanges
    assert [exchange.path.rpartition("/")[2] for exchange in exchanges] == ["one", "two", "three"]
    assert len({exchange.connection for exchange in exchanges}) == 3
    assert [exchange.began for exchange in exchanges] == sorted(exchange.began for exchange in exchanges)


def test_a_recording_without_any_traffic_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("the old one")
    with CassetteWriter(path):
        pass
    assert path.read_text() == "the old one"


def test_a_recording_that_was_spoiled_is_not_kept(tmp_path: Path) -> None:
    writer = CassetteWriter(tmp_path / "a.jsonl")
    record(writer)
    writer.fail("the disk is full")
    with pytest.raises(CassetteError, match="the disk is full"):
        writer.commit()
    assert not writer.path.exists()
    assert writer.partial.exists()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CassetteError, match="folder that can be written"):
        record(CassetteWriter(tmp_path / "file" / "a.jsonl"))


def test_hooks_see_what_is_written_and_may_change_or_drop_it(tmp_path: Path) -> None:
    from ninelives.cassette import RecordedRequest

    def request(asked: RecordedRequest) -> RecordedRequest | None:
        if asked.path.endswith("/drop"):
            return None
        asked.uri += "?seen=1"
        return asked

    def response(answer: dict[str, dict[str, bytes]]) -> dict[str, dict[str, bytes]]:
        answer["body"]["string"] = answer["body"]["string"].replace(b"{}", b'{"changed":true}')
        return answer

    redactor = Redactor(before_record_request=request, before_record_response=response)
    with CassetteWriter(tmp_path / "a.jsonl", redactor=redactor) as writer:
        record(writer, "/v1/responses/drop")
        record(writer, "/v1/responses/keep")
    (exchange,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert exchange.path == "/v1/responses/keep?seen=1"
    assert exchange.answer == b'{"changed":true}'


def test_the_old_names_of_the_line_writer_still_work_and_say_the_new_one(tmp_path: Path) -> None:
    import ninelives.cassette as package

    with pytest.warns(DeprecationWarning, match=r"cassette\.Track is now called .*LineWriter"):
        assert package.Track is package.LineWriter
    writer = CassetteWriter(tmp_path / "a.jsonl")
    with pytest.warns(DeprecationWarning, match=r"CassetteWriter\.track is now called .*line_writer"):
        assert isinstance(writer.track(), package.LineWriter)
    writer.abandon()


@pytest.mark.parametrize("why", [KeyboardInterrupt, CassetteError])
def test_a_recording_that_cannot_begin_leaves_nothing(why: type[BaseException], tmp_path: Path) -> None:
    class Interrupted(Redactor):
        def text(self, data: bytes, **how: bool) -> bytes:
            raise KeyboardInterrupt

    path = tmp_path / "a.jsonl"
    path.write_text("no cassette, so nothing can be added to it\n" if why is CassetteError else "")
    redactor = Interrupted() if why is KeyboardInterrupt else None
    writer = CassetteWriter(path, upstream="http://x", extend=why is CassetteError, redactor=redactor)
    for _ in range(2):
        with pytest.raises(why):
            writer.open()
        assert list(tmp_path.iterdir()) == [path]
    with CassetteWriter(path, upstream="http://x"):  # nobody holds a lock
        pass
