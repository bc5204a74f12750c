"""`ninelives diff`, `lint` and `scrub`: what changed in a recording, and whether it may be committed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ninelives.cli import _run

CASSETTES = Path(__file__).parents[3] / "cassettes"
TALK = CASSETTES / "weather_over_sse.jsonl"
KEY = "sk-" + "proj-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c"


def ninelives(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = _run([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def edited(path: Path, old: str, new: str) -> Path:
    text = TALK.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_recording_does_not_differ_from_itself(capsys) -> None:
    code, out, _ = ninelives(capsys, "diff", TALK, TALK, "--exit-code")
    assert code == 0
    assert out.startswith("no difference")


def test_other_ids_are_no_difference(capsys, tmp_path: Path) -> None:
    text = TALK.read_text(encoding="utf-8")
    root = next(word for word in text.split('"') if word.startswith("resp_"))[5:21]
    other = edited(tmp_path / "other.jsonl", root, root[::-1])
    assert ninelives(capsys, "diff", TALK, other, "--exit-code")[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "kind", "shown"),
    [
        ('"delta":" sunny"', '"delta":" rainy"', "wording", ("said", "rainy in Paris")),
        ('"What is the weather in Paris?"', '"In Rome?"', "requests", ("input[2].content", "'In Rome?'")),
        ('"logprobs":[],"obf', '"obf', "structure", ("fields of response.output_text.delta", "logprobs")),
        ("response.in_progress", "response.in_a_hurry", "structure", ("events", "in_a_hurry")),
    ],
)
def test_each_kind_of_change_is_told_apart(capsys, tmp_path: Path, old, new, kind, shown) -> None:
    other = edited(tmp_path / "other.jsonl", old, new)
    code, out, _ = ninelives(capsys, "diff", TALK, other, "--exit-code")
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines() if not line.startswith(" ")] == [kind]
    assert all(word in out for word in shown)
    assert ninelives(capsys, "diff", TALK, other)[0] == 0


def test_a_slower_answer_is_a_change_of_timing_and_nothing_else(capsys, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in TALK.read_text(encoding="utf-8").splitlines()]
    slow = tmp_path / "slow.jsonl"
    for line in lines[1:]:
        line["t"] *= 3
        if "cuts" in line:
            line["cuts"] = [[offset, t * 3] for offset, t in line["cuts"]]
    slow.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    code, out, _ = ninelives(capsys, "diff", TALK, slow, "--exit-code")
    assert code == 1
    assert "timing:" in out
    assert "first word" in out


def test_an_exchange_that_is_gone_is_named(capsys, tmp_path: Path) -> None:
    lines = TALK.read_text(encoding="utf-8").splitlines(keepends=True)
    last = json.loads(lines[-1])["c"]
    short = tmp_path / "short.jsonl"
    short.write_text("".join(line for line in lines if f'"c":{last},' not in line), encoding="utf-8")
    code, out, _ = ninelives(capsys, "diff", TALK, short, "--exit-code")
    assert code == 1
    assert "Thank you, goodbye." in out
    assert "+ nothing" in out


def test_our_own_cassettes_may_be_committed(capsys) -> None:
    code, out, _ = ninelives(capsys, "lint", CASSETTES)
    assert code == 0
    assert out == "no problems in 6 cassettes\n"


def test_a_secret_is_found_without_being_shown_and_scrubbed(capsys, tmp_path: Path) -> None:
    leaky = edited(tmp_path / "leaky.jsonl", "What is the weather in Paris?", f"My key is {KEY}.")
    code, out, _ = ninelives(capsys, "lint", leaky)
    assert code == 1
    assert f"{leaky}:" in out
    assert "a secret" in out
    assert KEY not in out
    code, out, _ = ninelives(capsys, "scrub", leaky)
    assert code == 0
    assert "changed" in out
    assert KEY not in leaky.read_text(encoding="utf-8")
    assert ninelives(capsys, "lint", leaky)[0] == 0


def test_scrubbing_a_clean_file_leaves_it_as_it_is(capsys, tmp_path: Path) -> None:
    clean = Path(shutil.copy(TALK, tmp_path / "clean.jsonl"))
    assert ninelives(capsys, "scrub", clean) == (0, f"{clean}: nothing to scrub\n", "")
    assert clean.read_bytes() == TALK.read_bytes()


def test_scrubbing_a_folder_says_what_it_leaves(capsys, tmp_path: Path) -> None:
    leaky = edited(tmp_path / "leaky.jsonl", "What is the weather in Paris?", f"My key is {KEY}.")
    other = tmp_path / "recorded.yaml"
    other.write_text(f"interactions:\n- request: {{body: 'My key is {KEY}'}}\n", encoding="utf-8")
    (tmp_path / "workflow.yaml").write_text("jobs: {}\n", encoding="utf-8")
    code, out, _ = ninelives(capsys, "scrub", tmp_path)
    assert code == 0
    assert f"{leaky}: 3 lines changed" in out
    assert f"{other}: left as it is" in out
    assert "workflow" not in out


def test_lint_of_a_folder_reads_what_plays_and_passes_over_other_yaml(capsys, tmp_path: Path) -> None:
    assert ninelives(capsys, "convert", TALK, tmp_path / "a.yaml")[0] == 0
    assert ninelives(capsys, "convert", TALK, tmp_path / "b.har")[0] == 0
    (tmp_path / "workflow.yaml").write_text("jobs: {resources: {requests: 1}}\n", encoding="utf-8")
    code, out, _ = ninelives(capsys, "lint", tmp_path)
    assert (code, out) == (0, "no problems in 2 cassettes\n")
    code, out, _ = ninelives(capsys, "lint", tmp_path / "workflow.yaml")
    assert code == 1
    assert "unreadable: found YAML or JSON that is not a recording; check what the file is" in out


@pytest.mark.parametrize(("name", "told"), [(".", "no cassette"), ("missing.jsonl", "no such file")])
@pytest.mark.parametrize("command", ["lint", "scrub"])
def test_what_is_not_there_is_one_line(capsys, tmp_path: Path, command: str, name: str, told: str) -> None:
    code, out, err = ninelives(capsys, command, tmp_path / name)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert told in err


@pytest.mark.parametrize(
    "interactions", ["7", "[1, 2]", "[{request: {uri: 5}}]", "[{request: {}, response: {}}]"]
)
def test_yaml_that_is_not_vcrpys_is_one_line(capsys, tmp_path: Path, interactions: str) -> None:
    source = tmp_path / "broken.yaml"
    source.write_text(f"interactions: {interactions}\nversion: 1\n")
    code, out, err = ninelives(capsys, "convert", source, tmp_path / "out.jsonl")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("port", ["99999", "x", "0"])
def test_an_upstream_without_a_real_port_is_one_line(capsys, tmp_path: Path, port: str) -> None:
    cassette = tmp_path / "talk.jsonl"
    code, _, err = ninelives(
        capsys, "record", "--upstream", f"http://h:{port}", "--cassette", cassette, "true"
    )
    assert code == 2
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_nobody_is_told_to_put_an_empty_file_over_a_good_cassette(capsys, tmp_path: Path) -> None:
    cassette = Path(shutil.copy(TALK, tmp_path / "talk.jsonl"))
    code, out, err = ninelives(capsys, "record", "--cassette", cassette, "false")
    assert code == 1
    assert "is unchanged" in out + err
    assert "mv " not in out + err
    assert cassette.read_bytes() == TALK.read_bytes()


def test_lint_knows_from_a_report_which_recordings_no_test_used_and_speaks_json(
    capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("used.jsonl", "half.jsonl", "never.jsonl"):
        shutil.copy(TALK, tmp_path / name)
    report = {"cassettes": {"used.jsonl": {"used": [1, 2, 3, 4]}, "half.jsonl": {"used": [1, 2]}}}
    Path("usage.json").write_text(json.dumps(report), encoding="utf-8")
    assert ninelives(capsys, "lint", "used.jsonl", "--usage", "usage.json")[0] == 0
    code, out, _ = ninelives(capsys, "lint", ".", "--usage", "usage.json", "--older-than", 3650, "--json")
    assert code == 1
    told = json.loads(out)
    assert told["files"] == 3
    assert [(each["path"], each["kind"], each["level"]) for each in told["problems"]] == [
        ("half.jsonl", "unused", "error"),
        ("half.jsonl", "unused", "error"),
        *[("never.jsonl", "unused", "error")] * 4,
    ]
    code, _, err = ninelives(capsys, "lint", ".", "--usage", "half.jsonl")
    assert (code, err.count("\n")) == (2, 1)
    assert "pytest --cassette-report FILE" in err
    assert ninelives(capsys, "lint", TALK, "--older-than", 0)[0] == 1


def test_the_same_conversation_over_the_other_transport_is_no_difference(capsys, tmp_path: Path) -> None:
    socket = CASSETTES / "weather_over_websocket.jsonl"
    assert ninelives(capsys, "diff", TALK, socket, "--exit-code")[0] == 0
    other = tmp_path / "other.jsonl"
    text = socket.read_text(encoding="utf-8")
    assert "What is the weather in Paris?" in text
    other.write_text(text.replace("What is the weather in Paris?", "In Rome?"), encoding="utf-8")
    code, out, _ = ninelives(capsys, "diff", TALK, other, "--exit-code")
    assert code == 1
    assert {line.split(":")[0] for line in out.splitlines() if not line.startswith(" ")} == {"requests"}
    assert "'In Rome?'" in out


def test_what_else_is_a_secret_the_command_line_says(capsys, tmp_path: Path) -> None:
    path = edited(
        tmp_path / "a.jsonl", "Hello, who is this?", "I am eve@example.com, +49 170 1234567, ACME-77"
    )
    ours = ("--emails", "--phones", "--redact", r"ACME-\d+")
    assert ninelives(capsys, "lint", path)[0] == 0
    code, out, _ = ninelives(capsys, "lint", path, *ours)
    assert code == 1
    assert all(f"a secret ({kind})" in out for kind in ("email", "phone", "rule"))
    assert ninelives(capsys, "scrub", path, *ours)[0] == 0
    assert ninelives(capsys, "lint", path, *ours)[0] == 0
    text = path.read_text(encoding="utf-8")
    assert not any(secret in text for secret in ("eve@", "1234567", "ACME-77"))
    for wrong in ("[", "x*", "red"):
        code, _, err = ninelives(capsys, "lint", path, "--redact", wrong)
        assert (code, err.count("\n")) == (2, 1)
