"""The connection is lost around a tool call."""

from __future__ import annotations

from ninelives.lab.dialogue import SCRIPT, WEATHER, between, compare, look, scenario, unanswered, weather
from ninelives.lab.server_without_ids import Compatible
from ninelives.lab.triggers import after, before, idle

CHAPTER = "around a tool call"

SCENARIOS = (
    scenario(
        "call_arguments_event_lost",
        "I3 I5",
        "One piece of a call's arguments never arrives.",
        between(weather(before("function_call_arguments.delta", 2).drop())),
    ),
    scenario(
        "call_cut_in_half",
        "I3 I5",
        "The connection is reset while the arguments of a tool call are streaming.",
        between(weather(before("function_call_arguments.delta", 3).reset())),
    ),
    scenario(
        "call_event_twice",
        "I3",
        "The event that closes a call arrives twice; the tool must run once.",
        between(weather(before("output_item.done", 1).duplicate())),
    ),
    scenario(
        "call_left_incomplete",
        "I3 I9",
        "The response ends as incomplete while the arguments of a tool call are streaming.",
        between(unanswered(WEATHER, before("function_call_arguments.delta", 3).incomplete())),
    ),
    scenario(
        "call_with_broken_arguments",
        "I3 I9",
        "The model calls a tool with arguments that cannot be read.",
        between(unanswered("What is the weather in Par")),
        script=(
            {"when": {"user": "in Par$"}, "reply": [{"call": "get_weather", "arguments": '{"city": "Par'}]},
            *SCRIPT,
        ),
    ),
    scenario(
        "parallel_calls_cut_between",
        "I3 I5",
        "The connection is reset when the first of two calls is whole and the second has not begun.",
        between(compare(before("output_item.added", 2).reset())),
    ),
    scenario(
        "parallel_calls_cut_in_the_second",
        "I3 I5",
        "The connection is reset while the arguments of the second of two calls are streaming.",
        between(compare(before("function_call_arguments.delta", 7).reset())),
    ),
    scenario(
        "parallel_calls_without_item_ids",
        "I3",
        "A compatible server makes two calls in one response, and gives its items no ids.",
        between(compare()),
        server={"responders": (Compatible(),)},
    ),
    scenario(
        "reset_before_the_answer_to_a_tool",
        "I3 I5",
        "The connection is reset before the first word of the answer that a tool made possible.",
        between(weather(before("content_part.added").reset())),
    ),
    scenario(
        "reset_before_the_arguments",
        "I3 I5",
        "The connection is reset when the call was announced and no argument has come.",
        between(weather(before("function_call_arguments.delta").reset())),
    ),
    scenario(
        "reset_before_the_arguments_are_done",
        "I3 I5",
        "The connection is reset when all arguments have come and the event that closes them has not.",
        between(weather(before("function_call_arguments.done").reset())),
    ),
    scenario(
        "reset_before_the_call",
        "I3 I5",
        "The connection is reset before the call is added to the response.",
        between(weather(before("output_item.added", 1).reset())),
    ),
    scenario(
        "reset_before_the_call_is_done",
        "I3 I5",
        "The connection is reset before the call is closed.",
        between(weather(after("function_call_arguments.done").reset())),
    ),
    scenario(
        "reset_before_the_end_of_a_call",
        "I3 I5",
        "The connection is reset after the call is closed and before its response has ended.",
        between(weather(before("completed").reset())),
    ),
    scenario(
        "reset_while_a_tool_runs",
        "I3 I7",
        "The connection is reset while a tool runs for two seconds; its answer must still be given.",
        between(look(idle(1).reset())),
    ),
    scenario(
        "stall_in_mid_call",
        "I3 I4 I5",
        "The arguments of a call stop in the middle and never go on.",
        between(weather(before("function_call_arguments.delta", 3).stall())),
    ),
)
