"""The virtual_time marker runs a test by itself where no async plugin does."""

import pytest

ALONE = ("-p", "no:asyncio", "-p", "no:anyio", "-Werror::pytest.PytestUnraisableExceptionWarning")

SERVED = """
import asyncio, time

@pytest.mark.virtual_time
async def test_an_hour_of_silence(openai_server):
    openai_server.script = [reply("at last", delay=3600)]
    async with AsyncOpenAI(api_key="test", base_url=openai_server.base_url, timeout=7200) as client:
        assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text == "at last"
    assert asyncio.get_running_loop().time() == 3600
    assert time.time() == 1767225600 + 3600

@pytest.fixture
def client(openai_server):
    return AsyncOpenAI(api_key="test", base_url=openai_server.base_url)

@pytest.mark.virtual_time
@pytest.mark.parametrize("word", ["hi", "ho"])
async def test_a_client_of_a_sync_fixture(openai_server, client, word):
    async with openai_server, client:
        assert (await client.responses.create(model="gpt-4.1", input=word)).output_text
"""

FIXTURES = """
import asyncio, contextvars

LOG = []
VAR = contextvars.ContextVar("var", default="unset")

@pytest.fixture
async def value():
    await asyncio.sleep(60)
    VAR.set("set by the fixture")
    return asyncio.get_running_loop()

class TestAll:
    @pytest.fixture
    async def later(self, value):
        self.mark = "this instance"
        yield value
        await asyncio.sleep(60)
        LOG.append(asyncio.get_running_loop().time())

    @pytest.mark.virtual_time
    async def test_it(self, later):
        assert later is asyncio.get_running_loop()
        assert later.time() == 60
        assert self.mark == "this instance"
        assert VAR.get() == "set by the fixture"

def test_afterwards():
    assert LOG == [120]
    assert VAR.get() == "unset"
"""

BOT = """
@pytest.mark.virtual_time
async def test_weather(openai_server, bot, frame_snapshot):
    openai_server.script = [reply("It is sunny.", user="weather")]
    async with bot(service(openai_server)) as user:
        turn = await user.say("How is the weather?")
    assert turn == frame_snapshot

@pytest.mark.virtual_time
@pytest.mark.cassette("talk.jsonl")
async def test_replay(openai_server, cassette, bot):
    async with bot(service(openai_server)) as user:
        turn = await user.say("How is the weather?")
    assert turn.text == "It is sunny."
    assert not cassette.unused
"""


@pytest.mark.thorough
def test_server_and_clients(project):
    project.test(SERVED)
    project.run(*ALONE).assert_outcomes(passed=3)


@pytest.mark.thorough
def test_async_fixtures_run_in_the_loop_of_the_test(project):
    project.test(FIXTURES)
    project.run(*ALONE).assert_outcomes(passed=2)


@pytest.mark.thorough
async def test_a_bot_its_snapshot_and_its_cassette(project):
    from mock_openai import MockServer, reply
    from ninelives import Bot
    from ninelives.recorder import Recorder
    from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService

    async with (
        MockServer(script=[reply("It is sunny.")]) as upstream,
        Recorder(upstream.base_url, project.path / "talk.jsonl") as proxy,
        Bot(OpenAIResponsesLLMService(api_key="test", ws_url=proxy.ws_url)) as user,
    ):
        await user.say("How is the weather?")
    project.test(BOT, service=True)
    project.pytester.runpytest_subprocess(*ALONE, "--snapshot-update").assert_outcomes(passed=2)
    project.pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=2)


@pytest.mark.thorough
def test_hypothesis_tries_each_example_in_the_loop(project):
    project.test(
        """
        import asyncio
        from hypothesis import given, settings, strategies as st

        seen = {1: set(), 2: set()}

        @pytest.mark.virtual_time
        @pytest.mark.parametrize("n", [1, 2])
        @given(st.integers(0, 100))
        @settings(max_examples=20, database=None, deadline=None)
        async def test_it(n, pause):
            await asyncio.sleep(pause)
            seen[n].add(pause)
            assert type(asyncio.get_running_loop()).__name__ == "VirtualLoop"

        def test_afterwards():
            assert len(seen[1]) > 1 and len(seen[2]) > 1
        """
    )
    project.run(*ALONE).assert_outcomes(passed=3)


@pytest.mark.thorough
def test_beside_a_strict_pytest_asyncio_tests_without_its_marker_run_too(project):
    project.test(SERVED + FIXTURES).ini("asyncio_mode = strict")
    project.run("-p", "no:anyio").assert_outcomes(passed=5)


@pytest.mark.thorough
def test_a_fixture_of_pytest_asyncio_would_run_in_another_loop(project):
    project.ini("asyncio_mode = strict").test(
        """
        import pytest_asyncio

        @pytest_asyncio.fixture
        async def theirs():
            return 1

        @pytest.mark.virtual_time
        async def test_unmarked(theirs):
            pass

        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_marked(theirs):
            assert theirs == 1
        """
    )
    result = project.run("-p", "no:anyio")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*'theirs' belongs to pytest-asyncio and would run in another loop*"])


@pytest.mark.thorough
def test_without_the_marker_an_async_test_is_what_pytest_makes_of_it(project):
    project.test("async def test_it():\n    pass\n\n@pytest.mark.virtual_time\ndef test_sync():\n    pass\n")
    result = project.run(*ALONE)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*async def functions are not natively supported*"])


@pytest.mark.thorough
def test_a_failure_shows_the_users_line_and_what_was_said(project):
    project.test(
        """
        @pytest.mark.virtual_time
        async def test_broken(openai_server, bot):
            openai_server.script = [reply("It is sunny.", user="weather")]
            async with bot(service(openai_server)) as user:
                turn = await user.say("How is the weather?")
            assert turn.text == "something else"
        """,
        service=True,
    )
    result = project.run(*ALONE)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>*assert turn.text == "something else"',
            "*ninelives: what was said, heard and broken*",
            "  heard 'It is sunny.'",
        ]
    )


@pytest.mark.thorough
def test_a_unittest_case_is_refused(project):
    project.test(
        """
        import unittest

        class Test(unittest.IsolatedAsyncioTestCase):
            @pytest.mark.virtual_time
            async def test_it(self):
                pass
        """
    )
    result = project.run(*ALONE)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*virtual_time has no effect in a unittest.TestCase*"])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    return\n    yield", "did not yield a value"),
        ("    yield 1\n    yield 2", "yielded more than once"),
    ],
)
def test_a_fixture_must_yield_once(project, body, said):
    project.test(
        f"@pytest.fixture\nasync def odd():\n{body}\n\n"
        "@pytest.mark.virtual_time\nasync def test_it(odd):\n    pass\n"
    )
    result = project.run(*ALONE)
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines([f"*ValueError: the fixture 'odd' {said}*"])
