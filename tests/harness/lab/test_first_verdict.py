"""The first verdict tells the truth about the first thing that is wrong with a bot."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pipecat  # noqa: F401  # greets when it is first imported
import pytest
from loguru import logger
from ninelives.cli import _run
from ninelives.commands import quiet

HEAD = """
import os
import sys

from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner
"""

BOT = """
{service}


class Filter(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        {filter}
        await self.push_frame(frame, direction)


async def run_bot(transport, runner_args):
    {start}
    stt = OpenAISTTService(api_key=os.environ["DEEPGRAM_API_KEY"])
    tts = OpenAITTSService(api_key=os.environ["CARTESIA_API_KEY"])
    llm = {made}
    context = LLMContextAggregatorPair(LLMContext())
    mouth = [tts, transport.output(), context.assistant()]
    worker = PipelineWorker(Pipeline([transport.input(), stt, Filter(), context.user(), llm, *mouth]))

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport, client):
        {connected}

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    {end}
"""

OURS = "from pipecat_responses import OpenAIResponsesLLMService"
PIPECATS = "from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService"


def bot(**parts: str) -> str:
    usual = {
        "service": OURS,
        "made": 'OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"])',
        "filter": "pass",
        "start": "pass",
        "connected": "pass",
        "end": "await runner.run()",
    }
    return HEAD + BOT.format(**{**usual, **parts})


@pytest.fixture(autouse=True)
def in_an_empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("pipecat", "pipecat_responses"):
        logger.disable(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(quiet, "quiet", lambda: None)  # the logging of this process is the test run's
    for name in (
        "OPENAI_API_KEY",
        "DEEPGRAM_API_KEY",
        "CARTESIA_API_KEY",
        "OPENAI_WS_URL",
        "OPENAI_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    yield
    for name in ("pipecat", "pipecat_responses"):
        logger.enable(name)


def ninelives(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str, str]:
    code = _run(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


def lines_of(path: Path, *parts: str) -> list[int]:
    """The numbers of the lines that hold these texts."""
    text = path.read_text().splitlines()
    return [next(number for number, line in enumerate(text, 1) if part in line) for part in parts]


def test_a_bot_needs_no_keys_and_its_prints_do_not_disturb(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bot.py").write_text(bot(start="print('starting'); print('oh', file=sys.stderr)"))
    code, out, err = ninelives(capsys, "verdict bot.py --scenario reset_in_mid_sentence")
    assert (code, err) == (0, "")
    assert "bot.py: every promise was kept in 1 scenario, called with a voice." in out
    assert "starting" not in out


def test_the_scenarios_of_several_patterns_are_played_once_each(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bot.py").write_text(bot())
    patterns = "--scenario idle_close_1011 --scenario idle_re* --scenario idle_close_*"
    code, out, err = ninelives(capsys, f"verdict bot.py --no-voice {patterns}")
    assert (code, err) == (0, "")
    found = [
        name for name in ("idle close 1011", "idle close as the user speaks", "idle reset") if name in out
    ]
    assert f"every promise was kept in {len(found)} scenarios" in out
    assert len(found) == 3
    code, _, err = ninelives(capsys, "verdict bot.py --scenario idle_close --scenario nothing_like_it")
    assert (code, "'nothing_like_it'" in err) == (2, True)


@pytest.mark.parametrize("command", ["verdict {} --scenario idle_*", "explore {} --runs 3 --jobs 1"])
@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"start": "os.environ['TENANT']"},
            "could not start: KeyError: 'TENANT' (bot.py:{}, in run_bot); set TENANT in",
        ),
        (
            {"start": "1 / 0"},
            "could not start: ZeroDivisionError: division by zero (bot.py:{}, in run_bot); run the bot",
        ),
        ({"start": "import flurble"}, "No module named 'flurble' (bot.py:{}, in run_bot); install flurble"),
        (
            {"start": "runner_args.body['to']"},
            "could not start: KeyError: 'to' (bot.py:{}, in run_bot); it reads runner_args.body, which is "
            "empty here: name a function that fills it",
        ),
        (
            {"start": "runner_args.body = {'to': 1}; 1 / runner_args.body.get('by', 0)"},
            "ZeroDivisionError: division by zero (bot.py:{}, in run_bot); run the bot",
        ),
        (
            {"start": "runner_args.body or {}; import flurble"},
            "No module named 'flurble' (bot.py:{}, in run_bot); install flurble",
        ),
        (
            {"start": "print('TENANT is missing'); sys.exit(1)"},
            "it called sys.exit(1), after it printed 'TENANT is missing' (bot.py:{}, in run_bot); set",
        ),
        (
            {"start": "open('prompt.txt')"},
            "'prompt.txt' (bot.py:{}, in run_bot); relative paths start at the working",
        ),
    ],
)
def test_a_bot_that_cannot_start_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, parts: dict[str, str], said: str
) -> None:
    (tmp_path / "bot.py").write_text(bot(**parts))
    (number,) = lines_of(tmp_path / "bot.py", parts["start"])
    code, out, err = ninelives(capsys, command.format("bot.py"))
    assert (code, out) == (2, "")
    assert err.startswith("ninelives: bot.py:run_bot could not start: ")
    assert said.format(number) in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            bot(end="return"),
            "bot.py:run_bot returned without running a pipeline; expected it to call",
        ),
        (
            bot(end="import asyncio; await asyncio.Event().wait()"),
            "bot.py:run_bot did not run a pipeline within 30 s",
        ),
        (
            "async def run_bot(transport, lead): ...",
            "bot.py:run_bot has the parameter 'lead', for which there is no value; expected base_url",
        ),
        ("def run_bot(transport): return 3", "run_bot returned a int; expected an LLM service"),
        (
            "def run_bot():\n    from pipecat.processors.filters.identity_filter import IdentityFilter\n"
            "    return [IdentityFilter()]",
            "bot.py:run_bot: this pipeline has no LLM service to listen to; it holds IdentityFilter;",
        ),
        (
            "from pipecat_responses import OpenAIResponsesLLMService\n"
            "class Mine(OpenAIResponsesLLMService):\n    def __init__(self, tenant, **more): ...",
            "Mine could not start: TypeError: Mine.__init__() missing 1 required positional argument: 'ten",
        ),
    ],
)
def test_what_runs_nothing_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "bot.py").write_text(text)
    code, out, err = ninelives(capsys, "verdict bot.py --scenario idle_close")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_part_that_blocks_in_mid_conversation_is_named(tmp_path: Path) -> None:
    """It blocks within an asyncio task, which swallows what interrupts it."""
    from ninelives.bot.start_failure import CouldNotStart
    from ninelives.lab.services import find_factory
    from ninelives.lab.undisturbed import play_first

    blocks = "if isinstance(frame, TranscriptionFrame): import time; time.sleep(3600)"
    (tmp_path / "bot.py").write_text(bot(filter=blocks))
    factory = find_factory("bot.py")
    with pytest.raises(CouldNotStart, match=r"run_bot hangs: .* at bot.py:\d+, in process_frame; code"):
        play_first(factory, voice=True, timeout=2)


def test_a_bot_that_hangs_as_it_starts_is_given_up(tmp_path: Path) -> None:
    from ninelives.bot.start_failure import CouldNotStart
    from ninelives.lab.services import find_factory
    from ninelives.lab.undisturbed import play_first

    (tmp_path / "bot.py").write_text(bot(start="import time; time.sleep(3600)"))
    factory = find_factory("bot.py")
    with pytest.raises(
        CouldNotStart,
        match=r"run_bot hangs: it was still busy after \d+ s at bot.py:\d+, in run_bot; code that waits",
    ):
        play_first(factory, timeout=1)


CHAT = {
    "service": "from pipecat.services.openai.llm import OpenAILLMService",
    "made": "OpenAILLMService(settings=OpenAILLMService.Settings(system_instruction='Be kind.'))",
}


def test_a_bot_on_chat_completions_is_told_which_lines_to_change(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "bot.py"
    path.write_text(bot(**CHAT))
    code, out, err = ninelives(capsys, "verdict bot.py")
    assert (code, out) == (2, "")
    first, *change = err.splitlines()
    assert first == (
        "ninelives: bot.py:run_bot uses Chat Completions (OpenAILLMService). ninelives tests bots that use "
        "OpenAI's Responses API: change two lines."
    )
    imported, made = lines_of(path, "import OpenAILLMService", "llm = OpenAILLMService")
    assert change[:2] == [
        f"  bot.py:{imported}  {OURS}",
        f"  bot.py:{made}  llm = OpenAIResponsesLLMService(settings=OpenAIResponsesLLMService.Settings("
        "system_instruction='Be kind.'))",
    ]
    text = path.read_text().splitlines()
    for line in change[:2]:  # what is said is what works
        place, _, new = line.strip().partition("  ")
        number = int(place.partition(":")[2]) - 1
        text[number] = text[number][: len(text[number]) - len(text[number].lstrip())] + new
    (tmp_path / "fixed.py").write_text("\n".join(text))
    assert ninelives(capsys, "verdict fixed.py --scenario idle_close")[0] == 0


@pytest.mark.parametrize(
    ("service", "made", "said"),
    [
        (
            "from pipecat.services.groq.llm import GroqLLMService as Brain",
            "Brain(api_key=os.environ['GROQ_API_KEY'])",
            "uses Chat Completions (GroqLLMService)",
        ),
        (
            "from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService",
            "OpenAIRealtimeLLMService(api_key='x')",
            "uses a speech-to-speech API (OpenAIRealtimeLLMService)",
        ),
    ],
)
def test_other_apis_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, service: str, made: str, said: str
) -> None:
    (tmp_path / "bot.py").write_text(bot(service=service, made=made))
    code, _, err = ninelives(capsys, "verdict bot.py")
    assert code == 2
    assert said in err
    if "Brain" in made:
        assert f"  bot.py:15  {OURS} as Brain" in err.splitlines()


def test_a_service_that_goes_to_the_real_address_is_told_the_line_to_add(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "bot.py"
    path.write_text(bot(service=PIPECATS, made="OpenAIResponsesLLMService(\n    )"))
    code, out, err = ninelives(capsys, "verdict bot.py")
    assert (code, out) == (2, "")
    imported, made = lines_of(path, PIPECATS, "llm = OpenAIResponsesLLMService(")
    assert err.splitlines() == [
        "ninelives: bot.py:run_bot connects to api.openai.com:443: its OpenAIResponsesLLMService does not "
        f"get the address of the mock server. Add one line to its arguments, after bot.py:{made}, "
        "`llm = OpenAIResponsesLLMService(`:",
        '  ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),',
        "The service of the same name in pipecat_responses reads OPENAI_BASE_URL by itself:",
        f"  bot.py:{imported}  {OURS}",
    ]
    text = path.read_text().splitlines()
    text.insert(made, err.splitlines()[1])
    (tmp_path / "fixed.py").write_text("\n".join(text))
    assert ninelives(capsys, "verdict fixed.py --scenario calm_slow_drip")[0] == 0


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            'OpenAIResponsesHttpLLMService(\n        base_url="https://api.openai.com/v1",\n    )',
            'Change bot.py:{}, `base_url="https://api.openai.com/v1",`, to\n'
            '  base_url=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),\n',
        ),
        (
            'OpenAIResponsesLLMService(\n        base_url="https://api.openai.com/v1",\n    )',
            'Change bot.py:{}, `base_url="https://api.openai.com/v1",`, to\n'
            '  ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),\n',
        ),
    ],
)
def test_an_address_in_the_code_is_the_line_to_change(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, made: str, said: str
) -> None:
    path = tmp_path / "bot.py"
    path.write_text(bot(service="from pipecat_responses import *", made=made))
    code, _, err = ninelives(capsys, "verdict bot.py")
    assert code == 2
    assert said.format(*lines_of(path, "base_url=")) in err


def test_what_goes_elsewhere_and_is_not_left_out_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asks = "import urllib.request; urllib.request.urlopen(self.url)"
    text = bot(filter="isinstance(frame, TranscriptionFrame) and self.ask()").replace(
        "class Filter(FrameProcessor):",
        "class Filter(FrameProcessor):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.url = 'https://search.example/v1'\n\n    def ask(self):\n        {asks}\n",
    )
    (tmp_path / "bot.py").write_text(text)
    code, _, err = ninelives(capsys, "verdict bot.py")
    assert code == 2
    assert (
        "bot.py:run_bot connects to search.example:443 (its Filter), but tests may not leave this machine"
        in err
    )
    assert err.count("\n") == 1


def test_a_folder_without_a_bot_is_no_module(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "later.py").write_text("")
    code, _, err = ninelives(capsys, "verdict calls")
    assert (code, err) == (
        2,
        "ninelives: calls is a folder without a bot.py (there are later.py); give the file\n",
    )


def test_a_pipeline_without_a_model_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "from pipecat.pipeline.pipeline import Pipeline\n\n\ndef pipeline():\n    return Pipeline([])\n"
    (tmp_path / "bot.py").write_text(text)
    code, _, err = ninelives(capsys, "verdict bot.py:pipeline")
    assert code == 2
    assert (
        "this pipeline has no LLM service to listen to; it holds only transports and speech services" in err
    )


@pytest.mark.parametrize("swallows", [False, True], ids=["raised", "swallowed"])
def test_code_that_goes_elsewhere_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, swallows: bool
) -> None:
    asks = "import urllib.request; urllib.request.urlopen('https://cases.example/v1')"
    text = bot(filter="isinstance(frame, TranscriptionFrame) and self.ask()").replace(
        "class Filter(FrameProcessor):",
        "class Filter(FrameProcessor):\n    def ask(self):\n"
        + (
            f"        try:\n            {asks}\n        except Exception: pass\n"
            if swallows
            else f"        {asks}\n"
        ),
    )
    path = tmp_path / "bot.py"
    path.write_text(text)
    code, _, err = ninelives(capsys, "verdict bot.py")
    assert code == 2
    (line,) = lines_of(path, "cases.example")
    assert f"bot.py:run_bot connects to cases.example:443 (bot.py:{line}, in ask)" in err


def test_a_voice_is_left_out_wherever_it_stands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = bot().replace("mouth = [tts,", "mouth = [ParallelPipeline([tts], [Filter()]),")
    text = text.replace("OpenAITTSService(api", "OpenAITTSService(base_url='https://tts.example/v1', api")
    text = text.replace(
        "import Pipeline\n", "import Pipeline\nfrom pipecat.pipeline.parallel_pipeline import *\n", 1
    )
    (tmp_path / "bot.py").write_text(text)
    code, _, err = ninelives(capsys, "verdict bot.py --scenario idle_close --no-voice")
    assert (code, err) == (0, "")


def test_a_service_that_is_made_too_early_is_told_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "bot.py"
    path.write_text(bot(service=f"{OURS}\nLLM = OpenAIResponsesLLMService()", made="LLM"))
    code, _, err = ninelives(capsys, "verdict bot.py")
    assert code == 2
    assert f"It is created while the module is imported (bot.py:{lines_of(path, 'LLM =')[0]})" in err


def test_a_bot_that_does_not_work_undisturbed_is_stopped_and_shows_what_it_raised(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "bot.py"
    path.write_text(bot(filter="isinstance(frame, TranscriptionFrame) and 1 / 0"))
    code, out, err = ninelives(capsys, "verdict bot.py --html page.html --json found.json")
    assert (code, err) == (1, "")
    assert "bot.py:run_bot: this bot does not work even without faults." in out
    (number,) = lines_of(path, "1 / 0")
    raised = f"Filter raised ZeroDivisionError: division by zero (bot.py:{number}, in process_frame)"
    assert f"  {raised}, 3 times\n" in out
    assert "idle_close" not in out
    page = (tmp_path / "page.html").read_text()
    assert raised in page
    assert "isinstance(frame, TranscriptionFrame) and 1 / 0" in page  # the line itself, in the traceback
    assert json.loads((tmp_path / "found.json").read_text())[0]["raised"] == [raised] * 3


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"connected": "os.environ['TENANT']"},
            "the event handler on_client_connected raised KeyError: 'TENANT' (bot.py:",
        ),
        (
            {"connected": "worker.create_task(transport.lost(), 'greet')"},
            "AttributeError: 'SilentTransport' object has no attribute 'lost' (bot.py:",
        ),
    ],
)
def test_what_handlers_raise_is_shown_with_a_bot_that_fails(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, parts: dict[str, str], said: str
) -> None:
    (tmp_path / "bot.py").write_text(bot(filter="if isinstance(frame, TranscriptionFrame): return", **parts))
    code, out, _ = ninelives(capsys, "verdict bot.py --scenario idle_close")
    assert code == 1
    assert said in out


def test_a_bot_that_waits_for_a_button_is_told_that_it_did_not_take_the_turns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = (
        OURS,
        "from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams",
        "from pipecat.turns.user_start import BaseUserTurnStartStrategy",
        "from pipecat.turns.user_turn_strategies import UserTurnStrategies",
        "class Button(BaseUserTurnStartStrategy): ...",
    )
    params = "user_params=LLMUserAggregatorParams(user_turn_strategies=UserTurnStrategies(start=[Button()]))"
    text = bot(service="\n".join(lines))
    text = text.replace("Pair(LLMContext())", f"Pair(LLMContext(), {params})")
    (tmp_path / "bot.py").write_text(text)
    code, out, _ = ninelives(capsys, "verdict bot.py --scenario idle_close")
    out = " ".join(out.split())
    assert code == 1
    assert "no turn of the user reached the model" in out
    assert "turns begin by Button" in out
    assert "a button, a message of its client or a wake phrase" in out
    assert "It works as text: --no-voice" in out


def test_words_that_only_a_voice_says_twice_are_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    twice = (
        "if getattr(frame, 'text', '')[:1] == ' ': await self.push_frame(LLMTextFrame(frame.text), direction)"
    )
    text = bot(filter=twice).replace("llm, *mouth", "llm, Filter(), *mouth").replace("stt, Filter(),", "stt,")
    (tmp_path / "bot.py").write_text(text.replace("import Frame,", "import Frame, LLMTextFrame,"))
    code, out, _ = ninelives(capsys, "verdict bot.py --scenario idle_close")
    out = " ".join(out.split())
    assert code == 1
    assert 'I1 broken: turn 1: of "Hello, this is the weather service' in out
    assert "was played twice" in out
    assert "It works as text" not in out


@pytest.mark.thorough
def test_of_several_bots_the_one_that_does_not_work_is_named_before_any_is_tried(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "good.py").write_text(bot())
    unheard = 'if type(frame).__name__.startswith(("Transcription", "Proposed", "User")): return'
    (tmp_path / "mute.py").write_text(bot(filter=unheard))
    code, out, _ = ninelives(capsys, "verdict good.py mute.py --markdown page.md")
    assert code == 1
    assert "the model was never called: no request reached the mock server" in out
    assert "mute.py:run_bot: this bot does not work even without faults." in out
    assert not (tmp_path / "page.md").exists()


# In pytest it is told once ----------------------------------------------------------------------------------


@pytest.mark.thorough
def test_in_pytest_what_is_wrong_is_told_by_the_first_test_and_the_others_are_skipped(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(bot=bot(**CHAT), mute=bot(filter="isinstance(frame, TranscriptionFrame) and 1 / 0"))
    pytester.makepyfile(
        """
        from ninelives.lab import as_tests

        test_chat = as_tests("bot.py", "reset_*")
        test_mute = as_tests("mute.py:run_bot", "idle_*")
        test_gone = as_tests("gone.py", "idle_*")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-rs")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 3
    assert outcomes["skipped"] > 20
    shown = result.stdout.str()
    assert shown.count("uses Chat Completions (OpenAILLMService). ninelives tests bots") <= 3
    result.stdout.fnmatch_lines_random(
        [
            "bot.py:run_bot uses Chat Completions (OpenAILLMService)*change two lines.",
            "mute.py:run_bot: this bot does not work even without faults.*",
            "gone.py cannot be read (no such file); expected a file*",
            "Filter raised ZeroDivisionError: division by zero (mute.py:*in process_frame), 3 times",
            "SKIPPED*this bot does not work even without faults. * See *test_mute?idle_close?",
        ]
    )
    assert shown.count("raised ZeroDivisionError: division by zero") <= 4  # the lines of its timeline, once


@pytest.mark.thorough
def test_a_bot_named_in_the_settings_is_found_from_their_folder(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(bot=bot())
    pytester.makeini("[pytest]\nninelives_bot = bot.py\nninelives_scenarios = calm_thinking")
    pytester.mkdir("deep")
    pytester.runpytest_subprocess("-p", "no:randomly", "--rootdir", str(pytester.path), ".").assert_outcomes(
        passed=1
    )
