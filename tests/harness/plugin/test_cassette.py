"""The cassette marker, fixture and options, against a mock that plays the real API."""

import json

import pytest

TALK = """
@pytest.mark.cassette
async def test_talk(openai_server):
    async with AsyncOpenAI(api_key="sk-secret", base_url=openai_server.base_url) as client:
        answer = await client.responses.create(model="gpt-4.1", input="hi")
    assert answer.output_text == "hello from upstream"
"""


def test_without_a_cassette_the_way_to_record_one_is_told(project, cassettes):
    result = project.test(TALK).run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FileNotFoundError: no cassette *test_talk.jsonl*--cassette-mode=once*"])
    assert cassettes.asked == 0


def test_once_records_and_then_replays(project, cassettes):
    project.test(TALK)
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    assert cassettes.asked == 1
    assert "sk-secret" not in cassettes.path.read_text()
    header, *lines = [json.loads(line) for line in cassettes.path.read_text().splitlines()]
    assert header["ninelives"] == 1
    assert lines[0]["k"] == "request"
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    cassettes.run("--block-network").assert_outcomes(passed=1)
    assert cassettes.asked == 1


@pytest.mark.thorough
def test_a_cassette_replays_in_workers(project, cassettes):
    project.test(TALK)
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    cassettes.run("-n", "2", "--block-network").assert_outcomes(passed=1)
    assert cassettes.asked == 1


def test_rewrite_replaces_the_cassette_when_the_test_passed(project, cassettes):
    project.test(TALK)
    cassettes.run("--cassette-mode=once")
    old = cassettes.path.read_bytes()
    project.test(TALK.replace('== "hello', '!= "hello'))
    cassettes.run("--cassette-mode=rewrite").assert_outcomes(failed=1)
    assert cassettes.path.read_bytes() == old
    project.test(TALK)
    cassettes.run("--cassette-mode=rewrite").assert_outcomes(passed=1)
    assert cassettes.asked == 3
    assert cassettes.path.read_bytes() != old


def test_all_keeps_the_recording_of_a_failed_test(project, cassettes):
    project.test(TALK.replace('== "hello', '!= "hello'))
    cassettes.run("--cassette-mode=all").assert_outcomes(failed=1)
    assert cassettes.path.exists()


def test_off_leaves_the_script_to_answer(project, cassettes):
    project.test(
        TALK.replace(
            "async def test_talk(openai_server):\n",
            "async def test_talk(openai_server):\n"
            "    openai_server.script = [reply('hello from upstream')]\n",
        )
    )
    cassettes.run("--cassette-mode=off").assert_outcomes(passed=1)
    assert cassettes.asked == 0


def test_by_fixture_with_a_path_a_mode_and_an_ini_key(project, cassettes):
    project.ini("asyncio_mode = auto\ncassette_mode = once").test(
        TALK.replace("test_talk(openai_server)", "test_talk(openai_server, cassette)").replace(
            "@pytest.mark.cassette", '@pytest.mark.cassette("tapes/hi.jsonl")'
        )
        + "    assert cassette.path.name == 'hi.jsonl' and cassette.mode == 'once'\n"
    )
    cassettes.run().assert_outcomes(passed=1)
    assert (project.path / "tapes" / "hi.jsonl").exists()
    project.ini("asyncio_mode = auto\ncassette_mode = all")
    project.test(
        TALK.replace("@pytest.mark.cassette", '@pytest.mark.cassette("tapes/hi.jsonl", mode="none")')
    )
    cassettes.run().assert_outcomes(passed=1)
    assert cassettes.asked == 1


def test_the_fixture_alone_is_enough_also_in_a_sync_test(project, cassettes):
    project.test(
        """
        def test_talk(openai_server, cassette):
            with OpenAI(api_key="sk-secret", base_url=openai_server.base_url) as client:
                answer = client.responses.create(model="gpt-4.1", input="hi")
            assert answer.output_text == "hello from upstream"
            assert cassette.unused == []
        """
    )
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    cassettes.run().assert_outcomes(passed=1)
    assert cassettes.asked == 1


TWICE = (
    TALK
    + """
        await client.responses.create(model="gpt-4.1", input="bye")
""".replace(
        "\n        await",
        "    async with AsyncOpenAI(api_key='k', base_url=openai_server.base_url) as client:\n        await",
    )
)


@pytest.mark.thorough
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_unused_exchanges_fail_the_run(project, cassettes, options):
    project.test(TWICE)
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    project.test(TALK)
    result = cassettes.run(*options)
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*recorded, but not used*",
            "test_it.py::test_talk",
            "  test_talk.jsonl: POST /v1/responses 'bye'",
            "1 recorded exchange unused.*--cassette-warn-unused*",
        ]
    )
    softer = cassettes.run(*options, "--cassette-warn-unused")
    assert softer.ret == 0
    softer.stdout.fnmatch_lines(["1 recorded exchange unused.*"])


def test_a_recording_replays_in_virtual_time(project, cassettes):
    project.test(TALK)
    cassettes.run("--cassette-mode=once")
    project.test("@pytest.mark.virtual_time" + TALK)
    cassettes.run().assert_outcomes(passed=1)
    result = cassettes.run("--cassette-mode=rewrite")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*runs in virtual time and cannot record*"])


def test_a_mode_that_does_not_exist(project):
    result = project.test("def test_it(): pass").run("--cassette-mode=sometimes")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--cassette-mode: invalid choice: 'sometimes'*"])
