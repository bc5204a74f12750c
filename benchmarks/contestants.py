"""The servers that run beside each other: ours, aimock, and the bare one; each a process of its own."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.turns import DELTAS, EVENTS, HANDSHAKE, PIECE, Load, reply_text

ROOT = Path(__file__).parents[1]
AIMOCK = "@copilotkit/aimock@1.43.0"
AIMOCK_HOME = ROOT / "benchmarks" / ".aimock"
_START_LIMIT = 15.0


@dataclass(slots=True)
class Contestant:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    began: float = 0.0
    """Seconds from its start until it took connections."""

    @property
    def cpu(self) -> float:
        """Seconds of processor time it has used so far, its threads included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Megabytes that it holds in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ours(work: Path, *, rules: int = 1, options: tuple[str, ...] = ()) -> Contestant:
    """Start our server, everything switched on, with a script of so many rules; those wanted stand last."""
    script = work / f"script-{rules}.json"
    replies: list[dict[str, object]] = [
        {"when": {"user": f"^something else {number}$"}, "reply": [{"text": "No."}]}
        for number in range(rules - 1)
    ]
    replies += [
        {"when": {"user": f"{prompt}$"}, "reply": [{"text": reply_text(prompt), "deltas": DELTAS[prompt]}]}
        for prompt in DELTAS
    ]
    script.write_text(json.dumps({"replies": replies}))
    command = [sys.executable, "-m", "mock_openai", "serve", "--script", str(script), *options]
    return start("ninelives", [*command, "--port"])


def aimock(work: Path) -> Contestant | str:
    """Start aimock, installed on first use; a reason when that cannot be."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return "node and npm are not installed here"
    program = AIMOCK_HOME / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    if not program.exists():
        AIMOCK_HOME.mkdir(exist_ok=True)
        command = [npm, "install", "--silent", "--no-save", "--prefix", str(AIMOCK_HOME), AIMOCK]
        if subprocess.run(command, capture_output=True).returncode or not program.exists():
            return f"npm could not install {AIMOCK}"
    fixtures = work / "fixtures.json"
    answers = [
        {"match": {"userMessage": prompt}, "response": {"content": reply_text(prompt)}} for prompt in DELTAS
    ]
    fixtures.write_text(json.dumps({"fixtures": answers}))
    command = [node, str(program), "-f", str(fixtures), "-c", str(len(PIECE)), "--log-level", "silent"]
    return start("aimock", [*command, "--host", "127.0.0.1", "--port"])


def bare(work: Path, model: Contestant) -> Contestant:
    """Start the bare server with answers that the model gives."""
    answers = {
        (load.way, load.prompt): _answer(model.port, load)
        for load in (Load(way, prompt, 1) for way in ("sse", "json", "ws") for prompt in EVENTS)
    }
    kept = work / "answers.pickle"
    kept.write_bytes(pickle.dumps(answers))
    return start("bare", [sys.executable, "-m", "benchmarks.bare"], str(kept))


def ask(server: Contestant, load: Load, seconds: float) -> dict[str, float]:
    """Let a client of its own process ask a server; processor time of the server is counted too."""
    before = server.cpu
    command = [
        sys.executable,
        "-m",
        "benchmarks.load",
        json.dumps(asdict(load)),
        str(server.port),
        str(seconds),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{server.name}, {load.way}: {done.stderr.strip().splitlines()[-1]}")
    result: dict[str, float] = json.loads(done.stdout)
    return {**result, "cpu": server.cpu - before}


def _answer(port: int, load: Load) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as talk:
        if load.way == "ws":
            talk.sendall(HANDSHAKE)
            _read(talk, b"\r\n\r\n")
            talk.sendall(load.request())
            return _read(talk, b'"metadata":{}},"sequence_number":%d}' % (load.events - 1))
        talk.sendall(load.request())
        return _read(talk, b"\r\n0\r\n\r\n" if load.way == "sse" else b'"metadata": {}\n}')


def _read(talk: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        more = talk.recv(1 << 20)
        if not more:
            raise SystemExit(f"the server hung up after {data[-200:]!r}")
        data += more
    return data


def start(name: str, command: list[str], *more: str) -> Contestant:
    """Start a server whose command ends with its port and what else there is; waits until it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(port), *more], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while time.perf_counter() - began < _START_LIMIT:
        if process.poll() is not None:
            raise SystemExit(f"{name} ended with status {process.returncode} instead of listening")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.005)
            continue
        return Contestant(name, port, process, time.perf_counter() - began)
    process.kill()
    raise SystemExit(f"{name} did not listen within {_START_LIMIT:.0f} s")
