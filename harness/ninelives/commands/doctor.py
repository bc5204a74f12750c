"""`ninelives doctor`: checks whether everything works here, and says what to do about problems."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, metadata, requires, version
from typing import Literal

from rich.text import Text

from ninelives.commands.printing import output
from ninelives.commands.quiet import quiet
from ninelives.environment import around_proxies, proxies

State = Literal["good", "note", "bad"]
_MARKS: dict[State, tuple[str, str]] = {"good": ("✓", "green"), "note": ("·", "yellow"), "bad": ("✗", "red")}

HOUR = 3600.0
TRIED_WITH = "1.14"
"""The Pipecat that the services were measured against."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check."""

    what: str
    state: State
    detail: str
    advice: str = ""


def run() -> int:
    """Run all checks and print a line for each; return 1 if one failed."""
    quiet()
    console = output()
    findings = []
    for look in _LOOKS:
        for finding in look():
            findings.append(finding)
            mark, colour = _MARKS[finding.state]
            line = Text(f"{mark} ", style=colour).append(f"{finding.what:<16}", style="bold")
            console.print(line.append(finding.detail, style="none"))
            if finding.advice:
                console.print(Text(f"  {'':<16}{finding.advice}", style="dim"))
    bad = sum(finding.state == "bad" for finding in findings)
    console.print()
    if bad:
        console.print(f"{bad} problem{'s' * (bad != 1)} to fix.", style="red")
        return 1
    console.print("Everything works. Try `ninelives demo`.", style="green")
    return 0


def _python() -> Iterator[Finding]:
    here = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", "good", f"{here} on {sys.platform}")


def _packages() -> Iterator[Finding]:
    yield Finding("ninelives", "good", version("ninelives"))
    found = _version_of("pipecat-ai")
    if found is None:
        advice = "for Bot, the services and verdicts: pip install 'ninelives[pipecat]'"
        yield Finding(
            "Pipecat", "note", "not installed; the mock server and cassettes work without it", advice
        )
    elif not found.startswith(f"{TRIED_WITH}."):
        advice = f"the services were tested with {TRIED_WITH}: run your bot's tests before you rely on them"
        yield Finding("Pipecat", "note", found, advice)
    else:
        yield Finding("Pipecat", "good", found)
    for extra, package, what in (
        ("redis", "redis", "sharing memory between servers"),
        ("dask", "distributed", "running explore on a cluster"),
    ):
        found = _version_of(package)
        detail = found or f"not installed; only for {what}: pip install 'ninelives[{extra}]'"
        yield Finding(package, "good" if found else "note", detail)


def _requirements() -> Iterator[Finding]:
    """Compare the installed packages with those that ninelives and its used extras declare."""
    from packaging.requirements import Requirement  # which pytest brings

    declared = [Requirement(line) for line in requires("ninelives") or ()]
    extras = metadata("ninelives").get_all("Provides-Extra") or []
    groups: dict[str, list[Requirement]] = {}
    for each in declared:
        for extra in ("", *extras):
            if each.marker is None or each.marker.evaluate({"extra": extra}):
                groups.setdefault(extra, []).append(each)
                break
    fits = 0
    for extra, group in groups.items():
        found = {each.name: _version_of(each.name) for each in group}
        if extra and None in found.values():
            continue  # the extra is not used here
        for each in group:
            have = found[each.name]
            if have is not None and each.specifier.contains(have, prereleases=True):
                fits += 1
                continue
            what = f"{have} is installed" if have else "not installed"
            advice = f"pip install '{each.name}{each.specifier}'"
            yield Finding(each.name, "bad", f"{what}; ninelives needs {each.specifier}", advice)
    yield Finding("requirements", "good", f"{fits} packages have supported versions")


def _services() -> Iterator[Finding]:
    if _version_of("pipecat-ai") is None:
        return
    try:
        import pipecat_responses  # noqa: F401
    except Exception as error:  # whatever goes wrong, the user needs a readable line
        advice = (
            f"install Pipecat {TRIED_WITH}: pip install 'pipecat-ai=={TRIED_WITH}.*' 'ninelives[pipecat]'"
        )
        yield Finding("services", "bad", f"cannot be imported: {type(error).__name__}: {error}", advice)
    else:
        yield Finding("services", "good", "pipecat_responses can be imported")


def _plugin() -> Iterator[Finding]:
    if any(each.name == "ninelives" for each in entry_points(group="pytest11")):
        yield Finding("pytest plugin", "good", f"found by pytest {version('pytest')}")
    else:
        advice = "install the package instead of putting its folder on the path: pip install ninelives"
        yield Finding("pytest plugin", "bad", "pytest does not find it", advice)
    if _version_of("uvloop") is not None:
        detail = "installed; virtual time needs asyncio's own event loop, and refuses uvloop"
        yield Finding("uvloop", "note", detail)


def _server() -> Iterator[Finding]:
    """Test an hour of silence between two answers, in virtual time, over a real socket."""
    from ninelives.virtual import VirtualTimeError
    from ninelives.virtual import run as run_virtually

    began = time.perf_counter()
    try:
        answers = run_virtually(_two_answers())
    except (OSError, VirtualTimeError) as error:
        advice = "tests need a port on 127.0.0.1; check for a firewall, a sandbox or a proxy that blocks it"
        yield Finding("mock server", "bad", f"{type(error).__name__}: {error}", advice)
        return
    took = (time.perf_counter() - began) * 1000
    good = answers == [200, 200]
    detail = (
        f"answered twice over 127.0.0.1, an hour of virtual time apart, in {took:.0f} ms"
        if good
        else f"answered {answers}"
    )
    yield Finding("mock server", "good" if good else "bad", detail)


async def _two_answers() -> list[int]:
    import asyncio

    import aiohttp
    from mock_openai import MockServer

    asked = {"model": "gpt-4.1", "input": "Are you well?"}
    answers = []
    async with MockServer() as server, aiohttp.ClientSession() as session:
        for pause in (0.0, HOUR):
            await asyncio.sleep(pause)
            async with session.post(f"{server.base_url}/responses", json=asked) as answer:
                await answer.read()
                answers.append(answer.status)
    return answers


def _environment() -> Iterator[Finding]:
    if os.environ.get("OPENAI_API_KEY"):
        detail = "set; `ninelives record` and cassettes in mode once use it to call the real API"
        yield Finding("OPENAI_API_KEY", "note", detail)
    else:
        yield Finding("OPENAI_API_KEY", "good", "not set; offline tests do not need it")
    bypass = around_proxies()
    if bypass and not any("127.0.0.1" in os.environ.get(name, "") for name in bypass):
        detail = f"{proxies()[0]} is set, and NO_PROXY does not include 127.0.0.1"
        advice = "pytest and ninelives bypass it; for other clients set NO_PROXY=127.0.0.1,localhost"
        yield Finding("proxy", "note", detail, advice)


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


_LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _requirements,
    _services,
    _plugin,
    _server,
    _environment,
)
