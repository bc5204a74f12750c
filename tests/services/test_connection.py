"""The WebSocket's life, as the user hears it: nothing."""

import asyncio
import itertools
from typing import Any

import pytest
from loguru import logger
from mock_openai import MockServer, call, faults, reply
from ninelives import Bot, virtual
from pipecat.pipeline.worker import PipelineWorker  # noqa: F401  (imported here, so that no test pays for it)
from pipecat_responses import Heartbeat, OpenAIResponsesLLMService, Timeouts
from pipecat_responses.stored import StoredResponses

from .conftest import set_up

pytestmark = pytest.mark.virtual_time

STORY = "Once upon a time there was a bot."


def requests(server: MockServer) -> list[Any]:
    return [body for body in server.journal.requests if body.get("generate") is not False]


async def test_it_connects_before_the_first_turn(make_websocket: Any) -> None:
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make_websocket(server)) as bot:
        await server.journal.wait(lambda journal: journal.connections == 1)
        assert server.journal.requests == []
        turn = await bot.say("hello")
    assert turn.text == "Hi."
    assert server.journal.connections == 1


@pytest.mark.parametrize("code", [1000, 1001, 1011])
async def test_an_idle_close_is_made_good_before_the_next_turn(make_websocket: Any, code: int) -> None:
    plan = [faults.at(connection=1, turn=1, phase="idle", at=30.0).close(code)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        await bot.wait(60)
        assert server.journal.connections == 2  # before anyone asked
        turn = await bot.say("again")
    assert (turn.text, turn.errors, turn.dead_air) == ("Hi.", [], 0.0)
    # The new connection was told the conversation ahead, so that the turn sent only what was new.
    assert len(requests(server)[-1]["input"]) == 1
    assert requests(server)[-1]["previous_response_id"]


async def test_without_a_warm_up_the_new_connection_gets_everything(make_websocket: Any) -> None:
    plan = [faults.at(connection=1, turn=1, phase="idle", at=30.0).reset()]
    async with (
        MockServer(script=[reply("Hi.")], faults=plan) as server,
        Bot(make_websocket(server, warm_up=False)) as bot,
    ):
        await bot.say("hello")
        await bot.wait(60)
        turn = await bot.say("again")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert len(server.journal.requests) == 2
    assert len(server.journal.requests[-1]["input"]) == 3


async def test_a_dead_idle_connection_is_noticed_in_seconds(make_websocket: Any) -> None:
    plan = [faults.at(connection=1, turn=1, phase="idle", at=20.0).half_open()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        await bot.wait(30)
        assert server.journal.connections == 2
        turn = await bot.say("again")
    assert (turn.text, turn.errors, turn.dead_air) == ("Hi.", [], 0.0)


async def test_an_idle_connection_wakes_the_process_once_per_ping(make_websocket: Any) -> None:
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        loop = virtual.require_virtual()
        before = loop.jumps
        await bot.wait(600)
    assert loop.jumps - before == 600 / Heartbeat().idle


async def test_a_dead_connection_costs_a_turn_seconds_and_not_minutes(make_websocket: Any) -> None:
    plan = [faults.at(turn=1, event="response.created").half_open()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 5.0


@pytest.mark.parametrize("lifetime", [3600.0, 600.0])
async def test_hours_of_talk_never_meet_the_limit(make_websocket: Any, lifetime: float) -> None:
    async with (
        MockServer(script=[reply("Hi.")], connection_lifetime=lifetime) as server,
        Bot(make_websocket(server)) as bot,
    ):
        for minute in range(0, 180, 7):
            turn = await bot.say(f"minute {minute}")
            assert (turn.text, turn.errors, turn.dead_air) == ("Hi.", [], 0.0)
            await bot.wait(7 * 60)
    if lifetime == 3600.0:
        assert not [e for e in server.journal.events() if b"limit_reached" in e.data]


async def test_a_limit_met_by_a_turn_is_not_heard(make_websocket: Any) -> None:
    plan = [faults.at(turn=2).connection_limit()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        turn = await bot.say("again")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 0.1


async def test_an_old_connection_is_replaced_before_it_is_closed(make_websocket: Any) -> None:
    async with (
        MockServer(script=[reply("Hi.")]) as server,
        Bot(make_websocket(server, rotate_after=100.0)) as bot,
    ):
        await bot.say("hello")
        await bot.wait(150)
        await bot.say("again")
    opened = [entry.at for entry in server.journal.entries if entry.kind == "open"]
    closed = [entry.at for entry in server.journal.entries if entry.kind == "close" and entry.connection == 1]
    assert len(opened) == 2
    assert opened[1] == pytest.approx(100.0, abs=1.0)
    assert closed[0] >= opened[1]
    assert len(requests(server)[-1]["input"]) == 1


async def test_an_outage_fails_the_turn_in_time_and_the_service_comes_back(make_websocket: Any) -> None:
    plan = [faults.at(turn=1, event="response.created").refuse(25.0)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("hello")
        assert [error.category for error in turn.errors] == ["connectivity"]
        assert not turn.errors[0].permanent
        assert turn.ended is not None
        assert turn.ended - turn.began < 12.0
        assert bot.connection_errors
        await bot.wait(30)
        after = await bot.say("again")
    assert (after.text, after.errors, after.dead_air) == ("Hi.", [], 0.0)


async def test_a_short_outage_is_only_a_pause(make_websocket: Any) -> None:
    plan = [faults.at(turn=2, event="response.created").refuse(2.0)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        turn = await bot.say("again")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 4.0


async def test_a_connection_that_breaks_right_after_an_outage_is_replaced_before_the_next_turn(
    make_websocket: Any,
) -> None:
    """What broke it is the warm-up's loss, for which no turn waits."""
    plan = [
        faults.at(turn=1, phase="idle", at=1.0).refuse(3.0),
        faults.at(connection=2, phase="request").reset(),
    ]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        await server.journal.wait(lambda journal: journal.connections == 2)
        await bot.wait(0.1)
        assert server.journal.connections == 3
        turn = await bot.say("again")
    assert (turn.text, turn.errors, turn.dead_air) == ("Hi.", [], 0.0)
    assert server.journal.connections == 3


async def test_one_refused_handshake_costs_nothing(make_websocket: Any) -> None:
    plan = [faults.at(connection=1).handshake_status(503)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 0.3


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", [True, False], ids=["with a turn waiting", "before the turn"])
async def test_a_refused_handshake_is_repeated_when_the_server_says(
    make_websocket: Any, status: int, asked: bool
) -> None:
    plan = [faults.at(connection=1).handshake_status(status, retry_after=3.0)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        if not asked:
            await bot.wait(1.0)
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    [refused, opened] = [entry.at for entry in server.journal.entries if entry.kind == "open"]
    assert 3.0 <= opened - refused < 3.5


async def test_a_handshake_refused_late_is_not_raced_by_further_ones(make_websocket: Any) -> None:
    plan = [
        faults.at(connection=1, phase="handshake").delay(0.4),  # a second one has been begun by then
        faults.at(connection=1).handshake_status(503, retry_after=3.0),
        faults.at(connection=2).handshake_hang(),
    ]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.wait(20.0)
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    first, _, third = [entry.at for entry in server.journal.entries if entry.kind == "open"]
    assert third - first >= 3.4


async def test_the_longest_wait_counts_if_two_handshakes_are_refused(make_websocket: Any) -> None:
    plan = [
        faults.at(connection=1, phase="handshake").delay(0.4),
        faults.at(connection=1).handshake_status(503, retry_after=5.0),
        faults.at(connection=2, phase="handshake").delay(0.2),
        faults.at(connection=2).handshake_status(503, retry_after=1.0),
    ]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.wait(20.0)
    first, _, third = [entry.at for entry in server.journal.entries if entry.kind == "open"]
    assert third - first >= 5.4


@pytest.mark.parametrize("begins", [0.2, 0.5, 1.0])
async def test_a_turn_waits_for_a_handshake_that_is_under_way(make_websocket: Any, begins: float) -> None:
    """Although the one that was to race it was refused for longer than the turn can wait."""
    plan = [
        faults.at(connection=1).handshake_status(503),
        faults.at(connection=2, phase="handshake").delay(3.0),
        faults.at(connection=3).handshake_status(503, retry_after=30.0),
    ]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.wait(begins)
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert server.journal.connections == 3


async def test_a_timer_that_fires_early_is_not_a_failed_attempt(make_websocket: Any) -> None:
    """asyncio runs a timer up to one tick of the clock before its time."""
    loop: Any = asyncio.get_running_loop()
    loop._clock_resolution = 0.016  # of Windows and of some virtual machines
    logged: list[str] = []
    handler = logger.add(logged.append, level="WARNING")
    plan = [faults.at(connection=1).handshake_status(503, retry_after=3.0)]
    try:
        async with (
            MockServer(script=[reply("Hi.")], faults=plan) as server,
            Bot(make_websocket(server)) as bot,
        ):
            for _ in range(800):
                await asyncio.sleep(0.005)
            turn = await bot.say("hello")
    finally:
        logger.remove(handler)
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert len([line for line in logged if "Responses WebSocket" in line]) == 1


@pytest.mark.parametrize("url", ["ws://localhost:99999", "ws://localhost:x", "ws://[::1", "ws://a\u2100.com"])
async def test_a_url_that_is_none_is_said_at_once(make_websocket: Any, url: str) -> None:
    async with MockServer() as server, Bot(make_websocket(server, ws_url=url)) as bot:
        turn = await bot.say("hello")
    [error] = turn.errors
    assert (error.at, error.category) == (turn.began, "invalid_request")
    assert "is not a WebSocket URL" in error.message


@pytest.mark.parametrize(("status", "category"), [(429, "rate_limit"), (503, "server")])
async def test_a_turn_does_not_wait_for_a_server_that_says_it_is_too_long(
    make_websocket: Any, status: int, category: str
) -> None:
    plan = [faults.at(connection=1).handshake_status(status, retry_after=30.0)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        for _ in range(2):
            turn = await bot.say("hello")
            assert [(error.category, error.permanent) for error in turn.errors] == [(category, False)]
            assert turn.ended is not None
            assert turn.ended - turn.began < 0.5
        assert len([entry for entry in server.journal.entries if entry.kind == "open"]) == 1
        await bot.wait(30)
        after = await bot.say("again")
    assert (after.text, after.errors, after.dead_air) == ("Hi.", [], 0.0)


async def test_a_server_that_asks_for_an_hour_is_tried_again_after_a_minute(make_websocket: Any) -> None:
    plan = [faults.at(connection=1).handshake_status(503, retry_after=3600.0)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.wait(62)
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])


async def test_a_handshake_that_hangs_is_raced(make_websocket: Any) -> None:
    plan = [faults.at(connection=1).handshake_hang()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("hello")
        await bot.wait(10)
        await bot.say("again")
    assert (turn.text, bot.errors, bot.connection_errors) == ("Hi.", [], [])
    assert turn.dead_air is not None
    assert turn.dead_air < 0.5
    assert server.journal.connections == 2


async def test_a_connection_that_died_unnoticed_costs_the_turn_a_second(make_websocket: Any) -> None:
    plan = [faults.at(connection=1, turn=1, phase="idle", at=9.5).half_open()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        await bot.wait(9.6)
        turn = await bot.say("again")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 1.2


async def test_a_peer_that_is_late_but_alive_keeps_its_turn(make_websocket: Any) -> None:
    plan = [faults.at(turn=2, event="response.created").delay(0.8)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        turn = await bot.say("again")
        await bot.wait(5)
        await bot.say("and again")
    assert (turn.text, bot.errors) == ("Hi.", [])
    assert len(requests(server)) == 3
    assert server.journal.connections == 1


async def test_who_cuts_in_while_the_connection_is_lost_is_answered_at_once(make_websocket: Any) -> None:
    plan = [faults.at(connection=2).handshake_hang(), faults.at(turn=2).reset()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("hello")
        bot.say_soon("tell me more")
        await bot.wait(0.12)
        await bot.interrupt()
        turn = await bot.say("again")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 0.3


async def test_a_bad_key_is_one_permanent_error_and_no_hammering(make_websocket: Any) -> None:
    async with (
        MockServer(script=[reply("Hi.")], api_key="sk-right") as server,
        Bot(make_websocket(server, api_key="sk-wrong")) as bot,
    ):
        await bot.wait(300)
        turn = await bot.say("hello")
    assert [(error.category, error.permanent) for error in turn.errors] == [("authentication", True)]
    assert len(bot.errors) == 1
    assert turn.ended is not None
    assert turn.ended - turn.began < 0.5
    assert len([entry for entry in server.journal.entries if entry.kind == "status"]) <= 3


async def test_a_server_that_throws_everyone_out_is_not_hammered(make_websocket: Any) -> None:
    plan = [faults.at(turn=0, phase="idle", at=0.0, times=None).close(1008, "go away")]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.wait(120)
        assert server.journal.connections < 30
        turn = await bot.say("hello")
        assert len(turn.errors) <= 1


async def test_a_forgotten_response_costs_one_resend(make_websocket: Any) -> None:
    plan = [faults.at(turn=2).previous_response_not_found()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make_websocket(server)) as bot:
        await bot.say("one")
        turn = await bot.say("two")
        await bot.say("three")
    assert (turn.text, turn.errors) == ("Hi.", [])
    incremental = ["previous_response_id" in body for body in server.journal.requests]
    assert incremental == [False, True, False, True]


async def test_the_handshake_carries_what_http_requests_carry() -> None:
    async with MockServer(script=[reply("Hi.")]) as server:
        service = OpenAIResponsesLLMService(
            api_key="sk-test",
            ws_url=server.ws_url,
            organization="org-1",
            project="proj-1",
            default_headers={"X-Mine": "yes"},
        )
        async with Bot(service) as bot:
            await bot.say("hello")
        opened = next(entry for entry in server.journal.entries if entry.kind == "open")
    headers = {name.lower(): value for name, value in opened.data["headers"].items()}  # type: ignore[index]
    assert {"authorization", "openai-organization", "openai-project", "x-mine"} <= set(headers)
    assert "OpenAI" in headers["user-agent"]
    assert "sec-websocket-extensions" not in headers


async def test_nothing_is_left_behind(make: Any) -> None:
    before = asyncio.all_tasks()
    async with MockServer(script=[reply(STORY)], pace="fixed:0.1") as server:
        inside = asyncio.all_tasks()
        async with Bot(make(server)) as bot:
            bot.say_soon("hello")
            await bot.interrupt(after_words=2)
            await bot.say("again")
            bot.say_soon("and once more")
            await bot.wait(0.2)
            await bot.hang_up()
        await asyncio.sleep(0.1)
        left = {
            task.get_name()
            for task in asyncio.all_tasks() - inside
            if "server" not in task.get_name().lower()
        }
    assert not {name for name in left if "responses" in name}
    assert asyncio.all_tasks() == before


async def test_a_cleanup_that_is_given_up_leaves_nothing_behind(make_websocket: Any) -> None:
    plan = [faults.at(connection=1, phase="idle", at=0.5).half_open()]
    async with MockServer(faults=plan) as server:
        service = make_websocket(server)
        await set_up(service)
        await asyncio.sleep(0.6)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(service.cleanup(), 0.2)
        await asyncio.sleep(0)
        left = [task.get_name() for task in asyncio.all_tasks() if "responses" in task.get_name()]
        assert left == []


async def test_deleting_stored_responses_that_is_given_up_leaves_no_task() -> None:
    stored = StoredResponses()
    stored.add("resp_1")
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stored.delete(lambda _: asyncio.sleep(3600), within=100), 1)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_turn_that_begins_during_an_attempt_gets_short_pauses_after_it(make_websocket: Any) -> None:
    plan = [faults.at(phase="handshake", times=None).handshake_hang()]
    timeouts = Timeouts(connect=1.0)
    async with (
        MockServer(script=[reply("Hi.")], faults=plan) as server,
        Bot(make_websocket(server, timeouts=timeouts)) as bot,
    ):
        # An attempt is three handshakes, 0.3 s apart, of a second each. At first each pause is longer.
        await server.journal.wait(lambda journal: journal.connections == 13)
        turn = await bot.say("hello")
        opened = [entry.at for entry in server.journal.entries if entry.kind == "open"][::3]
    assert len(turn.errors) == 1
    pauses = [after - before - 1.6 for before, after in itertools.pairwise(opened)]
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[4] == pytest.approx(0.0)
    assert 0.0 < pauses[5] <= 0.25 < pauses[3]


KEPT = {
    "plain text": ([reply("Hello there.", user="one")], {}),
    "white space at the edges": ([reply("  Hello there.\n", user="one")], {}),
    "two messages": ([reply("Hello.", "There.", user="one")], {}),
    "a call": ([reply("Done.", tool_output="look"), reply(call("look"), user="one")], {}),
    "two calls": ([reply("Done.", tool_output="look"), reply(call("look"), call("look"), user="one")], {}),
    "text and a call": ([reply("Done.", tool_output="look"), reply("Wait.", call("look"), user="one")], {}),
}


@pytest.mark.parametrize(("script", "more"), KEPT.values(), ids=KEPT.keys())
async def test_every_later_request_sends_only_what_is_new(
    make_websocket: Any, script: Any, more: Any
) -> None:
    async def look() -> str:
        return "ok"

    async with (
        MockServer(script=[*script, reply("Bye.", user="two")]) as server,
        Bot(make_websocket(server), tools=[look]) as bot,
    ):
        await bot.wait(1)  # until the warm-up is through, which the first turn would not wait for
        await bot.say("one")
        turn = await bot.say("two")
    assert (turn.text, bot.errors) == ("Bye.", [])
    first, *later = server.journal.requests
    assert "previous_response_id" not in first
    assert all(body["previous_response_id"] for body in later)
    assert later[-1]["input"] == [{"role": "user", "content": "two"}]


async def test_the_bytes_of_a_turn_do_not_grow_with_the_conversation(make_websocket: Any) -> None:
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make_websocket(server)) as bot:
        for number in range(20):
            await bot.say(f"turn number {number:03}")
    sizes = [len(str(body)) for body in server.journal.requests[1:]]
    assert max(sizes) - min(sizes) < 10
