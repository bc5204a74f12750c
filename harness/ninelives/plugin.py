"""The pytest plugin: fixtures, markers and options. Loaded in every run, so it imports very little.

Fixtures: `openai_server`, `bot`, `voice_call`, `cassette`, `cassette_config`, `frame_snapshot`. Markers:
`virtual_time`, `cassette(*paths)`. Options: `--cassette-mode`, `--cassette-warn-unused`,
`--cassette-report`, `--block-network`. The fixtures are plain objects that work in sync tests, under
pytest-asyncio and under anyio, and require none of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from ninelives.environment import around_proxies
from ninelives.fixtures import virtual_time
from ninelives.fixtures.scenario_tests import Survival
from ninelives.fixtures.usage import PROPERTY, Usage

if TYPE_CHECKING:
    from mock_openai.turn.pacing import Pace

    from ninelives.fixtures.bots import Bots, VoiceCalls
    from ninelives.fixtures.cassettes import CassetteFixture
    from ninelives.fixtures.evidence import Evidence
    from ninelives.fixtures.network import Guard
    from ninelives.fixtures.server import OpenAIServer

MODES = ("none", "once", "new_episodes", "rewrite", "all", "off")

_RECORDING = "recording"
"""The name of pytest-recording among pytest's plugins."""
_guard_key: pytest.StashKey[Guard] = pytest.StashKey()
_cassette_key: pytest.StashKey[CassetteFixture] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options and their ini keys."""
    if not pluginmanager.has_plugin("ninelives-survival"):
        pluginmanager.register(Survival(), "ninelives-survival")  # now, to see every conftest.py
    group = parser.getgroup("ninelives", "ninelives: voice bots on OpenAI's Responses API")
    group.addoption(
        "--cassette-mode",
        choices=MODES,
        default=None,
        help="What tests with a cassette do. none: only replay (default); once: record if there is none; "
        "new_episodes: replay what is there, record and add the rest; rewrite: record again; all: record "
        "again and keep it even if the test fails; off: no cassettes.",
    )
    group.addoption(
        "--cassette-warn-unused",
        action="store_true",
        default=False,
        help="Warn about recorded exchanges that no test used, instead of failing.",
    )
    group.addoption(
        "--cassette-report",
        metavar="FILE",
        default=None,
        help="Write a report of the used exchanges, for `ninelives lint --usage FILE`.",
    )
    # pytest-recording brings the same option, which then belongs to it (ninelives/fixtures/recording.py).
    if find_spec("pytest_recording") is None or pluginmanager.is_blocked(_RECORDING):
        group.addoption(
            "--block-network",
            action="store_true",
            default=None,
            help="Fail tests that connect beyond loopback, and name the address.",
        )
    for key in ("cassette_mode", "cassette-mode"):
        parser.addini(key, "Same as --cassette-mode.", default=None)
    for key in ("block_network", "block-network"):
        parser.addini(key, "Same as --block-network.", type="bool", default=False)
    parser.addini(
        "ninelives_strict",
        "Fail tests whose requests to openai_server match no rule.",
        type="bool",
        default=False,
    )
    parser.addini("ninelives_bot", "MODULE:FACTORY: play the scenarios against this bot.", default="")
    parser.addini("ninelives_scenarios", "Only scenarios with matching names, such as reset_*.", default="*")
    parser.addini(
        "ninelives_pace",
        "How fast the model's events are sent, in scenarios and by openai_server: instant, a pace file, ...",
        default="",
    )
    parser.addini(
        "ninelives_max_first_word",
        "Maximum time to the first sound in scenarios, such as 2s or 500ms.",
        default="",
    )
    parser.addini(
        "ninelives_max_dead_air", "Maximum silence in a turn in scenarios, such as 2s or 500ms.", default=""
    )
    parser.addini(
        "ninelives_voice",
        "true or false: call the bot with a voice in scenarios. Default: true if the bot has one.",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and block the network if that is wanted."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name, value in around_proxies().items():
        patch.setenv(name, value)
    virtual_time.register(config)
    config.addinivalue_line(
        "markers",
        "cassette(*paths, mode=None, **options): answer openai_server from recordings, by default "
        "cassettes/<module>/<test>.jsonl beside the test file; options as in cassette_config.",
    )
    if not hasattr(config, "workerinput"):
        options = config.option
        usage = Usage(config.rootpath, options.cassette_report, soft=bool(options.cassette_warn_unused))
        config.pluginmanager.register(usage, "ninelives-usage")
    _flag(config, "ninelives_strict")  # now, not only in the first test
    _pace(config)
    beside_recording = config.pluginmanager.has_plugin(_RECORDING)
    if beside_recording:
        from ninelives.fixtures import recording

        config.pluginmanager.register(recording, "ninelives-recording")
    asked = getattr(config.option, "block_network", False) and not beside_recording
    if asked or _flag(config, "block_network") or _flag(config, "block-network"):
        from ninelives.fixtures.network import Guard

        guard = config.stash[_guard_key] = Guard()
        guard.install()


def _flag(config: pytest.Config, name: str) -> bool:
    try:
        return bool(config.getini(name))
    except (pytest.UsageError, TypeError, ValueError) as error:
        raise pytest.UsageError(f"{name}: {error}; write true or false") from None


def _pace(config: pytest.Config) -> Pace | None:
    given = str(config.getini("ninelives_pace"))
    if not given:
        return None
    from mock_openai.turn.pacing import parse_pace

    try:
        return parse_pace(given, config.rootpath)
    except ValueError as error:
        raise pytest.UsageError(f"ninelives_pace: {error}") from None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Unblock the network."""
    guard = config.stash.get(_guard_key, None)
    if guard is not None:
        guard.remove()


