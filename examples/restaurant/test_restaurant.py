"""A whole bot with a voice: tools, an interruption, a lost connection."""

import pytest
from mock_openai import call, faults, reply
from ninelives import words
from restaurant_bot import run_bot

pytestmark = pytest.mark.virtual_time

MENU = "Today we have onion soup, trout with almonds, mushroom risotto, and for dessert a lemon tart."


@pytest.fixture
def model(openai_server):
    """What the model says in this restaurant."""
    rules = openai_server.script
    rules.add(reply(call("find_table", people=4), user="table for four"))
    rules.add(reply("I have one. What is your name?", tool_output="find_table"))
    rules.add(reply(call("book_table", people=4, name="Ada"), user="Ada"))
    rules.add(reply("Booked for four, Ada. See you tonight.", tool_output="book_table"))
    rules.add(reply(MENU, user="menu"))
    rules.add(reply("The trout comes with potatoes.", user="trout"))
    rules.add(reply("Good evening, how can I help?"))  # whatever else comes: the greeting
    return openai_server


async def test_it_books_a_table(model, voice_call):
    async with voice_call(run_bot) as caller:
        greeting = caller.turns[0]
        asked = await caller.say("Do you have a table for four tonight?")
        booked = await caller.say("My name is Ada.")
    assert greeting.played == "Good evening, how can I help?"
    assert [(tool.name, tool.result) for tool in asked.tools] == [("find_table", {"table": 4})]
    assert asked.played == "I have one. What is your name?"
    assert [dict(tool.arguments) for tool in booked.tools] == [{"people": 4, "name": "Ada"}]
    assert booked.played == "Booked for four, Ada. See you tonight."


async def test_a_guest_may_cut_in(model, voice_call):
    async with voice_call(run_bot) as caller:
        menu = await caller.say("What is on the menu?", cut_in=words(8))
        trout = await caller.say("Tell me about the trout.")
        told = caller.context.get_messages()
    assert menu.text.startswith(menu.played.rstrip(".,"))
    assert "risotto" not in menu.played
    assert "risotto" not in str(told)  # the model is told what the guest has heard, and no more
    assert trout.played == "The trout comes with potatoes."


async def test_a_guest_does_not_notice_a_lost_connection(model, voice_call):
    async with voice_call(run_bot) as caller:
        model.faults.add(faults.at(event="response.output_text.delta", nth=8).reset())
        menu = await caller.say("What is on the menu?")
    assert menu.played == MENU
    assert not menu.errors
