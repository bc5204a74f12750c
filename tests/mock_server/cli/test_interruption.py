"""Where a signal ends a program: never inside a task, a finalizer or a line that is being written.

Each program sends the signal to itself, so it comes at the same place every time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.effort import HANG

BEGINNING = """
    import asyncio, os, signal, sys, threading
    from mock_openai import interruption
    from mock_openai.interruption import (
        Interrupted, last_words, leave_if_interrupted, listen, raise_if_interrupted, handling_signals,
        uninterrupted,
    )

    def send(number=signal.SIGINT):
        os.kill(os.getpid(), number)

    def say(text):
        print(text, flush=True)

    interruption.LIMIT = 3600.0
    listen()
"""


def ran(program: str) -> tuple[int, list[str], str]:
    """Run a program; return its exit code, the lines that it printed, and what is on standard error."""
    text = textwrap.dedent(BEGINNING) + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=HANG)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_no_task_sees_the_signal_that_comes_while_it_runs() -> None:
    code, lines, errors = ran(
        """
        async def child():
            try:
                send()
                sum(range(1000))
                say("the child goes on")
                await asyncio.sleep(3600)
            except BaseException as error:
                say(f"the child: {type(error).__name__}")
                raise

        async def main():
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(child())
            except BaseException as error:
                say(f"the group: {type(error).__name__}")
                raise

        try:
            asyncio.run(main())
        except BaseException as error:
            say(type(error).__name__)
        leave_if_interrupted()
        """
    )
    assert (code, errors) == (130, "")
    expected = ["the child goes on", "the child: CancelledError", "the group: CancelledError", "Interrupted"]
    assert sorted(lines) == sorted(expected)
    assert lines[-1] == "Interrupted"


def test_no_task_can_swallow_it() -> None:
    code, lines, errors = ran(
        """
        async def main():
            while True:
                try:
                    send()
                    await asyncio.sleep(0)
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    return
                except BaseException:
                    say("swallowed")

        try:
            asyncio.run(main())
        finally:
            leave_if_interrupted()
        """
    )
    assert (code, lines, errors) == (130, [], "")


def test_in_a_finalizer_it_is_raised_again_outside() -> None:
    code, lines, errors = ran(
        """
        class Finalized:
            def __del__(self):
                send()
                sum(range(1000))

        try:
            Finalized()
            while True:
                threading.Event().wait(0.01)
        except Interrupted:
            say("interrupted")
        leave_if_interrupted()
        """
    )
    assert (code, lines, errors) == (130, ["interrupted"], "")


@pytest.mark.parametrize("where", ["alone", "loop"])
def test_what_is_uninterrupted_is_done_first(where: str) -> None:
    code, lines, errors = ran(
        f"""
        def write():
            with uninterrupted(), uninterrupted():
                send()
                sum(range(1000))
                say("written")
            say("not reached" if {where == "alone"} else "written")

        async def main():
            write()
            await asyncio.sleep(3600)

        try:
            write() if {where == "alone"} else asyncio.run(main())
        except Interrupted:
            say("interrupted")
        leave_if_interrupted()
        """
    )
    assert (code, errors) == (130, "")
    assert lines == ["written", *(["written"] if where == "loop" else []), "interrupted"]


def test_the_limit_does_not_cut_it_off() -> None:
    code, lines, _ = ran(
        """
        interruption.LIMIT = 0.0
        with uninterrupted():
            send()
            while threading.active_count() < 1 or len(sys._current_frames()) < 2:
                threading.Event().wait(0.001)  # until the thread that ends the process waits
            for _ in range(50):
                threading.Event().wait(0.001)
            say("written")
            send()  # the second ends at once
        """
    )
    assert (code, lines) == (130, ["written"])


@pytest.mark.parametrize("how", ["in order", "caught by others", "in time", "at the second"])
def test_last_words_are_said_once_however_it_ends(how: str) -> None:
    code, _, errors = ran(
        f"""
        how = {how!r}
        interruption.LIMIT = 0.0 if how == "in time" else 3600.0
        try:
            with last_words(lambda: "continue \\x1b[31m with this"):
                if how != "caught by others":
                    send()
                try:
                    if how == "caught by others":
                        send()
                    threading.Event().wait(3600)
                except Interrupted:
                    if how == "at the second":
                        send()
                    if how in ("in time", "at the second"):
                        threading.Event().wait(3600)
                    raise ValueError("as a consequence") from None
        except (Interrupted, ValueError):
            leave_if_interrupted()
        """
    )
    assert (code, errors) == (130, "continue ␛[31m with this\n")


def test_last_words_are_not_said_otherwise() -> None:
    assert ran("with last_words(lambda: 'continue'): say('done')") == (0, ["done"], "")


def test_they_do_not_wait_for_somebody_who_does_not_read() -> None:
    reading, writing = os.pipe()
    program = """
        os.set_blocking(2, False)
        try:
            while True:
                os.write(2, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(2, True)
        with last_words(lambda: "continue"):
            send()
        """
    text = textwrap.dedent(BEGINNING) + textwrap.dedent(program).replace(
        "with last", "try:\n    with last"
    ).replace("    send()\n", "        send()\nfinally:\n    leave_if_interrupted()\n")
    try:
        done = subprocess.run([sys.executable, "-c", text], stderr=writing, timeout=HANG)
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 130


@pytest.mark.parametrize("module", ["ninelives", "mock_openai"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_ends_well_while_it_is_being_imported(
    module: str, number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "typer.py").write_text(f"import os; os.kill(os.getpid(), {int(number)}); sum(range(1000))\n")
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_one_that_comes_while_the_interpreter_is_taken_down_changes_no_exit_code(number: str) -> None:
    code, lines, errors = ran(
        f"""
        class Last:
            def __del__(self, say=say, kill=os.kill, me=os.getpid(), number=signal.{number}):
                say("taken down")
                kill(me, number)

        last = Last()
        raise SystemExit(3)
        """
    )
    assert (code, lines, errors) == (3, ["taken down"], "")
