"""What Pipecat refuses is one line with its own words, the file and the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from ninelives.evals.disasters import chosen
from ninelives.evals.files import cases
from ninelives.usage_error import UsageError

from tests.harness.evals.stage import BOT, FILES

GOOD = """name: good
scenarios:
  - name: one
    turns:
      - user: "Hello."
        expect:
          - event: response
"""


def refusal(tmp_path: Path, text: str, bot: str | None = BOT) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as told:
        cases([path], bot)
    return str(told.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            GOOD.replace("event: response", "event: llm_response\n            marker: x"),
            8,
            "only applies to the 'llm_marker' event",
        ),
        (GOOD.replace("name: one\n", "nme: one\n"), 3, "needs a 'name:'"),
        (
            GOOD.replace(
                "          - event: response", "          - event: response\n            check_from: there"
            ),
            8,
            "check_from",
        ),
        (
            GOOD + "  - name: two\n    turns:\n      - user: Hi\n        send_after: {delay_ms: -1}\n",
            11,
            "delay_ms",
        ),
        (GOOD.replace("name: good", "title: good"), 1, "missing or invalid 'name:'"),
        (GOOD.replace("    turns:", "    turns: none\n    turn:"), 4, "turns"),
        (GOOD + "  - name: one\n    turns: [{user: Hi}]\n", 8, "duplicate scenario names"),
        ("name: bad\nscenarios: [}\n", 2, "not YAML"),
        ("- a list\n", 1, "top level must be a mapping"),
    ],
)
def test_a_file_that_pipecat_refuses(tmp_path: Path, text: str, line: int, words: str) -> None:
    told = refusal(tmp_path, text)
    assert told.startswith(f"bad.yaml:{line}: "), told
    assert words in told
    assert "\n" not in told


def test_a_file_that_includes_what_is_not_there(tmp_path: Path) -> None:
    told = refusal(tmp_path, GOOD + "judge: !include judge.yaml\n")
    assert "judge.yaml" in told
    assert "no such file" in told


def test_a_file_without_a_bot_and_a_place_without_files(tmp_path: Path) -> None:
    assert "--bot" in refusal(tmp_path, GOOD, bot=None)
    with pytest.raises(UsageError, match="no such file"):
        cases([tmp_path / "none.yaml"], BOT)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no \.yaml or \.yml"):
        cases([tmp_path / "empty"], BOT)


def test_a_folder_gives_its_scenarios_and_not_what_they_include(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD + "judge: !include judge.yml\n")
    (tmp_path / "judge.yml").write_text("modality: text\n")
    (found,) = cases([tmp_path], BOT)
    assert (found.name, found.line()) == ("good/one", 3)


def test_a_suite_names_its_bots(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(
        "scenarios_dir: .\nsuite:\n  - bot: bot.py\n    name: ours\n"
        "    runner_body: {data: {model: m}}\n    scenarios: [good]\n"
    )
    (tmp_path / "good.yaml").write_text(GOOD)
    with pytest.raises(UsageError, match=r"the bot bot\.py cannot be read"):
        cases([tmp_path / "suite.yaml"], None)
    (tmp_path / "bot.py").write_text("def run_bot(transport, runner_args): ...\n")
    (found,) = cases([tmp_path / "suite.yaml"], None)
    assert (found.title, found.body, found.bot) == (
        "ours: good/one",
        {"model": "m"},
        str(tmp_path / "bot.py"),
    )
    assert [each.name for each in cases([tmp_path], BOT)] == ["good/one"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, r"body\.yaml cannot be read"),
        (b"- [1\n", r"body\.yaml:2: this is not YAML"),
        (b"\xff", r"body\.yaml is not text in UTF-8"),
        (b"[" * 5000, r"body\.yaml"),
    ],
)
def test_a_file_of_runner_arguments_that_cannot_be_read_is_one_line(
    tmp_path: Path, text: bytes | None, reason: str
) -> None:
    (tmp_path / "suite.yaml").write_text(
        "scenarios_dir: .\nsuite:\n  - bot: bot.py\n    name: ours\n"
        "    runner_body: {path: body.yaml}\n    scenarios: [good]\n"
    )
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bot.py").write_text("def run_bot(transport, runner_args): ...\n")
    if text is not None:
        (tmp_path / "body.yaml").write_bytes(text)
    with pytest.raises(UsageError, match=reason):
        cases([tmp_path / "suite.yaml"], None)


def test_disasters_that_cannot_happen_in_an_eval_say_why() -> None:
    with pytest.raises(UsageError, match="no scenario is called 'nothing_like_it'"):
        chosen("nothing_like_it")
    with pytest.raises(UsageError, match="its caller interrupts"):
        chosen("interruption_*")
    assert len(chosen("*")) > 100
    assert FILES.is_dir()


def test_what_expects_events_of_sound_is_not_played_as_text(tmp_path: Path) -> None:
    spoken = GOOD.replace(
        "    turns:", "    user: {modality: audio, speech: {service: kokoro, voice: x}}\n    turns:"
    )
    (tmp_path / "a.yaml").write_text(spoken)
    (tmp_path / "b.yaml").write_text(spoken.replace("event: response", "event: user_started_speaking"))
    read, heard = (cases([tmp_path / name], BOT)[0] for name in ("a.yaml", "b.yaml"))
    assert (read.speaks, read.in_text().speaks) == (True, False)
    assert heard.in_text().speaks