# --- fixtures --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cassette_config() -> Mapping[str, Any]:
    """Options of every cassette. Override it, in any scope: `mode`, `redactor`, `matchers`, `ignore`, ..."""
    return {}


@pytest.fixture
def openai_server(
    request: pytest.FixtureRequest, cassette_config: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenAIServer]:
    """A mock OpenAI server: set its `script`, give `base_url` to a client, check `journal` afterwards.

    Works in sync and async tests. With a cassette it answers from the recording, or records. Once its URL was
    read (in a sync test: once a rule or a fault was added), clients without arguments (`AsyncOpenAI()`) reach
    it too, and need no key.
    """
    from ninelives.fixtures.server import OpenAIServer

    server = OpenAIServer(
        cassette=_cassette(request.node, cassette_config),
        virtual=virtual_time.is_virtual(request.node),
        plain=not inspect.iscoroutinefunction(request.function),
        strict=_flag(request.config, "ninelives_strict"),
        pace=_pace(request.config),
        environment=monkeypatch,
    )
    _evidence(request.node).servers.append(server)
    yield server
    server.close()
    if server.missed:
        from ninelives.fixtures.script_use import fail_on_refusals, warn_of_unused_rules

        fail_on_refusals([server])
        warn_of_unused_rules(server, request.node)


@pytest.fixture
def bot(request: pytest.FixtureRequest, openai_server: OpenAIServer) -> Bots:
    """Makes bots under test: `async with bot(service, tools=...) as user: turn = await user.say("...")`."""
    from ninelives.fixtures.bots import Bots

    bots = Bots(openai_server)
    _evidence(request.node).bots = bots.made
    return bots


@pytest.fixture
def voice_call(request: pytest.FixtureRequest, openai_server: OpenAIServer) -> VoiceCalls:
    """Calls a whole bot: `async with voice_call(run_bot, voice=...) as caller: await caller.say("...")`."""
    from ninelives.fixtures.bots import VoiceCalls

    calls = VoiceCalls(openai_server)
    _evidence(request.node).calls = calls.made
    return calls


