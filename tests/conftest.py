"""What every test of this project shares: async tests run in virtual time."""

from __future__ import annotations

import gc
import inspect
import logging
import os
import signal
from collections.abc import Generator

# httpx2 imports its transport only when it first needs it, and then keeps a table of that module's
# exceptions. A test that runs pytest inside pytest gives `sys.modules` back as it was, so a first import
# in there would leave the table with the classes of a module that nobody else sees.
import httpcore2  # noqa: F401
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from ninelives.virtual import VirtualTimeError

pytest_plugins = ["pytester"]

# What a machine is set to is nothing to a test: colors that are wanted even in a pipe, and a proxy for what
# goes to this machine itself.
for _name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(_name, None)
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, [os.environ.get(_name), "127.0.0.1", "localhost"]))

# Started in the background of a script, a process ignores Ctrl-C, and so do those that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SEARCH = bool(os.environ.get("NINELIVES_SEARCH"))
"""Whether property-based tests draw other examples in each run (`make search`) or always the same ones."""

# No limit on the time of an example, or of drawing it: both would fail on a slow machine.
settings.register_profile(
    "ninelives",
    deadline=None,
    derandomize=not SEARCH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ninelives")

# Hypothesis tries the constants of the modules that are imported, too. Which these are depends on the tests
# that a worker happens to run, so the same test would draw other examples in each run.
if not SEARCH:
    _none = providers.Constants()
    providers._get_local_constants = lambda: _none


# What is imported and collected stays until the end, so no garbage collection has to look at it: neither
# while it grows nor in a test that collects garbage itself.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Collect garbage from now on, but only of what the tests make."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def logging_stays_on() -> Generator[None, None, None]:
    """Undo what a command that was run inside this process did to logging, which is the process's own. A
    fixture of a whole module may have run it before this one.
    """
    logging.disable(logging.NOTSET)
    yield
    logging.disable(logging.NOTSET)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    """Mark async tests `virtual_time`, unless they or their module are marked `real_time`.

    In virtual time a pause, a timeout or a pace takes no time and ends at its very moment, so no machine is
    too slow for a test. Clocks read inside such a test are virtual too.
    """
    if not inspect.iscoroutinefunction(obj):
        return
    marks = {mark.name for mark in (*collector.iter_markers(), *getattr(obj, "pytestmark", []))}
    if not marks & {"real_time", "virtual_time"}:
        pytest.mark.virtual_time(obj)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what to do about an async test that waits for something its loop cannot see."""
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(VirtualTimeError):
        where = "Async tests of this project run in virtual time (tests/conftest.py)."
        advice = "If this one waits for another process or thread, mark it @pytest.mark.real_time."
        report.sections.append(("virtual time", f"{where} {advice}"))
    return report
