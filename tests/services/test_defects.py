"""What was measured to go wrong in Pipecat 1.14's own services, one probe a defect.

The names are those of the table in docs/understand/pipecat-defects.md. Defects that another file tells as
part of its story are listed there with that test.
"""

import asyncio
import json
from typing import Any

import pytest
from mock_openai import Item, MockServer, Reasoning, call, faults, reply
from ninelives import Bot
from pipecat.frames.frames import (
    LLMThoughtEndFrame,
    LLMThoughtStartFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
)
from pipecat.metrics.metrics import ProcessingMetricsData, TTFBMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat_responses import (
    OpenAIResponsesHttpLLMService,
    OpenAIResponsesLLMService,
    OpenAIResponsesLLMSettings,
    OpenAIResponsesReasoningConfig,
)
from websockets.asyncio.server import ServerConnection

from .test_older_servers import answer_to, server, speak

pytestmark = pytest.mark.virtual_time

DELTA = "response.output_text.delta"
LONG = " ".join(f"word{number}" for number in range(40))
SCRIPT = [reply(LONG, user="long"), reply("Short.", user="short"), reply("Third.", user="third")]


def turns(server: MockServer) -> list[Any]:
    return [body for body in server.journal.requests if body.get("generate") is not False]


def measured(turn: Any, kind: type[Any]) -> int:
    """How many measurements of a kind a turn reported."""
    frames = [captured.frame for captured in turn.frames if isinstance(captured.frame, MetricsFrame)]
    return sum(isinstance(data, kind) for frame in frames for data in frame.data)


# -- A: wrong words, wrong action -----------------------------------------------------------------------


async def test_a1_text_heard_before_a_loss_is_never_repeated(make: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=3).reset()]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("long")
        after = await bot.say("short")
    assert (turn.text, turn.errors) == (LONG, [])
    assert len(turn.spoken_before_loss) == 1
    assert (after.text, after.errors) == ("Short.", [])


@pytest.mark.parametrize("megabytes", [2, 20])
async def test_a2_a_frame_of_any_size_is_read(megabytes: int) -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        lane = {"stream_id": body["stream_id"]}
        padding = {"type": "response.in_progress", "padding": "x" * (megabytes << 20), **lane}
        await socket.send(json.dumps(padding))
        await speak(socket, answer_to(body), **lane)

    async with server(answer) as (url, asked), Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors, len(asked)) == ("You said hello.", [], 1)


async def test_a3_a_cancelled_answer_never_comes_back(make: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=3).delay(5.5)]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make(server)) as bot:
        bot.say_soon("long")
        await bot.interrupt(after_words=2)
        heard = [(await bot.say(text)).text for text in ("short", "third", "short")]
    assert (heard, bot.errors) == (["Short.", "Third.", "Short."], [])


@pytest.mark.parametrize("how", ["malformed_json", "server_error", "invalid_utf8", "missing_terminal"])
async def test_a4_a5_what_spoils_one_turn_stays_in_it(make: Any, how: str) -> None:
    plan = [getattr(faults.at(turn=1, event=DELTA, nth=3), how)()]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make(server)) as bot:
        first = await bot.say("long")
        heard = [(await bot.say(text)).text for text in ("short", "third")]
    assert LONG.startswith(first.text)
    assert heard == ["Short.", "Third."]


async def test_a8_parallel_calls_without_item_ids_all_run() -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        lane = {"stream_id": body["stream_id"]}
        if body["input"][-1].get("type") == "function_call_output":
            await speak(socket, "Done.", **lane)
            return
        calls = [
            {"type": "function_call", "call_id": f"c{n}", "name": "look", "arguments": f'{{"where":"{n}"}}'}
            for n in (1, 2)
        ]
        response = {"id": "resp_calls", "model": "m", "output": []}
        await socket.send(json.dumps({"type": "response.created", "response": response, **lane}))
        for made in calls:
            await socket.send(json.dumps({"type": "response.output_item.added", "item": made, **lane}))
            await socket.send(json.dumps({"type": "response.output_item.done", "item": made, **lane}))
        response = {**response, "output": calls}
        await socket.send(json.dumps({"type": "response.completed", "response": response, **lane}))

    async with server(answer) as (url, _):
        service = OpenAIResponsesLLMService(api_key="k", ws_url=url, warm_up=False)
        async with Bot(service, tools=[look]) as bot:
            turn = await bot.say("look twice")
    assert sorted(ran) == ["1", "2"]
    assert (turn.text, turn.errors) == ("Done.", [])


async def test_a9_a10_a_stream_that_ends_inside_a_call_runs_nothing(make_http: Any) -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    plan = [
        faults.at(turn=n, event="response.function_call_arguments.delta", nth=2).missing_terminal()
        for n in range(1, 12)
    ]
    async with (
        MockServer(script=[reply(call("look", where="behind the door"))], faults=plan) as server,
        Bot(make_http(server), tools=[look]) as bot,
    ):
        turn = await bot.say("look")
    assert ran == []
    assert len(turn.errors) == 1