@pytest.fixture
def cassette(
    request: pytest.FixtureRequest, openai_server: OpenAIServer, cassette_config: Mapping[str, Any]
) -> CassetteFixture:
    """This test's cassette, from which `openai_server` answers: its `path`, `mode`, `content`, `unused`."""
    cassette = _cassette(request.node, cassette_config)
    cassette.insert()
    return cassette


@pytest.fixture
def frame_snapshot(snapshot: Any) -> Any:
    """syrupy's `snapshot` for frames: `assert user.frames == frame_snapshot`, one readable line per frame."""
    from ninelives.frames.snapshot import FrameSnapshotExtension

    return snapshot.use_extension(FrameSnapshotExtension)


def _cassette(item: pytest.Item, config: Mapping[str, Any]) -> CassetteFixture:
    if _cassette_key not in item.stash:
        from ninelives.fixtures.cassette_settings import cassette_of

        item.stash[_cassette_key] = cassette_of(item, config)
    return item.stash[_cassette_key]


def _evidence(item: pytest.Item) -> Evidence:
    from ninelives.fixtures.evidence import evidence_of

    return evidence_of(item)


def _known_evidence(item: pytest.Item) -> Evidence | None:
    from ninelives.fixtures.evidence import known_evidence

    return known_evidence(item)


# --- reports ---------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tell the network guard which test runs."""
    guard = item.config.stash.get(_guard_key, None)
    if guard is None:
        return (yield)
    guard.test, guard.attempts = item.nodeid, []
    try:
        return (yield)
    finally:
        guard.test = "(between tests)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose strict server refused a request; in the call phase, so that it counts as any other
    failure. Of a test that is interrupted (Ctrl-C) there is no report: its recording is given up here.
    """
    try:
        result = yield
    except (KeyboardInterrupt, SystemExit):
        evidence = _known_evidence(item)
        for server in evidence.servers if evidence is not None else ():
            server.give_up_recording()
        raise
    evidence = _known_evidence(item)
    if evidence is not None and any(server.missed for server in evidence.servers):
        from ninelives.fixtures.script_use import fail_on_refusals

        fail_on_refusals(evidence.servers)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail tests that tried the network, add what happened to failures, and note what was not replayed."""
    report = yield
    guard = item.config.stash.get(_guard_key, None)
    if guard is not None and guard.attempts and report.failed:
        guard.attempts = []
    elif guard is not None and guard.attempts and report.passed and call.when in ("call", "teardown"):
        report.outcome = "failed"
        tried = ", ".join(guard.attempts)
        report.longrepr = f"{item.nodeid} passed, but tried to reach {tried} (--block-network)"
        guard.attempts = []
    if report.failed:
        from ninelives.fixtures.failed_report import attach, make_visible

        evidence = _known_evidence(item)
        for server in evidence.servers if evidence is not None else ():
            server.give_up_recording()  # now, because the loop may close before the fixture does
        if evidence is not None:
            make_visible(report)
            if call.when == "call":
                attach(evidence, item, report)
    elif call.when == "call" and not report.skipped:
        _note_usage(item, report)
    if report.passed and _known_evidence(item) is not None and _writes_output_down(item.config):
        from ninelives.fixtures.failed_report import redact_output

        redact_output(report)
    if call.when == "call" and not report.passed and (evidence := _known_evidence(item)) is not None:
        for server in evidence.servers:
            server.take_refused()  # the report has them; teardown need not
    return report


def _writes_output_down(config: pytest.Config) -> bool:
    """Whether what passing tests print is written to a file."""
    return bool(getattr(config.option, "xmlpath", None)) and config.getini("junit_logging") != "no"


def _note_usage(item: pytest.Item, report: pytest.TestReport) -> None:
    cassette = item.stash.get(_cassette_key, None)
    if cassette is not None and (usage := cassette.usage()):
        report.user_properties.append((PROPERTY, usage))
