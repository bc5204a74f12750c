"""The files that other people's machines read: workflows, hooks for pre-commit, the container."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.repository import files

from .conftest import A_HANG, ROOT, Newcomer

BY_SCHEMA = {
    "github-workflows": [".github/workflows/*.yml"],
    "github-actions": ["action.yml"],
    "dependabot": [".github/dependabot.yml"],
    "github-issue-forms": [".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/fidelity.yml"],
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "compose-spec": ["docker/compose.yaml"],
}
SECRET = "sk-proj-" + "Zq8Wv3Lm" * 4


@pytest.mark.parametrize("schema", BY_SCHEMA)
def test_the_files_of_a_service_are_as_its_schema_says(checkers: Path, tmp_path: Path, schema: str) -> None:
    files = [str(path) for pattern in BY_SCHEMA[schema] for path in sorted(ROOT.glob(pattern))]
    assert files
    said = Newcomer(tmp_path, checkers).types(
        f"check-jsonschema --builtin-schema vendor.{schema} {' '.join(files)}"
    )
    assert "ok" in said


def test_workflows_run_what_exists() -> None:
    targets = {
        line.split(":")[0] for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "##" in line
    }
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        for job in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values():
            choices = job.get("strategy", {}).get("matrix", {}).get("target", [])
            for step in job["steps"]:
                command, *words = step.get("run", "").split() or [""]
                if command == "make":
                    asked = choices if "matrix.target" in step["run"] else words
                    assert asked, step
                    assert set(asked) <= set(" ".join(targets).split()), step
                if command.startswith("."):
                    assert os.access(ROOT / command, os.X_OK), step


def test_pre_commit_refuses_a_recording_with_a_key(checkers: Path, tmp_path: Path) -> None:
    def newcomer(command: str, exit_code: int = 0) -> str:
        return Newcomer(tmp_path, checkers).types(command, exit_code=exit_code)

    # The hooks of the files as they are here, committed or not.
    copy = tmp_path / "hooks"
    for name in files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    commit = "git init -q && git add -A && git -c user.name=a -c user.email=a@example.com commit -qm x"
    newcomer(f"cd hooks && {commit}")
    project = tmp_path / "project"
    recorded = ["cassettes/talk.jsonl", "evals/recordings/weather/paris.jsonl"]
    kept = (ROOT / "cassettes").glob("*.jsonl")
    header, request, *rest = next(kept).read_text("utf-8").splitlines()
    asked = json.loads(request)
    asked["path"] += f"?note={SECRET}"
    for name in recorded:
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text("\n".join([header, json.dumps(asked), *rest]) + "\n", "utf-8")
    newcomer("cd project && git init -q && git add -A")
    hooks = "cd project && PRE_COMMIT_HOME=../store pre-commit try-repo ../hooks"
    for name in recorded:
        assert "secret" in newcomer(f"{hooks} ninelives-lint --files {name}", 1)
        newcomer(f"{hooks} ninelives-scrub --files {name}", 1)  # 1: it changed the file
        assert SECRET not in (project / name).read_text("utf-8")
        newcomer(f"{hooks} ninelives-lint --files {name}")


def test_the_dockerfile_is_without_complaint(checkers: Path) -> None:
    Newcomer(ROOT, checkers).types("hadolint docker/Dockerfile")


def test_the_image_is_built_of_what_its_context_has(bare: Path, tmp_path: Path) -> None:
    """The commands of the Dockerfile on the files that `.dockerignore` leaves; there need not be a Docker."""
    lines = (ROOT / "docker/Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    wheel, install = (line.removeprefix("RUN ") for line in lines if line.startswith("RUN") and "pip" in line)
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    context = tmp_path / "context"
    for name in files():
        kept = any(name.as_posix().startswith(each[1:] + "/") for each in ignored if each.startswith("!"))
        if kept or name.parts[0] not in ignored:
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_bytes((ROOT / name).read_bytes())
    wheels = str(tmp_path / "wheels")
    fresh = tmp_path / "image"
    subprocess.run([str(bare / "python"), "-m", "venv", str(fresh)], check=True, timeout=A_HANG)
    newcomer = Newcomer(context, fresh / "bin")
    newcomer.types(wheel.replace("/wheels", wheels))
    newcomer.types(re.sub(r"--mount=\S+ ", "", install).replace("/wheels", wheels))
    assert "mock-openai" in newcomer.types("mock-openai --version")
    newcomer.types("python -c 'import redis'")


def test_the_container_serves_and_is_found_healthy(bare: Path, tmp_path: Path) -> None:
    lines = (ROOT / "docker/Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()

    def words(instruction: str) -> list[str]:
        (line,) = (line for line in lines if line.startswith(instruction))
        listed: list[str] = json.loads(line[line.index("[") :])
        return listed

    assert any(line.startswith("USER 1") for line in lines)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [
        {"8080": port, "0.0.0.0": "127.0.0.1"}.get(word, word) for word in words("ENTRYPOINT") + words("CMD")
    ]
    server = subprocess.Popen([str(bare / command[0]), *command[1:]], cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert server.stdout.readline()
        probe = [word.replace("8080", port) for word in words("HEALTHCHECK")]
        subprocess.run([str(bare / probe[0]), *probe[1:]], check=True, timeout=A_HANG)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=A_HANG)


def test_the_action_serves_judges_and_keeps_the_page(installed: Path, tmp_path: Path) -> None:
    """Its steps as a runner takes them, one shell after the other."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = {
        "bot": "pipecat_responses:OpenAIResponsesLLMService",
        "serve": "true",
        "package": "",
        "port": port,
    }
    given |= {"arguments": "--scenario 'reset_in_*' --max-dead-air 20s"}
    inputs = {name: given.get(name, declared["default"]) for name, declared in action["inputs"].items()}
    assert given.keys() <= action["inputs"].keys()
    files = {name: tmp_path / name for name in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    newcomer = Newcomer(
        tmp_path,
        installed,
        {**{name: str(file) for name, file in files.items()}, "RUNNER_TEMP": str(tmp_path)},
    )

    def step(name: str) -> str:
        (found,) = (each for each in action["runs"]["steps"] if each["name"] == name)
        values = {
            key: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda hole: inputs[hole[1]], value)
            for key, value in found["env"].items()
        }
        return Newcomer(tmp_path, installed, {**newcomer.environment, **values}).types(
            found["run"] + ("\necho $server > server.pid" if name == "Serve" else "")
        )

    step("Serve")
    server = int((tmp_path / "server.pid").read_text())
    try:
        told = dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        assert told["OPENAI_BASE_URL"] == f"http://127.0.0.1:{port}/v1"
        newcomer.types(
            f"python -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/ready')\""
        )
    finally:
        os.kill(server, signal.SIGTERM)
    step("Verdict")
    assert {path.name for path in (tmp_path / "ninelives").iterdir()} == {"verdict.html", "verdict.xml"}
    assert "reset_in_mid_sentence" in (tmp_path / "ninelives" / "verdict.xml").read_text("utf-8")
    assert files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
