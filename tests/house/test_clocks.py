"""No test compares a clock with a number: how fast a machine is must not decide what passes.

Async tests run in virtual time (tests/conftest.py), where reading a clock is exact. Everywhere else a test
counts work (tests/effort.py), and its timeouts are `HANG`, which only ends what never ends.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import HANG

TESTS = Path(__file__).parents[1]
CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "getrusage"}
THE_SUBJECT = {"harness/virtual/test_clock.py", "harness/virtual/test_loop.py"}
"""Files that are about clocks themselves: they compare a clock with a clock, never with a number."""
WAITS = {
    "asyncio.timeout": 0,
    "asyncio.wait_for": 1,
    "check_output": None,
    "communicate": 1,
    "HTTPConnection": None,
    "join": 0,
    "result": 0,
    "run": None,
    "urlopen": 2,
    "wait": 0,
    "wait_procs": 1,
}
"""Calls that give up after seconds, given as `timeout=` or at this position."""


def _marks_of_a_file(tree: ast.Module) -> str:
    assigned = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    return "".join(text for text in map(ast.unparse, assigned) if text.startswith("pytestmark"))


def _calls_in_real_time(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls of a file outside async tests, and inside those marked `real_time`."""
    all_real = "real_time" in _marks_of_a_file(tree)
    for node in tree.body:
        real = all_real or not isinstance(node, ast.AsyncFunctionDef)
        if real or "real_time" in "".join(map(ast.unparse, node.decorator_list)):
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def _seconds(call: ast.Call, called: str) -> Iterator[float]:
    """The literal timeout of a call, if it has one."""
    position = WAITS.get(called, WAITS.get(called.rpartition(".")[2]))
    given = [key.value for key in call.keywords if key.arg == "timeout"]
    if position is not None:
        given += call.args[position : position + 1]
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
            yield value.value


def _complaints(source: str) -> Iterator[str]:
    for call in _calls_in_real_time(ast.parse(source)):
        called = ast.unparse(call.func)
        owner, _, name = called.rpartition(".")
        if called == "time.time" or (
            name.removesuffix("_ns") in CLOCKS and owner in ("", "time", "resource")
        ):
            yield f"line {call.lineno}: {called}() reads a clock; count work, or run in virtual time"
        if called in WAITS or name in WAITS:
            for seconds in _seconds(call, called):
                if seconds < HANG:
                    yield f"line {call.lineno}: {called} gives up after {seconds} s; use tests.effort.HANG"


@pytest.mark.parametrize(
    "source",
    [
        "def test_x():\n    began = time.perf_counter()\n",
        "def test_x():\n    began = monotonic_ns()\n",
        "@pytest.mark.real_time\nasync def test_x():\n    began = time.monotonic()\n",
        "pytestmark = pytest.mark.real_time\nasync def test_x():\n    began = time.time()\n",
        "def test_x():\n    process.wait(5)\n",
        "def test_x():\n    subprocess.run(command, timeout=20)\n",
        "def test_x():\n    async def story():\n        async with asyncio.timeout(5):\n            pass\n",
    ],
)
def test_a_clock_and_a_short_timeout_are_found(source: str) -> None:
    assert len(list(_complaints(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "async def test_x():\n    began = time.perf_counter()\n    await asyncio.wait_for(x, 0.3)\n",
        "def test_x():\n    subprocess.run(command, timeout=HANG)\n    p.wait(HANG)\n    ''.join(names)\n",
        "def test_x():\n    assert run(story()) == 30\n    time.sleep(0.1)\n",
    ],
)
def test_virtual_time_and_hang_guards_are_left_alone(source: str) -> None:
    assert list(_complaints(source)) == []


def test_no_test_compares_a_clock_with_a_number() -> None:
    found = [
        f"{path.relative_to(TESTS)} {complaint}"
        for path in sorted(TESTS.rglob("*.py"))
        if not {"node_modules", ".site"} & set(path.parts)
        and path.relative_to(TESTS).as_posix() not in THE_SUBJECT
        for complaint in _complaints(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)
