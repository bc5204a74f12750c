"""Clients need no key where nothing leaves this machine, and find the server without being given its URL."""

import pytest

TALK = """
@pytest.mark.cassette
def test_talk(openai_server):
    openai_server.base_url
    with OpenAI() as client:
        answer = client.responses.create(model="gpt-4.1", input="WORD")
    assert "hello" in answer.output_text
"""

RECORDED = TALK.replace("WORD", "hi")


@pytest.fixture
def recorded(project, upstream):
    """A project whose one test has a cassette, recorded with a real key."""
    project.test(RECORDED)
    env = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-real-abcdefghijklmnop"}
    project.run("--cassette-mode=once", env=env).assert_outcomes(passed=1)
    for name in env:
        project.pytester._monkeypatch.delenv(name)
    return project


@pytest.mark.parametrize("mode", ["none", "once", "new_episodes"])
def test_a_cassette_replays_in_an_empty_environment(recorded, upstream, mode):
    recorded.run(f"--cassette-mode={mode}", "--block-network").assert_outcomes(passed=1)
    assert len(upstream.journal.requests) == 1


@pytest.mark.parametrize("mode", ["once", "new_episodes", "rewrite", "all"])
def test_recording_needs_a_key_and_says_so(project, upstream, mode):
    project.test(RECORDED)
    result = project.run(f"--cassette-mode={mode}", env={"OPENAI_BASE_URL": upstream.base_url})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*OPENAI_API_KEY*"])
    assert not upstream.journal.requests
    assert not list(project.path.rglob("*.jsonl"))


def test_a_new_request_without_a_key_is_not_sent(recorded, upstream):
    recorded.test(TALK.replace("WORD", "bye"))
    result = recorded.run("--cassette-mode=new_episodes", env={"OPENAI_BASE_URL": upstream.base_url})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*This request is not in the cassette *test_talk.jsonl, and OPENAI_API_KEY is not set, so http*"]
    )
    assert len(upstream.journal.requests) == 1


@pytest.mark.thorough
def test_the_environment_is_as_it_was_after_the_test(project):
    project.test(
        """
        import os

        def test_one(openai_server, monkeypatch):
            assert openai_server.base_url == os.environ["OPENAI_BASE_URL"]
            assert openai_server.ws_url == os.environ["OPENAI_WS_URL"]
            assert os.environ["OPENAI_API_KEY"]
            monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere")

        def test_two(monkeypatch, openai_server):
            monkeypatch.setenv("OPENAI_API_KEY", "mine")
            openai_server.base_url
            assert os.environ["OPENAI_API_KEY"] == "mine"

        def test_untouched(openai_server):
            assert "OPENAI_API_KEY" not in os.environ

        def test_afterwards():
            assert not [name for name in os.environ if name.startswith("OPENAI_")]
        """
    )
    project.run("-p", "no:anyio").assert_outcomes(passed=4)


@pytest.mark.thorough
def test_a_real_key_reaches_neither_journal_nor_page(project):
    project.test(
        """
        @pytest.mark.virtual_time
        async def test_it(openai_server, bot):
            async with openai_server, AsyncOpenAI() as client:
                await client.responses.create(model="gpt-4.1", input="hi")
            async with bot(service(openai_server)) as user:
                await user.say("hi")
            print("HEARD", openai_server.journal.entries)
            assert False
        """,
        service=True,
    )
    key = "sk-real-abcdefghijklmnop"
    result = project.run("-p", "cacheprovider", "-p", "no:asyncio", env={"OPENAI_API_KEY": key})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["HEARD*authorization*"])
    assert key not in result.stdout.str()
    for page in project.path.rglob("*.html"):
        assert key not in page.read_text("utf-8")
