"""The fixtures, in every kind of test and under every async plugin."""

import asyncio
import socket

import pytest

SYNC = """
def test_sync(openai_server):
    openai_server.script = [reply("hello from the mock")]
    client = OpenAI(api_key="test", base_url=openai_server.base_url)
    assert client.responses.create(model="gpt-4.1", input="hi").output_text == "hello from the mock"
    assert openai_server.journal.requests[0]["input"] == "hi"
"""

PLAIN = """
@pytest.fixture(params=["add", "assign"])
def model(openai_server, request):
    rule = reply("hello from the mock", user="hi")
    if request.param == "add":
        openai_server.script.add(rule)
    else:
        openai_server.script = [rule]

def test_a_program_that_is_told_nothing(model):
    with OpenAI() as client:
        assert client.responses.create(model="gpt-4.1", input="hi").output_text == "hello from the mock"

def test_with_a_loop_of_its_own(model):
    async def ask():
        async with AsyncOpenAI() as client:
            return await client.responses.create(model="gpt-4.1", input="hi")
    assert asyncio.run(ask()).output_text == "hello from the mock"

def test_with_a_virtual_loop_of_its_own(model, openai_server):
    async def ask():
        async with AsyncOpenAI(base_url=openai_server.base_url) as client:
            await asyncio.sleep(3600)
            return await client.responses.create(model="gpt-4.1", input="hi")
    assert run(ask()).output_text == "hello from the mock"
"""

ASYNC = """
async def test_async(openai_server):
    openai_server.script = [reply("hello from the mock")]
    async with AsyncOpenAI(api_key="test", base_url=openai_server.base_url) as client:
        answer = await client.responses.create(model="gpt-4.1", input="hi")
    assert answer.output_text == "hello from the mock"
"""

OUTSIDE = """
@pytest.fixture
def client(openai_server):
    return AsyncOpenAI(api_key="test", base_url=openai_server.base_url)

async def test_client_from_a_sync_fixture(openai_server, client):
    openai_server.script = [reply("hello")]
    async with client:
        assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text == "hello"
"""

BOT = """
def get_weather(city: str) -> str:
    return "21 degrees"

async def test_weather(openai_server, bot, frame_snapshot):
    openai_server.script = [
        reply(call("get_weather", city="Paris"), user="weather"),
        reply("It is 21 degrees in Paris.", tool_output="get_weather"),
    ]
    async with bot(service(openai_server), tools={"get_weather": get_weather}) as user:
        turn = await user.say("What's the weather in Paris?")
    assert turn.text == "It is 21 degrees in Paris."
    assert user.frames == frame_snapshot
"""

EXPLICIT = """
async def test_explicit(openai_server):
    async with openai_server:
        async with AsyncOpenAI(api_key="test", base_url=openai_server.base_url) as client:
            assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text
"""


def marked(source, marker):
    return source.replace("async def test_", f"@pytest.mark.{marker}\nasync def test_")


@pytest.mark.parametrize("when", [pytest.param("real", marks=pytest.mark.real_time), "virtual"])
async def test_a_client_may_connect_in_the_step_that_asks_for_the_address(openai_server, when: str) -> None:
    host, port = openai_server.base_url.split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as client:  # blocks the loop: nothing has started yet
        reader, writer = await asyncio.open_connection(sock=client)
        writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_under_pytest_asyncio(project, mode):
    source = SYNC + ASYNC + OUTSIDE + EXPLICIT
    project.test(marked(source, "asyncio") if mode == "strict" else source).ini(f"asyncio_mode = {mode}")
    project.run("-p", "no:anyio", "-Werror::pytest.PytestUnraisableExceptionWarning").assert_outcomes(
        passed=4
    )


@pytest.mark.thorough
def test_under_anyio_alone(project):
    project.test(
        '@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'
        + marked(SYNC + ASYNC + OUTSIDE + EXPLICIT, "anyio")
    )
    project.run("-p", "no:asyncio", "-Werror::pytest.PytestUnraisableExceptionWarning").assert_outcomes(
        passed=4
    )


