"""The virtual_time marker: under pytest-asyncio, under anyio, and only where it stands."""

import pytest

CLOCKS = """
import asyncio, time

@pytest.mark.virtual_time
async def test_an_hour():
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == began + 3600
    assert time.time() == 1767225600 + 3600
    assert type(asyncio.get_running_loop()).__name__ == "VirtualLoop"

async def test_not_marked():
    assert type(asyncio.get_running_loop()).__name__ != "VirtualLoop"
    assert "built-in" in repr(time.time)
"""

SERVED = """
import asyncio

@pytest.mark.virtual_time
async def test_a_slow_server(openai_server):
    openai_server.script = [reply("at last", delay=500)]
    async with AsyncOpenAI(api_key="test", base_url=openai_server.base_url, timeout=600) as client:
        assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text == "at last"
    assert asyncio.get_running_loop().time() == 500

@pytest.fixture
def client(openai_server):
    return AsyncOpenAI(api_key="test", base_url=openai_server.base_url)

@pytest.mark.virtual_time
async def test_a_client_made_outside_of_the_loop(openai_server, client):
    async with openai_server, client:
        assert (await client.responses.create(model="gpt-4.1", input="hi")).output_text
"""


def marked(source, marker):
    return source.replace("async def test_", f"@pytest.mark.{marker}\nasync def test_")


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_under_pytest_asyncio(project, mode):
    source = CLOCKS + SERVED
    project.test(marked(source, "asyncio") if mode == "strict" else source).ini(f"asyncio_mode = {mode}")
    result = project.run("-p", "no:anyio", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*::test_an_hour PASSED*", "*::test_not_marked PASSED*"])


@pytest.mark.thorough
def test_with_async_fixtures_in_the_same_virtual_loop(project):
    project.ini("asyncio_mode = auto").test(
        """
        import asyncio

        @pytest.fixture
        async def later():
            await asyncio.sleep(60)
            yield asyncio.get_running_loop()
            await asyncio.sleep(60)

        @pytest.mark.virtual_time
        async def test_it(later):
            assert later is asyncio.get_running_loop()
            assert later.time() == 60
        """
    )
    project.run("-p", "no:anyio").assert_outcomes(passed=1)


def test_the_users_own_loop_factories_still_hold_for_other_tests(project):
    project.ini("asyncio_mode = auto").test(
        """
        import asyncio

        async def test_theirs():
            assert type(asyncio.get_running_loop()).__name__ == "Theirs"

        @pytest.mark.virtual_time
        async def test_virtual():
            assert type(asyncio.get_running_loop()).__name__ == "VirtualLoop"
        """
    )
    project.pytester.makeconftest(
        """
        import asyncio

        class Theirs(asyncio.SelectorEventLoop):
            pass

        def pytest_asyncio_loop_factories(config, item):
            return {"theirs": Theirs}
        """
    )
    project.run().assert_outcomes(passed=2)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["asyncio", "default", "fixture"])
def test_under_anyio_alone(project, backend):
    fixture = {
        "asyncio": '@pytest.fixture(params=["asyncio"])\ndef anyio_backend(request): return request.param\n',
        "default": "",
        "fixture": '@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n',
    }[backend]
    project.test(fixture + marked(CLOCKS + SERVED, "anyio"))
    project.run("-p", "no:asyncio", "-k", "not trio").assert_outcomes(passed=4)


def test_a_deadlock_fails_the_test_with_the_tasks_that_wait(project):
    project.ini("asyncio_mode = auto").test(
        """
        import asyncio

        @pytest.mark.virtual_time
        async def test_stuck():
            await asyncio.get_running_loop().create_future()

        async def test_next():
            pass
        """
    )
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*VirtualDeadlock: nothing can happen*", "*test_stuck (*test_it.py:*"])


@pytest.mark.thorough
def test_uvloop_is_refused(project):
    project.test(
        """
        @pytest.fixture
        def anyio_backend():
            return ("asyncio", {"use_uvloop": True})

        @pytest.mark.anyio
        @pytest.mark.virtual_time
        async def test_it():
            pass
        """
    )
    result = project.run("-p", "no:asyncio")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*virtual_time cannot run on uvloop*"])
