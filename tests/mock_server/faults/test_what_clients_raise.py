"""What six real clients make of each fault: how much they had received, and what they raise then.

This is the table that a bot's author wants: which exception means a reset, which a proxy that spoils
frames, and which faults raise nothing at all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx2
import openai
import pytest
import websockets
from mock_openai import MockServer, Text, faults, reply
from openai import AsyncOpenAI

ASK = {"model": "gpt-4o", "input": "hi"}
SCRIPT = [reply(Text("one two three four five six", deltas=6))]
HERE = faults.at(event="response.output_text.delta", nth=3)
BEFORE = 4 + 2  # created, in_progress, item added, part added, two deltas
WHOLE = 4 + 6 + 4
PATIENCE = 5.0
"""Seconds without a byte after which a client gives up; less where silence is what the test is about."""
SILENCE = 0.3


@dataclass
class Got:
    """What a client was given."""

    events: list[str] = field(default_factory=list)
    raised: str = "nothing"
    """The exception's type and, after an arrow, its cause's; for closed sockets the two close codes."""
    said: str = ""


async def openai_sse(got: Got, base_url: str, ws_url: str, patience: float) -> None:
    async with AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0, timeout=patience) as client:
        async for event in await client.responses.create(**ASK, stream=True):
            got.events.append(event.type)


async def httpx_sse(got: Got, base_url: str, ws_url: str, patience: float) -> None:
    async with (
        httpx2.AsyncClient(timeout=patience) as client,
        client.stream("POST", base_url + "/responses", json={**ASK, "stream": True}) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                got.events.append(line[7:])
        got.said = str(answer.status_code)


async def aiohttp_sse(got: Got, base_url: str, ws_url: str, patience: float) -> None:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=patience)) as session,
        session.post(base_url + "/responses", json={**ASK, "stream": True}) as answer,
    ):
        async for line in answer.content:
            if line.startswith(b"event: "):
                got.events.append(line[7:].decode().strip())
        got.said = str(answer.status)


async def websockets_socket(got: Got, base_url: str, ws_url: str, patience: float) -> None:
    async with websockets.connect(
        ws_url, ping_interval=patience, ping_timeout=patience, close_timeout=patience, open_timeout=patience
    ) as raw:
        await raw.send(json.dumps({"type": "response.create", **ASK}))
        while "response.completed" not in got.events:
            got.events.append(_type(await asyncio.wait_for(raw.recv(), 4 * patience)))


async def openai_socket(got: Got, base_url: str, ws_url: str, patience: float) -> None:
    async with (
        AsyncOpenAI(
            base_url=base_url, websocket_base_url=ws_url.removesuffix("/responses"), api_key="any"
        ) as client,
        client.responses.connect() as connection,
    ):
        await connection.response.create(**ASK)
        async with asyncio.timeout(4 * patience):
            async for event in connection:
                got.events.append(event.type)
                if event.type == "response.completed":
                    return


async def aiohttp_socket(got: Got, base_url: str, ws_url: str, patience: float) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(ws_url, heartbeat=patience) as raw:
        await raw.send_json({"type": "response.create", **ASK})
        while "response.completed" not in got.events:
            message = await raw.receive(4 * patience)
            if message.type is not aiohttp.WSMsgType.TEXT:
                got.raised = f"{message.type.name} {raw.close_code:d}"  # a message: it raises nothing, ever
                return
            got.events.append(_type(message.data))


def _type(text: str | bytes) -> str:
    try:
        return str(json.loads(text)["type"])
    except ValueError as error:
        return type(error).__name__


Client = Callable[[Got, str, str, float], Awaitable[None]]


async def struck(
    client: Client, planned: faults.Planned, patience: float = PATIENCE, tls: bool = False
) -> Got:
    got = Got()
    async with MockServer(script=SCRIPT, faults=[planned]) as server:
        urls = [server.base_url, server.ws_url]
        if tls:
            urls = [url.replace("http://", "https://").replace("ws://", "wss://") for url in urls]
        try:
            await client(got, urls[0], urls[1], patience)
        except Exception as error:
            got.said = str(error)
            got.raised = type(error).__name__
            if isinstance(error, websockets.ConnectionClosed):
                codes = (close.code if close else None for close in (error.rcvd, error.sent))
                got.raised += " {} {}".format(*codes)
            elif error.__cause__ is not None:
                got.raised += f" <- {type(error.__cause__).__name__}"
    return got


def table(text: str) -> list[Any]:
    """Rows of `fault | client: events, what is raised | ...` as parameters."""
    rows = []
    for line in text.strip().splitlines():
        fault, *cells = (cell.strip() for cell in line.split("|"))
        for cell in cells:
            client, _, expected = cell.partition(": ")
            rows.append(pytest.param(fault, client, expected, id=f"{fault}-{client}"))
    return rows


OPENAI = tuple(map(int, openai.__version__.split(".")[:2]))
POINTS = {"here": HERE, "asked": faults.at(turn=1), "opening": faults.at(connection=1)}
CLIENTS = {each.__name__: each for each in (openai_sse, httpx_sse, aiohttp_sse)} | {
    each.__name__: each for each in (websockets_socket, openai_socket, aiohttp_socket)
}


def planned(name: str) -> faults.Planned:
    """`here reset`, `asked server_error`, `here bad_frame opcode`: where, what, with which parameter."""
    where, kind, *given = name.split()
    parameters: list[Any] = [int(each) if each.isdigit() else each for each in given]
    fault: faults.Planned = getattr(POINTS[where], kind)(*parameters)
    return fault


STREAMS = table("""
asked reset | openai_sse: 0 APIConnectionError <- ReadError | httpx_sse: 0 ReadError <- ReadError
asked reset | aiohttp_sse: 0 ClientOSError <- ConnectionResetError
asked fin | openai_sse: 0 APIConnectionError <- RemoteProtocolError
asked fin | httpx_sse: 0 RemoteProtocolError <- RemoteProtocolError | aiohttp_sse: 0 ServerDisconnectedError
here reset | openai_sse: 6 APIConnectionError <- ReadError | httpx_sse: 6 ReadError <- ReadError
here reset | aiohttp_sse: 6 ClientPayloadError <- TransferEncodingError
here fin | openai_sse: 6 APIConnectionError <- RemoteProtocolError
here fin | httpx_sse: 6 RemoteProtocolError <- RemoteProtocolError
here fin | aiohttp_sse: 6 ClientPayloadError <- TransferEncodingError
here truncate | openai_sse: 6 APIConnectionError <- RemoteProtocolError
here truncate | aiohttp_sse: 7 ClientPayloadError <- TransferEncodingError
here bad_chunk | openai_sse: 6 APIConnectionError <- RemoteProtocolError
here bad_chunk | httpx_sse: 6 RemoteProtocolError <- RemoteProtocolError
here malformed_json | openai_sse: 6 JSONDecodeError | httpx_sse: 14 nothing | aiohttp_sse: 14 nothing
here invalid_utf8 | openai_sse: 6 UnicodeDecodeError | httpx_sse: 14 nothing | aiohttp_sse: 14 nothing
here oversize_frame | openai_sse: 14 nothing | httpx_sse: 14 nothing | aiohttp_sse: 7 LineTooLong
here duplicate | openai_sse: 15 nothing
here drop | openai_sse: 13 nothing
here reorder | openai_sse: 14 nothing
here unknown_event | openai_sse: 15 nothing
asked missing_terminal | openai_sse: 13 nothing | httpx_sse: 13 nothing | aiohttp_sse: 13 nothing
here server_error | openai_sse: 6 APIError | httpx_sse: 8 nothing
asked server_error | openai_sse: 0 InternalServerError | httpx_sse: 0 nothing
asked rate_limit | openai_sse: 0 RateLimitError
asked empty_reply | openai_sse: 3 nothing
here incomplete | openai_sse: 10 nothing
opening handshake_status 401 | openai_sse: 0 AuthenticationError
opening handshake_status 429 | openai_sse: 0 RateLimitError
opening handshake_reset | openai_sse: 0 APIConnectionError <- ReadError
opening refuse | openai_sse: 0 APIConnectionError <- ReadError
""")

ON_SOCKETS = table("""
asked reset | websockets_socket: 0 ConnectionClosedError None None | aiohttp_socket: 0 CLOSED 1006
here reset | websockets_socket: 6 ConnectionClosedError None None
here reset | openai_socket: 6 ConnectionClosedError None None | aiohttp_socket: 6 CLOSED 1006
here fin | websockets_socket: 6 ConnectionClosedError None None
here fin | openai_socket: 6 ConnectionClosedError None None | aiohttp_socket: 6 CLOSED 1006
here truncate | websockets_socket: 6 ConnectionClosedError None None | aiohttp_socket: 6 CLOSED 1006
here close 1000 | websockets_socket: 6 ConnectionClosedOK 1000 1000 | aiohttp_socket: 6 CLOSE 1000
here close 1001 | websockets_socket: 6 ConnectionClosedOK 1001 1001 | openai_socket: 6 nothing
here close 1008 | websockets_socket: 6 ConnectionClosedError 1008 1008 | aiohttp_socket: 6 CLOSE 1008
here close 1011 | websockets_socket: 6 ConnectionClosedError 1011 1011
here close 1011 | openai_socket: 6 ConnectionClosedError 1011 1011 | aiohttp_socket: 6 CLOSE 1011
here close_no_status | websockets_socket: 6 ConnectionClosedOK 1005 1005 | openai_socket: 6 nothing
here malformed_json | websockets_socket: 14 nothing | openai_socket: 6 JSONDecodeError
here invalid_utf8 | websockets_socket: 6 ConnectionClosedError None 1007
here invalid_utf8 | openai_socket: 6 UnicodeDecodeError | aiohttp_socket: 6 ERROR 1007
here oversize_frame | websockets_socket: 6 ConnectionClosedError None 1009
here oversize_frame | openai_socket: 14 nothing | aiohttp_socket: 6 ERROR 1009
here bad_frame reserved_bits | websockets_socket: 6 ConnectionClosedError None 1002
here bad_frame reserved_bits | openai_socket: 6 ConnectionClosedError None 1002 | aiohttp_socket: 6 ERROR 1002
here bad_frame opcode | websockets_socket: 6 ConnectionClosedError None 1002
here bad_frame opcode | openai_socket: 6 ConnectionClosedError None 1002 | aiohttp_socket: 6 ERROR 1002
here bad_frame mask | websockets_socket: 6 ConnectionClosedError None 1002
here bad_frame mask | openai_socket: 6 ConnectionClosedError None 1002 | aiohttp_socket: 14 nothing
here bad_frame oversize | websockets_socket: 6 ConnectionClosedError None 1009 | aiohttp_socket: 6 ERROR 1009
here duplicate | websockets_socket: 15 nothing | openai_socket: 15 nothing
here drop | websockets_socket: 13 nothing
here reorder | websockets_socket: 14 nothing | openai_socket: 14 nothing
here unknown_event | websockets_socket: 15 nothing | openai_socket: 15 nothing
asked connection_limit | websockets_socket: 1 ConnectionClosedOK 1001 1001 | aiohttp_socket: 1 CLOSE 1001
opening handshake_status 401 | websockets_socket: 0 InvalidStatus | openai_socket: 0 InvalidStatus
opening handshake_status 426 | websockets_socket: 0 InvalidStatus | aiohttp_socket: 0 WSServerHandshakeError
opening handshake_reset | websockets_socket: 0 InvalidMessage <- EOFError
opening handshake_reset | openai_socket: 0 InvalidMessage <- EOFError | aiohttp_socket: 14 nothing
opening refuse | websockets_socket: 0 InvalidMessage <- EOFError
""")

SILENT = table("""
asked half_open | openai_sse: 0 APITimeoutError <- ReadTimeout | aiohttp_sse: 0 SocketTimeoutError
here half_open | openai_sse: 6 APITimeoutError <- ReadTimeout | httpx_sse: 6 ReadTimeout <- ReadTimeout
here half_open | aiohttp_sse: 6 SocketTimeoutError
here half_open | websockets_socket: 6 ConnectionClosedError None 1011 | aiohttp_socket: 6 ERROR 1006
here stall | openai_sse: 6 APITimeoutError <- ReadTimeout
opening handshake_hang | openai_sse: 0 APITimeoutError <- ReadTimeout
opening handshake_hang | websockets_socket: 0 TimeoutError <- TimeoutError
""")


@pytest.mark.parametrize(("fault", "client", "expected"), [*STREAMS, *ON_SOCKETS])
async def test_what_a_client_had_received_and_what_it_raises(fault: str, client: str, expected: str) -> None:
    if (fault, client) == ("here oversize_frame", "openai_socket") and OPENAI < (3, 40):
        pytest.skip("this openai limits the size of frames")
    got = await struck(CLIENTS[client], planned(fault))
    assert f"{len(got.events)} {got.raised}" == expected


@pytest.mark.parametrize(("fault", "client", "expected"), SILENT)
async def test_what_a_client_raises_when_nothing_comes(fault: str, client: str, expected: str) -> None:
    got = await struck(CLIENTS[client], planned(fault), patience=SILENCE)
    assert f"{len(got.events)} {got.raised}" == expected


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_server_that_is_away_refuses_every_client(client: str) -> None:
    async with MockServer(script=SCRIPT) as server:
        urls = server.base_url, server.ws_url
        server.faults.add(faults.at(connection=1).refuse(30))
        async with httpx2.AsyncClient() as first:
            with pytest.raises(httpx2.ReadError):
                await first.get(server.base_url + "/models")
        with pytest.raises(Exception, match=r"(?i)connect") as raised:
            await CLIENTS[client](Got(), *urls, PATIENCE)
    told = {
        "openai_sse": "APIConnectionError",
        "httpx_sse": "ConnectError",
        "aiohttp_sse": "ClientConnectorError",
        "websockets_socket": "ConnectionRefusedError",
        "openai_socket": "ConnectionRefusedError",
        "aiohttp_socket": "ClientConnectorError",
    }
    assert type(raised.value).__name__ == told[client]


# TLS


@pytest.mark.parametrize(
    ("client", "raised"),
    [
        ("openai_sse", "APIConnectionError <- ConnectError"),
        ("httpx_sse", "ConnectError <- ConnectError"),
        ("aiohttp_sse", "ClientConnectorSSLError <- SSLError"),
        ("websockets_socket", "SSLError"),
        ("openai_socket", "SSLError"),
        ("aiohttp_socket", "ClientConnectorSSLError <- SSLError"),
    ],
)
async def test_what_a_client_raises_when_the_tls_handshake_fails(client: str, raised: str) -> None:
    got = await struck(CLIENTS[client], faults.at(connection=1).tls_failure("internal_error"), tls=True)
    assert got.raised == raised
    assert (
        "TLSV1_ALERT_INTERNAL_ERROR" in got.said or client == "openai_sse"
    )  # which says only "Connection error."


async def test_a_tls_client_is_turned_down_without_a_fault_too_and_the_journal_says_so() -> None:
    async with MockServer(script=SCRIPT, faults=[faults.at(connection=2).handshake_reset()]) as server:
        got = Got()
        for expected in ("SSLV3_ALERT_HANDSHAKE_FAILURE", "reset by peer"):
            with pytest.raises(OSError, match=expected):
                await websockets_socket(got, "", server.ws_url.replace("ws:", "wss:"), PATIENCE)
        await websockets_socket(got, "", server.ws_url, PATIENCE)
        assert got.events[-1] == "response.completed", "a plain client is served as before"
    opened = [each.data for each in server.journal.entries if each.kind == "open"]
    assert [each["path"] for each in opened] == ["(TLS)", "(TLS)", "/v1/responses"]
    assert [each.data["fault"] for each in server.journal.entries if each.kind == "fault"] == [
        "handshake_reset"
    ]


# Faults that a transport does not have


@pytest.mark.parametrize(
    ("client", "fault", "advice"),
    [
        ("openai_sse", HERE.bad_frame(), "bad_frame works only on WebSockets; over HTTP use bad_chunk."),
        ("openai_sse", faults.at(connection=1).tls_failure(), "a client that uses https:// or wss://"),
    ],
)
async def test_a_fault_of_another_transport_says_so_in_one_line(client: str, fault: Any, advice: str) -> None:
    assert advice in (await struck(CLIENTS[client], fault)).said


async def test_a_bad_chunk_on_a_socket_is_an_error_event_that_says_so() -> None:
    async with (
        MockServer(script=SCRIPT, faults=[HERE.bad_chunk()]) as server,
        websockets.connect(server.ws_url) as raw,
    ):
        await raw.send(json.dumps({"type": "response.create", **ASK}))
        told = [json.loads(await raw.recv()) for _ in range(BEFORE + 2)]
    assert told[BEFORE]["error"]["message"] == "bad_chunk works only over HTTP; on a WebSocket use bad_frame."
    assert told[-1]["type"] == "response.failed"


# Order


@pytest.mark.parametrize(
    ("plan", "numbers"),
    [
        ([HERE.reorder()], [5, 7, 6, 8]),
        ([HERE.reorder(by=2)], [5, 7, 8, 6]),
        ([faults.at(event="terminal").reorder()], [5, 6, 7, 8]),
        ([HERE.reorder(), HERE.reorder()], [5, 7, 6, 8]),
        ([HERE.reorder(by=2), HERE.reorder()], [5, 7, 8, 6]),
    ],
)
async def test_a_reordered_event_keeps_its_number(plan: list[faults.Planned], numbers: list[int]) -> None:
    async with MockServer(script=SCRIPT, faults=plan) as server, websockets.connect(server.ws_url) as raw:
        await raw.send(json.dumps({"type": "response.create", **ASK}))
        told = [json.loads(await raw.recv())["sequence_number"] for _ in range(WHOLE)]
    assert told[BEFORE - 1 : BEFORE + 3] == numbers
    assert sorted(told) == list(range(WHOLE))


async def test_an_event_reordered_beyond_the_end_leaves_last() -> None:
    fault = faults.at(event="response.output_item.done").reorder(by=9)
    async with MockServer(script=SCRIPT, faults=[fault]) as server:
        got = Got()
        await httpx_sse(got, server.base_url, "", PATIENCE)
    assert got.events[-2:] == ["response.completed", "response.output_item.done"]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("reorder", 0), ("bad_chunk", "ff"), ("bad_frame", "upside_down"), ("tls_failure", "x")],
)
def test_parameters_that_make_no_sense_are_refused_in_one_line(kind: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=f"^{kind}[^\n]*{wrong!r}[^\n]*$"):
        getattr(HERE, kind)(wrong)
