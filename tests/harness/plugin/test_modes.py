"""Record modes, cassettes on top of each other, custom matchers, and what a run says it used."""

import json

import pytest

TALK = """
@pytest.mark.cassette
async def test_talk(openai_server):
    async with AsyncOpenAI(api_key="sk-secret", base_url=openai_server.base_url) as client:
        for said, heard in ASKED:
            answer = await client.responses.create(model="gpt-4.1", input=said)
            assert answer.output_text == heard
"""
HI, BYE = ("hi", "hello from upstream"), ("bye", "bye")


def asked(*pairs, talk=TALK):
    return talk.replace("ASKED", repr(pairs))


def test_new_episodes_replays_what_is_there_and_adds_the_rest(project, cassettes):
    project.test(asked(HI))
    cassettes.run("--cassette-mode=new_episodes").assert_outcomes(passed=1)
    before = cassettes.path.read_bytes()
    assert cassettes.asked == 1
    project.test(asked(HI, BYE))
    cassettes.run("--cassette-mode=new_episodes").assert_outcomes(passed=1)
    assert cassettes.asked == 2  # only what was new
    assert cassettes.path.read_bytes().startswith(before)
    assert b"sk-secret" not in cassettes.path.read_bytes()
    assert cassettes.run("--block-network").ret == 0
    assert cassettes.run("--cassette-mode=new_episodes").ret == 0
    assert cassettes.asked == 2


def test_new_episodes_of_a_failed_test_are_not_kept(project, cassettes):
    project.test(asked(HI))
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    before = cassettes.path.read_bytes()
    project.test(asked(HI, ("bye", "something else")))
    cassettes.run("--cassette-mode=new_episodes").assert_outcomes(failed=1)
    assert cassettes.path.read_bytes() == before


CONVERSATION = """
import asyncio, json
from websockets.asyncio.client import connect

async def say(ws, text, **more):
    body = {"type": "response.create", "model": "gpt-4.1", "input": text, **more}
    await ws.send(json.dumps(body))
    while True:
        event = json.loads(await ws.recv())
        if event["type"] == "response.completed":
            return event["response"]

@pytest.mark.cassette
async def test_talk(openai_server):
    url = openai_server.ws_url
    await openai_server.serve()
    async with connect(url, proxy=None) as one, connect(url, proxy=None) as two:
        first, _ = await asyncio.gather(say(one, "hi"), say(two, "hi"))
        if SECOND:
            second, _ = await asyncio.gather(
                say(one, "bye", previous_response_id=first["id"]), say(two, "hi", instructions="shout")
            )
            assert second["output"][0]["content"][0]["text"] == "bye"
    async with AsyncOpenAI(api_key="k", base_url=openai_server.base_url) as client:
        await asyncio.gather(*(client.responses.create(model="gpt-4.1", input="hi") for _ in range(3)))
"""


def test_a_new_turn_follows_a_replayed_one_on_its_socket_beside_others(project, cassettes):
    project.test(CONVERSATION.replace("SECOND", "False"))
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    assert cassettes.asked == 5
    project.test(CONVERSATION.replace("SECOND", "True"))
    result = cassettes.run("--cassette-mode=new_episodes")
    result.assert_outcomes(passed=1)
    assert cassettes.asked == 7
    assert cassettes.run("--block-network").ret == 0
    assert cassettes.asked == 7


def test_cassettes_are_stacked_and_only_the_first_is_recorded_into(project, cassettes):
    mark = "@pytest.mark.cassette"
    project.test(asked(HI, talk=TALK.replace(mark, '@pytest.mark.cassette("hi.jsonl")')))
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    shared = (project.path / "hi.jsonl").read_bytes()
    both = TALK.replace(mark, '@pytest.mark.cassette("hi.jsonl")\n@pytest.mark.cassette("bye.jsonl")')
    project.test(asked(HI, BYE, talk=both))
    cassettes.run("--cassette-mode=new_episodes").assert_outcomes(passed=1)
    assert cassettes.asked == 2
    assert (project.path / "hi.jsonl").read_bytes() == shared
    assert cassettes.run().ret == 0
    project.test(asked(HI, BYE, talk=TALK.replace(mark, '@pytest.mark.cassette("bye.jsonl", "hi.jsonl")')))
    assert cassettes.run().ret == 0


