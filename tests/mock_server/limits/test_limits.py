"""Requests and tokens per minute, from the client's side, on all three ways to ask."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import openai
import pytest
import websockets
from mock_openai import Behaviour, Limits, MockServer, faults, reply
from mock_openai.turn.limits import Bucket, Limiter
from ninelives.virtual import run
from openai import AsyncOpenAI

ASK: dict[str, Any] = {"model": "gpt-4o-mini", "input": "hi"}
LINK = "Visit https://platform.openai.com/account/rate-limits to learn more."


def client_of(server: MockServer, key: str = "sk-one") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url, api_key=key, max_retries=0)


async def frames(server: MockServer, key: str = "sk-one", **asked: Any) -> list[dict[str, Any]]:
    """One turn over a socket of its own."""
    headers = {"Authorization": f"Bearer {key}"}
    async with websockets.connect(server.ws_url, additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "response.create", **ASK, **asked}))
        told: list[dict[str, Any]] = []
        while not told or not (
            told[-1]["type"] in ("response.completed", "response.failed") or "status" in told[-1]
        ):
            told.append(json.loads(await socket.recv()))
        return told


async def test_requests_beyond_the_limit_get_the_apis_429_until_there_is_room_again() -> None:
    async with MockServer(limits=Limits(rpm=3)) as server, client_of(server) as client:
        for left in (2, 1, 0):
            answer = await client.responses.with_raw_response.create(**ASK)
            assert answer.headers["x-ratelimit-limit-requests"] == "3"
            assert answer.headers["x-ratelimit-remaining-requests"] == str(left)
        with pytest.raises(openai.RateLimitError) as caught:
            await client.responses.create(**ASK)
        assert caught.value.body == {
            "message": "Rate limit reached for gpt-4o-mini in organization org-mock on requests per min "
            f"(RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. {LINK}",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        headers = caught.value.response.headers
        assert (headers["retry-after"], headers["retry-after-ms"]) == ("20", "20000")
        left = headers["x-ratelimit-remaining-requests"], headers["x-ratelimit-reset-requests"]
        assert left == ("0", "1m0s")
        server.clock.advance(19)
        with pytest.raises(openai.RateLimitError):
            await client.responses.create(**ASK)
        server.clock.advance(1)
        assert (await client.responses.create(**ASK)).status == "completed"


async def test_each_key_and_model_has_its_own_room() -> None:
    async with MockServer(limits=Limits(rpm=1)) as server, client_of(server) as one:
        await one.responses.create(**ASK)
        async with client_of(server, "sk-two") as two:
            await two.responses.create(**ASK)
        await one.responses.create(model="gpt-4.1", input="hi")
        with pytest.raises(openai.RateLimitError):
            await one.responses.create(**ASK)


async def test_tokens_are_counted_and_a_json_request_beyond_them_is_a_429() -> None:
    async with MockServer(limits=Limits(tpm=100)) as server, client_of(server) as client:
        first = await client.responses.with_raw_response.create(**ASK)
        spent = first.parse().usage.input_tokens + 19
        assert first.headers["x-ratelimit-limit-tokens"] == "100"
        assert first.headers["x-ratelimit-remaining-tokens"] == str(100 - spent)
        for _ in range(100 // spent - 1):
            await client.responses.create(**ASK)
        with pytest.raises(openai.RateLimitError) as caught:
            await client.responses.create(**ASK)
        told: Any = caught.value.body
        assert (told["type"], told["code"]) == ("tokens", "rate_limit_exceeded")
        assert told["message"].startswith(
            "Rate limit reached for gpt-4o-mini in organization org-mock on tokens per min (TPM): Limit 100, "
        )
        assert f"Requested {spent}. Please try again in" in told["message"]


async def test_a_request_larger_than_the_limit_is_too_large_for_ever() -> None:
    async with MockServer(limits=Limits(tpm=30)) as server, client_of(server) as client:
        with pytest.raises(openai.RateLimitError) as caught:
            await client.responses.create(
                model="gpt-4o", input="one two three four five six seven eight nine"
            )
        told: Any = caught.value.body
        assert told["message"].startswith(
            "Request too large for gpt-4o in organization org-mock on tokens per min (TPM): Limit 30, "
            "Requested "
        )
        assert told["message"].endswith(
            f"The input or output tokens must be reduced in order to run successfully. {LINK}"
        )
        assert "retry-after" not in caught.value.response.headers


async def test_a_stream_is_told_within_it_that_the_tokens_are_spent() -> None:
    async with (
        MockServer(limits=Limits(tpm=1)) as server,
        aiohttp.ClientSession() as http,
        http.post(f"{server.base_url}/responses", json={**ASK, "stream": True}) as answer,
    ):
        assert answer.status == 200
        lines = (await answer.text()).split("\n")
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [event["type"] for event in told] == [
        "response.created",
        "response.in_progress",
        "error",
        "response.failed",
    ]
    assert list(told[2]) == ["type", "sequence_number", "error"]
    assert list(told[2]["error"]) == ["type", "code", "headers", "message", "param"]
    assert told[2]["error"]["headers"]["x-ratelimit-limit-tokens"] == "1"
    assert "Request too large for gpt-4o-mini in organization" in told[3]["response"]["error"]["message"]


async def test_a_stream_is_refused_by_a_status_when_that_is_asked_for_and_for_its_requests_always() -> None:
    by_status = Behaviour(spent_tokens="status")
    for limits, allowed in ((Limits(tpm=1), 0), (Limits(rpm=1), 1)):
        async with MockServer(limits=limits, behaviour=by_status) as server, client_of(server) as client:
            for _ in range(allowed):
                await client.responses.create(**ASK)
            with pytest.raises(openai.RateLimitError):
                await client.responses.create(**ASK, stream=True)


async def test_a_socket_gets_an_error_frame_with_the_headers_in_it_and_lives_on() -> None:
    async with MockServer(limits=Limits(rpm=1)) as server:
        whole = await frames(server)
        assert whole[-1]["type"] == "response.completed"
        [told] = await frames(server, stream_id="main")
        assert list(told) == ["type", "status", "stream_id", "error"]
        assert (told["status"], told["stream_id"]) == (429, "main")
        assert told["error"]["type"] == "requests"
        assert told["error"]["headers"]["x-ratelimit-remaining-requests"] == "0"
        assert told["error"]["headers"]["retry-after"] == "60"


async def test_refused_requests_take_nothing_and_without_limits_answers_carry_a_large_accounts_headers() -> (
    None
):
    async with MockServer(limits=Limits(rpm=1)) as server, client_of(server) as client:
        for _ in range(3):
            with pytest.raises(openai.BadRequestError) as caught:
                await client.responses.create(model="gpt-4o", input="hi", temperature=9)
            assert "x-ratelimit-limit-requests" not in caught.value.response.headers
        await client.responses.create(model="gpt-4o", input="hi")
    async with MockServer() as server, client_of(server) as client:
        for model, requests, tokens in (
            ("gpt-4o", "10000", "30000000"),
            ("gpt-5-nano", "30000", "180000000"),
        ):
            answer = await client.responses.with_raw_response.create(model=model, input="hi")
            assert answer.headers["x-ratelimit-limit-requests"] == requests
            assert answer.headers["x-ratelimit-limit-tokens"] == tokens


def test_a_bucket_fills_evenly_and_never_above_its_limit() -> None:
    bucket = Bucket.full(500).take(500)
    assert (bucket.left, bucket.until_full) == (0, 60.0)
    assert bucket.now(6.0).left == 50
    assert bucket.now(1000.0).left == 500
    assert not bucket.now(0.1).fits(1)
    assert bucket.now(0.12).fits(1)


def test_many_callers_do_not_fill_the_memory() -> None:
    limiter = Limiter(Limits(rpm=1))
    for number in range(10_050):
        limiter.admit(f"key-{number}", "gpt-4o", 1, 0.0)
    assert len(limiter._accounts) == 10_000


@pytest.mark.parametrize("wrong", [{"rpm": 0}, {"tpm": -1}, {"rpm": True}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


# The other errors of capacity, planned or scripted, on all three ways to ask


@pytest.mark.parametrize("how", ["json", "stream", "socket"])
@pytest.mark.parametrize("told", ["fault", "script"])
async def test_a_planned_or_scripted_rate_limit_names_the_model_that_was_asked_for(
    how: str, told: str
) -> None:
    script = [{"error": {"code": "rate_limit_exceeded"}}] if told == "script" else []
    planned = [faults.at(turn=1).rate_limit()] if told == "fault" else []
    async with MockServer(script=script, faults=planned) as server, client_of(server) as client:
        if how == "socket":
            [frame] = await frames(server, model="gpt-4.1")
            assert frame["status"] == 429
            message = frame["error"]["message"]
        else:
            with pytest.raises(openai.RateLimitError) as caught:
                await client.responses.create(model="gpt-4.1", input="hi", stream=how == "stream")
            message = caught.value.body["message"]  # type: ignore[index, call-overload]
            assert caught.value.response.headers["retry-after"] == "2"
    assert message == (
        "Rate limit reached for gpt-4.1 in organization org-mock on tokens per min (TPM): "
        f"Limit 30000, Used 29000, Requested 2000. Please try again in 2s. {LINK}"
    )


async def test_a_reply_that_fails_for_its_rate_names_the_model_too() -> None:
    script = [{"failed": {"code": "rate_limit_exceeded"}}]
    async with MockServer(script=script) as server:
        told = await frames(server, model="gpt-4.1")
    assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
    assert list(told[-2]["error"]) == ["type", "code", "message", "param"]
    assert told[-2]["error"]["message"].startswith("Rate limit reached for gpt-4.1 in organization")


@pytest.mark.parametrize("how", ["json", "stream", "socket"])
@pytest.mark.parametrize(
    ("code", "status", "type", "begins"),
    [
        ("insufficient_quota", 429, "insufficient_quota", "You exceeded your current quota, please check"),
        ("server_is_overloaded", 503, "service_unavailable_error", "Our servers are currently overloaded."),
    ],
)
async def test_no_quota_and_no_capacity_have_exact_bodies(
    how: str, code: str, status: int, type: str, begins: str
) -> None:
    kind = {"insufficient_quota": "insufficient_quota", "server_is_overloaded": "overloaded"}[code]
    script = [reply("never", user="never"), {"when": {"user": "scripted"}, "error": {"code": code}}]
    for text, planned in (("scripted", ()), ("planned", (getattr(faults.at(turn=1), kind)(),))):
        async with MockServer(script=script, faults=planned) as server, client_of(server) as client:
            if how == "socket":
                [frame] = await frames(server, input=text)
                assert list(frame["error"]) == ["type", "code", "message", "param"]
                got, error = frame["status"], frame["error"]
            else:
                with pytest.raises(openai.APIStatusError) as caught:
                    await client.responses.create(model="gpt-4o", input=text, stream=how == "stream")
                got = caught.value.status_code
                error = caught.value.response.json()["error"]
                assert list(error) == ["message", "type", "param", "code"]
        assert (got, error["type"], error["code"], error["param"]) == (status, type, code, None)
        assert error["message"].startswith(begins)


def test_a_client_that_waits_as_it_is_told_gets_through_in_virtual_time() -> None:
    async def story() -> float:
        async with (
            MockServer(limits=Limits(rpm=2)) as server,
            AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=1) as client,
        ):
            for _ in range(6):
                assert (await client.responses.create(**ASK)).status == "completed"
            return asyncio.get_running_loop().time()

    assert 110 < run(story()) < 125  # two at once, then one in half a minute


async def test_a_compaction_counts_and_says_so_and_counting_tokens_does_not() -> None:
    async with MockServer(limits=Limits(rpm=2)) as server, aiohttp.ClientSession() as http:

        async def asked(path: str) -> tuple[int, list[str], str | None]:
            async with http.post(f"{server.base_url}/responses{path}", json=ASK) as answer:
                told = sorted(name for name in map(str.lower, answer.headers) if "ratelimit" in name)
                return answer.status, told, answer.headers.get("x-ratelimit-remaining-requests")

        six = [
            f"x-ratelimit-{what}-{of}"
            for what in ("limit", "remaining", "reset")
            for of in ("requests", "tokens")
        ]
        assert await asked("/compact") == (200, six, "1")
        assert await asked("/input_tokens") == (200, [], None)
        assert await asked("") == (200, six, "0")
        assert (await asked("/compact"))[0] == 429
