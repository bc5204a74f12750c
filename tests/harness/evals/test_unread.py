"""What Pipecat's reader leaves out of a file is one line; Pipecat itself is asked what it reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ninelives.cli import _run
from ninelives.evals.files import cases
from ninelives.evals.unread import mistyped, remarks

from tests.harness.evals.stage import BOT, FILES
from tests.terminal import run_here

GOOD = """name: good
usual: &usual {within_ms: 3000}
judge:
  eval: {service: ollama, model: gemma4, whatever: {it: takes}}
scenarios:
  - name: scripted
    stop_on_failure: true
    context: [{role: user, content: Hi, anything: goes}]
    turns:
      - user: "Weather?"
        expect:
          - {event: response, <<: *usual, within_ms: 2000}
          - event: function_call
            calls: [{name: get_weather, args: {city: Paris, within_ms: 3}}]
      - dtmf: "1#"
        send_after: {event: response, delay_ms: 10}
  - name: simulated
    persona: A person.
    goal: The weather.
    success: They know it.
    runs: 2
    max_turns: 3
    metrics: [{name: polite, criterion: It is polite., min_score: 0.5}]
"""


def said(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "evals.yaml"
    path.write_text(text)
    return [each.replace(f"{tmp_path}/", "") for each in remarks([path])]


def test_nothing_is_said_of_files_that_pipecat_reads_whole(tmp_path: Path) -> None:
    assert said(tmp_path, GOOD) == []
    assert list(remarks([FILES])) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("within_ms: 2000", "withn_ms: 2000", "'withn_ms' (line 12)"),
        ("send_after:", "send_aftr:", "'send_aftr' (line 16; did you mean 'send_after'?)"),
        ("delay_ms: 10", "event: x", "'event' (line 16; it appears twice, and the last one counts)"),
        ('user: "W', 'usr: "W', "'usr' (line 10; did you mean 'user'?)"),
        ("args: {", "arg: {", "'arg' (line 14; did you mean 'args'?)"),
        ("stop_on_failure", "stop_on_failures", "'stop_on_failures' (line 7)"),
        ("max_turns", "turns_max", "'turns_max' (line 22)"),
        ("min_score", "min_scor", "'min_scor' (line 23; did you mean 'min_score'?)"),
        ("  eval: {", "  evla: {", "'evla' (line 4; did you mean 'eval'?)"),
        ("    runs: 2", "    stop_on_failure: true", "'stop_on_failure' (line 21)"),
        ("usual: &usual {", "usual: &usual {until_ms: 1, ", "'until_ms' (line 2)"),
        ("judge:", "juge:", "'juge' (line 3)"),
    ],
)
def test_a_key_that_pipecat_ignores_is_named_with_its_line(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    text = GOOD.replace(right, wrong, 1)
    if "send_aftr" in wrong:
        text = text.replace("- dtmf", "- user")
    assert said(tmp_path, text) == [f"evals.yaml: Pipecat ignores {told}"]


def test_a_key_in_several_merged_mappings_is_named_once(tmp_path: Path) -> None:
    text = GOOD.replace("usual: &usual {", "usual: &usual {witin_ms: 1, ").replace(", within_ms: 2000}", "}")
    assert "".join(said(tmp_path, text)).count("witin_ms") == 1


def test_an_included_file_and_a_suite_have_their_own_lines(tmp_path: Path) -> None:
    (tmp_path / "judge.yaml").write_text("\nmodalty: audio\n")
    (tmp_path / "evals.yaml").write_text(GOOD.replace("judge:", "judge: !include judge.yaml\nother:"))
    (tmp_path / "bot.py").touch()
    suite = tmp_path / "suite.yaml"
    suite.write_text("scenarios_dir: .\nrepaet: 2\nsuite: [{bot: bot.py, nme: b, scenarios: [evals]}]\n")
    assert sorted(each.replace(f"{tmp_path}/", "") for each in remarks([suite])) == [
        "evals.yaml: Pipecat ignores 'other' (line 4)",
        "judge.yaml: Pipecat ignores 'modalty' (line 2; did you mean 'modality'?)",
        "suite.yaml: Pipecat ignores 'repaet' (line 2; did you mean 'repeat'?), "
        "'nme' (line 3; did you mean 'name'?)",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("within_ms: 2000", "within_ms: fast", "12: 'within_ms' must be a whole number, and this is text"),
        (
            "within_ms: 2000",
            "text_contains: 21",
            "12: 'text_contains' must be text, and this is a whole number",
        ),
        (
            "args: {city: Paris, within_ms: 3}",
            "args: Paris",
            "14: 'args' must be a mapping, and this is text",
        ),
    ],
)
def test_a_value_that_fails_only_when_it_is_played_is_an_error_before(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    (tmp_path / "evals.yaml").write_text(GOOD.replace(right, wrong))
    ran = run_here(_run, ("eval", "evals.yaml", "--bot", BOT), columns=200, cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr == f"ninelives: evals.yaml:{told}\n"
    assert list(mistyped(FILES / "weather.yaml")) == []
    (tmp_path / "evals.yaml").write_text(GOOD.replace("within_ms: 2000", "within_ms: 2000.5"))
    assert list(mistyped(tmp_path / "evals.yaml")) == []
    (tmp_path / "evals.yaml").write_text(
        GOOD.replace("within_ms: 2000", "within_ms: 2000.5, text_contains: 1")
    )
    assert "'text_contains' must be text" in "".join(mistyped(tmp_path / "evals.yaml"))


def test_a_folder_of_recordings_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    ran = run_here(_run, ("eval", "x", "--bot", BOT, "--recordings", "none"), columns=200, cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr == "ninelives: --recordings none: there is no such folder; --record makes it\n"


def test_the_command_says_it_and_plays(tmp_path: Path) -> None:
    turn = 'user: "Hello.", expect: [{event: response, withn_ms: 5}]'
    (tmp_path / "evals.yaml").write_text(f"name: a\nscenarios: [{{name: b, turns: [{{{turn}}}]}}]\n")
    ran = run_here(_run, ("eval", "evals.yaml", "--bot", BOT), columns=200, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert ran.stderr.strip() == (
        "evals.yaml: Pipecat ignores 'withn_ms' (line 2; did you mean 'within_ms'?)"
    )


def test_a_file_decides_how_often_it_is_played(tmp_path: Path) -> None:
    """As with `pipecat eval`: a simulation's `runs`, a suite's `repeat`, and `--repeat` before both."""
    (tmp_path / "evals.yaml").write_text(GOOD)
    assert [each.attempts for each in cases([tmp_path / "evals.yaml"], BOT)] == [1, 2]
    (tmp_path / "bot.py").touch()
    suite = tmp_path / "suite.yaml"
    listed = "scenarios_dir: .\nsuite: [{bot: bot.py, scenarios: [evals]}]\n"
    suite.write_text(listed)
    assert [each.attempts for each in cases([suite], None)] == [1, 2]
    suite.write_text(f"repeat: 3\n{listed}")
    assert [each.attempts for each in cases([suite], None)] == [3, 3]

    turn = 'user: "Hello.", expect: [{event: response}]'
    (tmp_path / "hello.yaml").write_text(f"name: a\nscenarios: [{{name: b, turns: [{{{turn}}}]}}]\n")
    bot = BOT.rpartition(":")[0]
    suite.write_text(f"scenarios_dir: .\nrepeat: 2\nsuite: [{{bot: {bot}, scenarios: [hello]}}]\n")
    for more, times in (([], 2), (["--repeat", "1"], 1)):
        ran = run_here(_run, ("eval", "suite.yaml", "--json", "r.json", *more), columns=200, cwd=tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert len(json.loads((tmp_path / "r.json").read_text())) == times