@pytest.mark.thorough
def test_without_any_async_plugin(project):
    project.test(
        SYNC
        + """
import asyncio

def test_by_hand(openai_server):
    async def story():
        async with AsyncOpenAI(api_key="test", base_url=openai_server.base_url) as client:
            return (await client.responses.create(model="gpt-4.1", input="hi")).output_text
    assert asyncio.run(story()) and asyncio.run(story())
"""
    )
    project.run("-p", "no:asyncio", "-p", "no:anyio").assert_outcomes(passed=2)


@pytest.mark.thorough
def test_a_plain_test_needs_no_url(project, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    project.test("import asyncio\nfrom ninelives.virtual import run\n" + PLAIN)
    project.run("-p", "no:asyncio", "-p", "no:anyio").assert_outcomes(passed=6)


@pytest.mark.thorough
def test_a_bot_with_a_snapshot_under_xdist(project):
    project.ini("asyncio_mode = auto").test(BOT, service=True)
    project.run("--snapshot-update").assert_outcomes(passed=1)
    (written,) = project.path.glob("__snapshots__/test_it/*.frames")
    lines = written.read_text().splitlines()
    assert any(line == '- ↓ LLMTextFrame {"text":" Paris"}' or "Paris" in line for line in lines)
    assert any("FunctionCallResultFrame" in line for line in lines)
    project.run("-n", "2").assert_outcomes(passed=1)


def test_a_changed_frame_is_one_line_of_diff(project):
    project.ini("asyncio_mode = auto").test(BOT, service=True)
    project.run("--snapshot-update")
    project.test(
        BOT.replace('reply("It is 21', 'reply("It was 21').replace('== "It is', '== "It was'), service=True
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    # Under CI pytest repeats the diff in its summary, where lines do not begin with an E.
    shown = [line for line in result.outlines if line.startswith("E") and "LLMTextFrame" in line]
    changed = [line for line in shown if "- -" in line or "+ -" in line]
    assert 1 <= len(changed) <= 3


def test_unused_snapshots_are_found(project):
    project.ini("asyncio_mode = auto").test(BOT, service=True)
    project.run("--snapshot-update")
    project.test(BOT.replace("    assert user.frames == frame_snapshot\n", ""), service=True)
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*1 snapshot unused*"])


def test_the_server_can_be_configured(project):
    project.ini("asyncio_mode = auto").test(
        """
        from openai import AuthenticationError

        async def test_key(openai_server):
            openai_server.configure(api_key="sk-right", seed=7)
            async with AsyncOpenAI(api_key="sk-wrong", base_url=openai_server.base_url) as client:
                with pytest.raises(AuthenticationError):
                    await client.responses.create(model="gpt-4.1", input="hi")
            with pytest.raises(RuntimeError, match="before the first use"):
                openai_server.configure(seed=8)
        """
    )
    project.run().assert_outcomes(passed=1)


def test_a_failure_tells_what_happened(project):
    project.ini("asyncio_mode = auto").test(
        """
        from mock_openai import faults

        async def test_broken(openai_server, bot):
            openai_server.script = [reply("It is sunny.", user="weather")]
            openai_server.faults.add(faults.at(turn=1, event="response.output_text.delta", nth=2).reset())
            async with bot(service(openai_server)) as user:
                turn = await user.say("How is the weather?")
            assert turn.text == "something else"
        """,
        service=True,
    )
    result = project.run("--show-capture=no")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ninelives: what was said, heard and broken*",
            "turn 1 at * s: said 'How is the weather?'",
            "  heard *",
            "*fault*",
        ]
    )


def test_a_plain_run_does_not_notice_the_plugin(project):
    project.test(
        "def test_nothing():\n    import sys\n    assert 'ninelives.fixtures.server' not in sys.modules\n"
        "    assert 'ninelives.virtual.loop' not in sys.modules\n    assert 'pipecat' not in sys.modules\n"
    )
    text = (project.path / "test_it.py").read_text()
    (project.path / "test_it.py").write_text(text[text.index("def test_nothing") :])
    project.run("-p", "no:anyio").assert_outcomes(passed=1)


def test_markers_and_fixtures_are_described(project):
    result = project.run("--markers", "--strict-markers")
    result.stdout.fnmatch_lines(["*virtual_time: run this async test*", "*cassette(*paths, mode=None*"])
    project.test("def test_x(): pass")
    result = project.run("--fixtures")
    names = ("bot", "cassette", "cassette_config", "frame_snapshot", "openai_server")
    result.stdout.fnmatch_lines_random([f"{name}*--*" for name in names])