@pytest.mark.thorough
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_what_two_tests_use_of_one_cassette_counts_together_and_is_reported(project, cassettes, options):
    mark = '@pytest.mark.cassette("shared.jsonl")'
    shared = TALK.replace("@pytest.mark.cassette", mark)
    project.test(asked(HI, BYE, ("hi", "hello from upstream"), talk=shared))
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    project.test(asked(HI, talk=shared) + asked(BYE, talk=shared.replace("test_talk", "test_bye")))
    result = cassettes.run("--cassette-report=used.json", *options)
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*  shared.jsonl: POST /v1/responses 'hi'*", "1 recorded exchange unused.*"])
    told = json.loads((project.path / "used.json").read_text())
    tests = ["test_it.py::test_bye", "test_it.py::test_talk"]
    assert told == {"cassettes": {"shared.jsonl": {"tests": tests, "used": [1, 2], "unused": [3]}}}


def test_matchers_and_a_redactor_for_all_tests_of_a_module(project, cassettes):
    project.test(
        asked(HI)
        + """
from ninelives.cassette import Redactor

def same_model_family(request, recorded):
    assert request.body["model"][:4] == recorded.body["model"][:4]

@pytest.fixture(scope="module")
def cassette_config():
    return {
        "mode": "once",
        "ignore": ["model"],
        "matchers": [same_model_family],
        "redactor": lambda: Redactor(rules=[("hello from [a-z]+", "hello from somewhere")]),
    }
"""
    )
    cassettes.run().assert_outcomes(passed=1)
    assert b"hello from somewhere" in cassettes.path.read_bytes()
    assert b"hello from upstream" not in cassettes.path.read_bytes()
    source = (project.path / "test_it.py").read_text().replace("hello from upstream", "hello from somewhere")
    project.test(source.partition("reply\n")[2].replace('model="gpt-4.1"', 'model="gpt-4o"'))
    cassettes.run().assert_outcomes(passed=1)
    project.test(source.partition("reply\n")[2].replace('model="gpt-4.1"', 'model="o3"'))
    result = cassettes.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a custom matcher rejects recording 1*"])
    assert cassettes.asked == 1


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("cassette(3)", "pytest.mark.cassette(3): expected the path of a cassette"),
        ("cassette(timing='fast')", "*test_talk: timing 'fast' is invalid; expected recorded, none, or *"),
    ],
)
def test_a_marker_that_makes_no_sense_says_so(project, cassettes, marker, said):
    project.test(asked(HI, talk=TALK.replace("cassette\n", f"{marker}\n")))
    result = cassettes.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*UsageError: {said}*"])


def test_a_test_that_no_longer_asks_anything_uses_nothing_of_its_cassette(project, cassettes):
    project.test(asked(HI))
    cassettes.run("--cassette-mode=once").assert_outcomes(passed=1)
    project.test("@pytest.mark.cassette\nasync def test_talk(openai_server):\n    pass\n")
    result = cassettes.run()
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["1 recorded exchange unused.*"])


def test_a_report_that_cannot_be_written_is_one_line(project, cassettes):
    project.test(asked(HI))
    result = cassettes.run("--cassette-mode=once", "--cassette-report=test_it.py/used.json")
    assert "cannot be written" in result.stderr.str() + result.stdout.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert "passed" not in result.stdout.str()  # it is said before the tests run


def test_an_option_that_a_cassette_does_not_have(project, cassettes):
    project.test(asked(HI, talk=TALK.replace("cassette\n", "cassette(matching='body')\n")))
    result = cassettes.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_talk: a cassette has no option 'matching'; expected path, mode, *"])


COLLIDING = """
@pytest.mark.cassette
@pytest.mark.parametrize("text", ["hi!", "hi/", "hi ", "hi_", "Hi_", "hi\\N{WAVING HAND SIGN}"])
async def test_talk(openai_server, text):
    async with AsyncOpenAI(base_url=openai_server.base_url, api_key="test") as client:
        assert (await client.responses.create(model="gpt-4.1", input="hi " + text)).output_text
"""


def test_each_parameter_has_a_cassette_of_its_own(project, cassettes):
    project.test(COLLIDING)
    cassettes.run("--cassette-mode=rewrite").assert_outcomes(passed=6)
    folder = project.path / "cassettes" / "test_it"
    assert len({path.name.lower() for path in folder.iterdir()}) == 6
    cassettes.run().assert_outcomes(passed=6)
    assert cassettes.asked == 6
