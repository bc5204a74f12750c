"""The arrows between the rooms: who may import whom, and no circle inside a part."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docs.house_imports import PARTS, imports, modules
from tests.effort import HANG

FORBIDDEN = {
    "mock_openai": {"pipecat", "openai", "websockets", "pipecat_responses", "ninelives", "pytest"},
    "pipecat_responses": {"mock_openai", "ninelives", "aiohttp", "pytest"},
    "ninelives": set(),
}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_imports_only_what_it_may_know(part: str) -> None:
    strays = [
        f"{module} imports {name}"
        for module, path in modules(part)
        for name in sorted(imports(path, module))
        if name.split(".")[0] in FORBIDDEN[part]
    ]
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_no_part_has_a_circle_of_imports(part: str) -> None:
    known = dict(modules(part))
    # Importing a.b.c runs a and a.b first, but only what a file names is its own arrow.
    arrows = {
        name: {found for found in imports(path, name, top_level_only=True) if found in known} - {name}
        for name, path in known.items()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for target in sorted(arrows[name]):
            walk(target, (*trail, name))
        done.add(name)

    for name in known:
        walk(name, ())


@pytest.mark.parametrize(
    ("package", "blocked"),
    [
        (
            "mock_openai",
            "pipecat openai websockets ninelives pipecat_responses pytest syrupy vcr redis trustme "
            "watchfiles",
        ),
        ("ninelives", "pipecat openai websockets pipecat_responses redis dask"),
        ("ninelives.plugin", "pipecat openai websockets pipecat_responses redis dask"),
        ("ninelives.cassette", "pipecat openai websockets pipecat_responses redis dask"),
        ("pipecat_responses", "mock_openai ninelives pytest syrupy vcr redis"),
    ],
)
def test_a_part_imports_alone(package: str, blocked: str) -> None:
    program = (
        "import sys\n"
        f"blocked = set({blocked!r}.split())\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in blocked:\n"
        "            raise ModuleNotFoundError(f'{name} is not installed here', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        f"import {package}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
