"""What a bot prints while it is played never fails, and never reaches our own output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ninelives.bot.overheard import overheard

from tests.harness.cli.test_full_disk import no_file_beyond


def test_a_full_disk_is_no_error_of_what_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with no_file_beyond(10_000), overheard() as heard:
        print("It begins.")
        sys.stdout.flush()
        for _ in range(100):
            print("x" * 1_000)
            sys.stderr.write("y" * 1_000)
        sys.stdout.flush()
    assert set(heard.last) <= {"x", "y"}
    assert capfd.readouterr() == ("", "")


def test_the_last_line_is_kept_also_of_a_child(tmp_path: Path) -> None:
    with overheard() as heard:
        print("It begins.")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", "print('A child.')"], stdout=sys.stdout, check=True)
        assert heard.last == "A child."
        print("It ends.")
    assert heard.last == "It ends."
