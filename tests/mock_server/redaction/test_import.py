"""What an import of the server pays for redaction, which many processes never do."""

import subprocess
import sys

from tests.effort import HANG

COUNT = """
import sys
import aiohttp.web, msgspec, yaml
calls = 0
def note(frame, event, argument):
    global calls
    calls += event == "call" and frame.f_globals.get("__name__", "").startswith(("re.", "sre_"))
sys.setprofile(note)
import mock_openai.server
sys.setprofile(None)
print(calls)
"""


def test_the_large_patterns_are_compiled_only_when_something_is_searched() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, timeout=HANG
    )
    assert int(done.stdout) <= 180_000  # 141,000; with the largest patterns it was 256,000
