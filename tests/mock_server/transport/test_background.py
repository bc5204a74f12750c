"""Responses in the background: polled, streamed, resumed, cancelled and deleted while they run."""

from __future__ import annotations

import asyncio

import openai
import pytest
from mock_openai import ApiError, Behaviour, MockServer, reply
from mock_openai.turn.background_room import BackgroundRoom
from ninelives.virtual import run
from openai import AsyncOpenAI

SCRIPT = [reply("It took a while.", user="slow", delay=0.05), reply("Never.", user="never", delay=3600)]


@pytest.fixture
async def client():
    async with (
        MockServer(script=SCRIPT, background_duration=0.05) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        yield client


async def until(client, response_id, reached):
    while True:
        now = await client.responses.retrieve(response_id)
        if reached(now.status):
            return now
        await asyncio.sleep(0.005)


async def until_over(client, response_id):
    return await until(client, response_id, lambda status: status not in ("queued", "in_progress"))


async def test_it_is_queued_then_in_progress_then_completed(client):
    begun = await client.responses.create(model="gpt-4o", input="slow", background=True)
    assert (begun.status, begun.output, begun.usage, begun.service_tier) == ("queued", [], None, "auto")
    endless = await client.responses.create(model="gpt-4o", input="never", background=True)
    now = await until(client, endless.id, lambda status: status != "queued")
    assert (now.status, now.output, now.completed_at) == ("in_progress", [], None)
    done = await until_over(client, begun.id)
    assert (done.status, done.output_text, done.service_tier) == ("completed", "It took a while.", "default")
    assert (await client.responses.create(model="gpt-4o", input="slow", previous_response_id=done.id)).id
    items = await client.responses.input_items.list(done.id)
    assert items.data[0].content[0].text == "slow"


async def test_a_stream_can_be_left_and_resumed_where_it_was(client):
    stream = await client.responses.create(model="gpt-4o", input="slow", background=True, stream=True)
    first = [await anext(stream) for _ in range(2)]
    await stream.close()
    assert [event.type for event in first] == ["response.created", "response.queued"]
    response_id = first[0].response.id
    rest = await client.responses.retrieve(response_id, stream=True, starting_after=1)
    events = [event async for event in rest]
    assert [event.sequence_number for event in events] == list(range(2, 2 + len(events)))
    assert events[0].type == "response.in_progress"
    assert events[-1].type == "response.completed"
    assert not any(getattr(event, "obfuscation", None) for event in events)
    again = await client.responses.retrieve(response_id, stream=True, starting_after=1)
    assert [event.to_dict() async for event in again] == [event.to_dict() for event in events]


async def test_a_stream_resumed_after_what_has_yet_to_come_waits_for_it_and_holds_up_nobody(client):
    begun = await client.responses.create(model="gpt-4o", input="slow", background=True)
    rest = await client.responses.retrieve(begun.id, stream=True, starting_after=5)
    assert (await until_over(client, begun.id)).status == "completed"
    numbers = [event.sequence_number async for event in rest]
    assert numbers == list(range(6, 6 + len(numbers)))
    assert numbers


async def test_it_is_kept_although_nothing_was_to_be_stored(client):
    begun = await client.responses.create(model="gpt-4o", input="slow", background=True, store=False)
    assert (await until_over(client, begun.id)).output_text == "It took a while."


async def test_it_can_be_cancelled_and_cancelled_again(client):
    begun = await client.responses.create(model="gpt-4o", input="never", background=True)
    watched = await client.responses.retrieve(begun.id, stream=True)
    assert (await anext(watched)).type == "response.created"
    for _ in range(2):
        gone = await client.responses.cancel(begun.id)
        assert (gone.status, gone.output, gone.service_tier) == ("cancelled", [], "auto")
    assert [event async for event in watched][-1].response.status == "cancelled"
    assert (await client.responses.retrieve(begun.id)).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model="gpt-4o", input="slow", previous_response_id=begun.id)