# -- B: interruptions -----------------------------------------------------------------------------------


async def test_b1_cutting_in_before_the_second_answer_costs_nothing(make: Any) -> None:
    async with MockServer(script=SCRIPT, pace="fixed:0.2") as server, Bot(make(server)) as bot:
        await bot.say("short")
        bot.say_soon("long")
        await bot.wait(0.01)
        await bot.interrupt()
        turn = await bot.say("third")
    assert (turn.text, turn.errors) == ("Third.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 1.0


@pytest.mark.parametrize("on_cancel", ["honour", "ignore", "reject"])
async def test_b2_b5_whatever_the_server_makes_of_it_the_next_turn_is_at_once(
    make: Any, on_cancel: Any
) -> None:
    script = [reply(LONG, user="long"), reply("Third.", user="third")]
    async with (
        MockServer(script=script, pace="fixed:0.2", on_cancel=on_cancel) as server,
        Bot(make(server)) as bot,
    ):
        bot.say_soon("long")  # eight seconds of it
        await bot.interrupt(after_words=1)
        turn = await bot.say("third")
    assert (turn.text, turn.errors) == ("Third.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 1.0


async def test_b3_cutting_in_before_anything_was_sent_costs_nothing(make: Any) -> None:
    async with MockServer(script=SCRIPT) as server:
        service = make(server)
        adapter = service.get_llm_adapter()
        convert = adapter.get_llm_invocation_params
        slow = True

        async def slowly(*args: Any, **kwargs: Any) -> Any:
            if slow:
                await asyncio.sleep(0.5)
            return await convert(*args, **kwargs)

        adapter.get_llm_invocation_params = slowly
        async with Bot(service) as bot:
            bot.say_soon("long")
            await bot.wait(0.2)
            slow = False
            await bot.interrupt()
            turn = await bot.say("third")
    assert (turn.text, turn.errors, turn.dead_air) == ("Third.", [], 0.0)


async def test_b4_cutting_in_while_a_tool_runs_costs_nothing(make: Any) -> None:
    async def look() -> str:
        await asyncio.sleep(3.0)
        return "ok"

    script = [reply(call("look"), user="look"), reply("Third.", user="third")]
    async with MockServer(script=script) as server, Bot(make(server), tools=[look]) as bot:
        bot.say_soon("look")
        await bot.wait(0.5)
        await bot.interrupt()
        turn = await bot.say("third")
    assert (turn.text, turn.errors, turn.dead_air) == ("Third.", [], 0.0)


# -- C: connection --------------------------------------------------------------------------------------


async def test_c4_after_an_idle_close_no_stale_id_is_sent(make_websocket: Any) -> None:
    plan = [faults.at(connection=1, turn=1, phase="idle", at=5.0).close(1001)]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("short")
        await bot.wait(20)
        turn = await bot.say("third")
    assert (turn.text, turn.errors, turn.dead_air) == ("Third.", [], 0.0)
    refused = [entry for entry in server.journal.entries if entry.kind == "status" and entry.turn]
    assert refused == []
    assert len(turns(server)) == 2


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013])
async def test_c5_a_close_before_any_word_is_not_heard(make_websocket: Any, code: int) -> None:
    plan = [faults.at(turn=1, event="response.created").close(code)]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("short")
    assert (turn.text, turn.errors) == ("Short.", [])


async def test_c5_a_close_for_reasons_of_policy_is_not_asked_again(make_websocket: Any) -> None:
    plan = [faults.at(turn=1, event="response.created").close(1008, "no")]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("short")
        after = await bot.say("third")
    assert [(error.category, error.permanent) for error in turn.errors] == [("authorization", False)]
    assert (after.text, len(turns(server))) == ("Third.", 2)


async def test_c8_cutting_in_while_there_is_no_connection_costs_nothing(make_websocket: Any) -> None:
    plan = [faults.at(turn=1, event="response.created").refuse(1.5)]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make_websocket(server)) as bot:
        bot.say_soon("long")
        await bot.wait(0.5)
        await bot.interrupt()
        await bot.wait(2.0)
        turn = await bot.say("third")
    assert (turn.text, turn.errors, turn.dead_air) == ("Third.", [], 0.0)


async def test_c9_a_dead_peer_is_not_waited_for_at_the_end(make_websocket: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA).half_open()]
    async with MockServer(script=SCRIPT, faults=plan) as server:
        async with Bot(make_websocket(server, ws_close_timeout=2.0)) as bot:
            bot.say_soon("long")
            await bot.wait(0.5)
            began = asyncio.get_running_loop().time()
            await bot.hang_up()
        assert asyncio.get_running_loop().time() - began < 2.5


