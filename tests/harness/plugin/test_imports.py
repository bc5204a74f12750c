"""`import ninelives` is cheap, and says what is missing."""

import subprocess
import sys


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_nothing_heavy_is_imported_until_it_is_used():
    done = python(
        "import sys, ninelives, ninelives.plugin\n"
        "heavy = {'pipecat', 'aiohttp', 'openai', 'asyncio', 'syrupy', 'mock_openai'} & set(sys.modules)\n"
        "assert ninelives.__version__ and not heavy, heavy\n"
        "from ninelives import VirtualLoop, Cassette, FrameSnapshotExtension\n"
        "assert 'pipecat' not in sys.modules\n"
    )
    assert done.returncode == 0, done.stderr


def test_a_bot_without_pipecat_names_the_extra():
    done = python("import sys\nsys.modules['pipecat'] = None\nfrom ninelives import Bot")
    assert done.returncode == 1
    assert (
        "ImportError: ninelives.Bot drives a Pipecat pipeline, and Pipecat is not installed here"
        in done.stderr
    )
    assert "pip install 'ninelives[pipecat]'" in done.stderr


def test_a_name_that_does_not_exist():
    done = python("import ninelives\nninelives.Bott")
    assert "AttributeError: module 'ninelives' has no attribute 'Bott'" in done.stderr