async def test_it_can_be_deleted_while_it_runs(client):
    begun = await client.responses.create(model="gpt-4o", input="never", background=True)
    await client.responses.delete(begun.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(begun.id)


async def test_only_the_background_can_be_cancelled(client):
    done = await client.responses.create(model="gpt-4o", input="slow")
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response") as raised:
        await client.responses.cancel(done.id)
    assert (raised.value.param, raised.value.code) == ("response_id", None)


async def test_what_has_ended_by_itself_cannot_be_cancelled_any_more(client):
    begun = await client.responses.create(model="gpt-4o", input="slow", background=True)
    await until_over(client, begun.id)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a completed response"):
        await client.responses.cancel(begun.id)


async def test_a_server_stops_although_something_runs_in_the_background():
    async with (
        MockServer(script=SCRIPT) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        await client.responses.create(model="gpt-4o", input="never", background=True)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("duration", [None, 0.5, 2.0])
@pytest.mark.parametrize("stream", [False, True])
def test_it_is_queued_and_then_in_progress_for_a_time_of_its_own(duration, stream):
    async def seen():
        given = {} if duration is None else {"background_duration": duration}
        async with (
            MockServer(**given) as server,
            AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
        ):
            begun = await client.responses.create(model="gpt-4o", input="hi", background=True, stream=stream)
            if stream:
                begun = (await anext(begun)).response
            loop = asyncio.get_running_loop()
            start, changes = loop.time(), {begun.status: 0.0}
            while (now := await client.responses.retrieve(begun.id)).status != "completed":
                changes.setdefault(now.status, loop.time() - start)
                await asyncio.sleep(0.01)
            return [*changes, now.status], changes["in_progress"], loop.time() - start

    states, queued, whole = run(seen())
    assert states == ["queued", "in_progress", "completed"]
    assert (round(queued, 1), round(whole, 1)) == pytest.approx(
        ((duration or 0.5) / 2, duration or 0.5), abs=0.06
    )


async def test_it_can_be_cancelled_by_the_next_request_at_any_pace():
    async with (
        MockServer() as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        begun = await client.responses.create(model="gpt-4o", input="hi", background=True)
        assert (await client.responses.cancel(begun.id)).status == "cancelled"


async def test_it_may_take_no_time_of_its_own():
    async with (
        MockServer(background_duration=0, seed=None) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        begun = await client.responses.create(model="gpt-4o", input="hi", background=True, stream=True)
        assert [event.type async for event in begun][-1] == "response.completed"
    assert Behaviour(background_duration=None).background_duration is None


@pytest.mark.parametrize("duration", [-1, float("nan"), "soon", True])
def test_a_duration_that_cannot_be_is_refused(duration):
    with pytest.raises(ValueError, match=r"^background_duration="):
        MockServer(background_duration=duration)


async def test_one_more_than_there_is_room_for_is_refused_until_one_has_ended():
    server = MockServer(SCRIPT, background_duration=0.05, behaviour=Behaviour(max_background=2))
    async with server, AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        other = client.with_options(default_headers=server.session("another").headers)
        first = await client.responses.create(model="gpt-4o", input="never", background=True)
        await other.responses.create(model="gpt-4o", input="never", background=True)
        with pytest.raises(openai.RateLimitError, match=r"Limit 2, Used 2, Requested 1") as refused:
            await client.responses.create(model="gpt-4o", input="slow", background=True)
        assert refused.value.code == "rate_limit_exceeded"
        assert int(refused.value.response.headers["retry-after"]) > 0
        assert (await client.responses.create(model="gpt-4o", input="slow")).status == "completed"
        await client.responses.cancel(first.id)
        begun = await client.responses.create(model="gpt-4o", input="slow", background=True)
        assert (await until_over(client, begun.id)).status == "completed"
        server.forget("another")
        await client.responses.create(model="gpt-4o", input="never", background=True)
        await server.reset()
        for _ in range(2):
            await client.responses.create(model="gpt-4o", input="never", background=True)


async def test_large_ones_wait_for_memory_and_small_ones_begin_meanwhile():
    room = BackgroundRoom(limit=1000)
    assert room.may_generate(
        "huge", 10**9
    )  # which counts as half of the memory, and so finds room in the end
    assert room.may_generate("large", 400)
    assert not room.may_generate("next", 200)
    assert room.may_generate("small", 100)

    async def wait():
        while not room.may_generate("next", 200):
            await room.changed()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    room.leave("large")
    await waiting


def test_requests_that_are_too_large_together_are_no_more_than_the_memory():
    room = BackgroundRoom(limit=1000)
    room.enter("a", 600)
    room.check("gpt-4o", 256)
    room.enter("b", 400)
    with pytest.raises(ApiError, match="Rate limit reached for gpt-4o"):
        room.check("gpt-4o", 256)
    room.leave("a")
    room.check("gpt-4o", 256)