async def test_c10_silence_after_the_first_event_is_cut_and_asked_again(make: Any) -> None:
    plan = [faults.at(turn=1, event="response.in_progress").stall()]
    async with (
        MockServer(script=SCRIPT, faults=plan) as server,
        Bot(make(server, retry_on_timeout=True, retry_timeout_secs=1.0)) as bot,
    ):
        turn = await bot.say("short")
    assert (turn.text, turn.errors) == ("Short.", [])
    assert turn.dead_air == pytest.approx(1.0, abs=0.2)


# -- D: reporting ---------------------------------------------------------------------------------------


async def test_d4_a_thought_that_breaks_off_is_closed(make: Any) -> None:
    thinking = OpenAIResponsesReasoningConfig(effort="low", summary="auto")
    settings = OpenAIResponsesLLMSettings(model="gpt-5", reasoning=thinking)
    plan = [
        faults.at(turn=n, event="response.reasoning_summary_text.delta", nth=2).reset() for n in range(1, 12)
    ]
    script = [reply(Reasoning(("Let me think about that.",)), "Because.", user="why")]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server, settings=settings)) as bot:
        turn = await bot.say("why")
    starts, ends = (
        [captured for captured in turn.frames if isinstance(captured.frame, kind)]
        for kind in (LLMThoughtStartFrame, LLMThoughtEndFrame)
    )
    assert len(starts) == len(ends) > 0
    assert len(turn.errors) == 1


async def test_d5_a_turn_that_was_tried_again_is_measured_once(make: Any) -> None:
    plan = [faults.at(turn=n, event="response.output_item.added").reset() for n in (1, 2)]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("short")
    assert (turn.text, turn.errors) == ("Short.", [])
    assert (measured(turn, TTFBMetricsData), measured(turn, ProcessingMetricsData)) == (1, 1)


async def test_d9_the_text_of_an_error_names_code_status_and_request(make: Any) -> None:
    plan = [faults.at(turn=1).rate_limit(retry_after=30.0)]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("short")
    assert "rate_limit_exceeded" in turn.errors[0].message
    assert "429" in turn.errors[0].message


# -- E: what need not be sent again ---------------------------------------------------------------------


async def test_e_a_web_search_and_its_text_are_continued_from(make_websocket: Any) -> None:
    search = Item({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}})
    script = [reply(search, "I found it.", user="find"), reply("Bye.", user="bye")]
    async with MockServer(script=script) as server, Bot(make_websocket(server)) as bot:
        await bot.say("find")
        turn = await bot.say("bye")
    assert (turn.text, turn.errors) == ("Bye.", [])
    assert turns(server)[-1]["input"] == [{"role": "user", "content": "bye"}]


async def test_e_an_edited_history_is_sent_in_full(make_websocket: Any) -> None:
    context = LLMContext()
    async with (
        MockServer(script=SCRIPT) as server,
        Bot(make_websocket(server), context=context) as bot,
    ):
        await bot.say("short")
        context.set_messages([{"role": "user", "content": "We talked before."}])
        turn = await bot.say("third")
    assert (turn.text, turn.errors) == ("Third.", [])
    assert "previous_response_id" not in turns(server)[-1]
    assert [item["content"] for item in turns(server)[-1]["input"]] == ["We talked before.", "third"]


async def test_e_after_a_change_of_model_everything_is_sent(make_websocket: Any) -> None:
    async with MockServer(script=SCRIPT) as server, Bot(make_websocket(server)) as bot:
        await bot.say("short")
        await bot.update_settings(OpenAIResponsesLLMSettings(model="gpt-4o"))
        turn = await bot.say("third")
    assert (turn.text, turn.errors) == ("Third.", [])
    assert "previous_response_id" not in turns(server)[-1]
    assert len(turns(server)[-1]["input"]) == 3


async def test_e_new_instructions_go_out_with_the_next_request(make_websocket: Any) -> None:
    async with MockServer(script=SCRIPT) as server, Bot(make_websocket(server)) as bot:
        await bot.say("short")
        await bot.update_settings(OpenAIResponsesLLMSettings(system_instruction="Be brief."))
        await bot.say("third")
    assert turns(server)[-1]["instructions"] == "Be brief."


# -- what users ask for ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ours", [OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService])
async def test_settings_for_another_service_change_nothing_here(ours: Any) -> None:
    async with MockServer(script=SCRIPT) as server:
        here = ours(api_key="k", base_url=server.base_url)
        elsewhere = ours(api_key="k", base_url=server.base_url)
        async with Bot(here) as bot:
            delta = OpenAIResponsesLLMSettings(temperature=1.5)
            await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta, service=elsewhere))
            await bot.say("short")
        await elsewhere.cleanup()
    assert "temperature" not in turns(server)[-1]
