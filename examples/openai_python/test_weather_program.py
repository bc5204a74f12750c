"""A synchronous program: the fixture sets OPENAI_BASE_URL, and the program needs no change."""

import pytest
from mock_openai import call, faults, reply
from openai import APIError
from weather_program import answer, read_aloud


def test_it_calls_the_tool(openai_server):
    openai_server.script.add(reply(call("get_weather", city="Paris"), user="weather"))
    last = openai_server.script.add(reply("It is 21 degrees in Paris.", tool_output="get_weather"))
    assert answer("What is the weather in Paris?") == "It is 21 degrees in Paris."
    assert last.request["input"][0]["output"] == "21 degrees in Paris"


def test_it_tries_again_when_the_api_is_overloaded(openai_server):
    openai_server.script.add(reply("Hello."))
    openai_server.faults.add(faults.at(turn=1).overloaded())
    assert answer("Hello?") == "Hello."
    assert len(openai_server.journal.requests) == 2


def test_a_stream_that_fails_in_the_middle_is_an_error_after_the_first_words(openai_server):
    openai_server.script.add(reply("One two three four five six."))
    openai_server.faults.add(faults.at(event="response.output_text.delta", nth=3).server_error())
    heard = []
    with pytest.raises(APIError):
        heard.extend(read_aloud("Count to six."))
    assert "".join(heard) == "One two"
    assert "".join(read_aloud("Count to six.")) == "One two three four five six."
