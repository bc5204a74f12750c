"""Virtual time: an hour in milliseconds, the same every time, over real sockets."""

import asyncio
import os
import threading
import time

import pytest
import websockets
from aiohttp import ClientSession, WSMsgType, web
from ninelives import virtual
from ninelives.virtual import VirtualDeadlock, VirtualLoop

RUNS = int(os.environ.get("NINELIVES_RUNS", "20"))
"""How often the same hour is run and compared; 200 for the full proof."""


def run(main, **options):
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(**options)) as runner:
        return runner.run(main)


async def serving(handler, *, heartbeat_free=True):
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, runner.addresses[0][1]


# --- waiting ---------------------------------------------------------------------------------------------


def test_a_day_of_sleep_takes_no_time():
    async def day():
        loop = asyncio.get_running_loop()
        assert loop.time() == 0
        await asyncio.sleep(86_400)
        return loop.time()

    assert virtual.run(day()) == 86_400


def test_timers_fire_in_order_and_at_their_very_time():
    async def main():
        loop = asyncio.get_running_loop()
        seen = []
        for delay in (0.3, 0.1, 0.2, 1e-6):
            loop.call_later(delay, lambda: seen.append(loop.time()))
        await asyncio.sleep(1)
        return seen

    assert virtual.run(main()) == [1e-6, 0.1, 0.2, 0.3]


def test_a_timeout_expires_at_its_virtual_moment():
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await loop.create_future()
        return loop.time()

    assert virtual.run(main()) == 600


# --- clocks ----------------------------------------------------------------------------------------------


def test_the_clocks_of_the_time_module_follow_the_loop():
    async def main():
        await asyncio.sleep(90)
        loop = asyncio.get_running_loop()
        assert time.monotonic() == time.perf_counter() == loop.time() == 90
        assert time.time() == virtual.WALL_EPOCH + 90
        assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time())) == "2026-01-01T00:01:30"
        assert time.time_ns() == (virtual.WALL_EPOCH + 90) * 10**9
        return time.monotonic_ns() / 1e9, time.perf_counter_ns() / 1e9

    real = time.time
    assert virtual.run(main()) == pytest.approx((90, 90))
    assert time.time is real


def test_other_threads_and_other_loops_keep_real_time():
    async def main():
        await asyncio.sleep(1000)
        return await asyncio.to_thread(lambda: (time.time(), time.monotonic()))

    before = time.time(), time.monotonic()
    wall, monotonic = virtual.run(main())
    assert before[0] <= wall <= time.time()
    assert before[1] <= monotonic <= time.monotonic()


def test_the_clocks_are_real_again_after_a_failure():
    async def main():
        raise ValueError("broken")

    real = time.monotonic
    with pytest.raises(ValueError, match="broken"):
        virtual.run(main())
    assert time.monotonic is real


# --- threads ---------------------------------------------------------------------------------------------


def test_the_clock_waits_for_executor_jobs():
    async def main():
        loop = asyncio.get_running_loop()
        release = threading.Event()
        threading.Timer(0.05, release.set).start()
        await asyncio.wait_for(asyncio.to_thread(release.wait), timeout=0.001)
        return loop.time()

    assert virtual.run(main()) == 0


def test_a_job_whose_waiter_gave_up_still_holds_the_clock():
    async def main():
        loop = asyncio.get_running_loop()
        release, finished = threading.Event(), []
        threading.Timer(0.05, release.set).start()
        job = loop.run_in_executor(None, lambda: (release.wait(), finished.append(True)))
        await asyncio.sleep(0)
        job.cancel()
        await asyncio.sleep(10)
        assert finished

    virtual.run(main())


def test_a_raw_thread_is_waited_for_when_announced():
    async def main():
        loop = asyncio.get_running_loop()
        called = loop.create_future()
        with loop.external():
            threading.Timer(0.05, loop.call_soon_threadsafe, [called.set_result, "hello"]).start()
            assert await asyncio.wait_for(called, timeout=0.01) == "hello"
        return loop.time()

    assert virtual.run(main()) == 0


def test_something_outside_that_never_comes_is_an_error():
    async def main():
        with asyncio.get_running_loop().external():
            await asyncio.sleep(1)

    with pytest.raises(VirtualDeadlock, match="external"):
        run(main(), patience=0.05)


# --- the end of all things -------------------------------------------------------------------------------


def test_a_deadlock_is_reported_with_the_tasks_that_wait():
    async def waits_for_ever():
        await asyncio.get_running_loop().create_future()

    async def main():
        await asyncio.gather(asyncio.create_task(waits_for_ever(), name="the culprit"))

    with pytest.raises(VirtualDeadlock) as caught:
        run(main(), grace=0.05)
    assert "nothing can happen" in str(caught.value)
    assert any("the culprit" in line and "waits_for_ever" in line for line in caught.value.tasks)
    assert "test_loop.py:" in str(caught.value)


def test_timers_that_only_re_arm_are_a_deadlock_too():
    async def main():
        loop = asyncio.get_running_loop()

        def ping():
            loop.call_later(20, ping)

        ping()
        await loop.create_future()

    with pytest.raises(VirtualDeadlock, match="never comes"):
        run(main(), horizon=3600)


def test_uvloop_is_refused_with_the_reason():
    class Loop(asyncio.SelectorEventLoop):
        pass

    Loop.__module__ = "uvloop"
    loop = Loop()
    try:
        with pytest.raises(virtual.NotVirtual, match=r"uvloop keeps its timers in C"):
            virtual.require_virtual(loop)
    finally:
        loop.close()


def test_a_plain_loop_is_refused_with_the_remedy():
    async def main():
        virtual.require_virtual()

    with pytest.raises(virtual.NotVirtual, match="virtual_time"):
        asyncio.run(main())


# --- sockets ---------------------------------------------------------------------------------------------


async def hour_of_chat():
    """A message a minute for an hour, pings every 20 s, then the server goes; a log with virtual times."""
    loop = asyncio.get_running_loop()
    log = []

    async def chat(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        loop.call_later(3600, lambda: loop.create_task(socket.close(code=1001, message=b"bye")))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                log.append((loop.time(), "server", message.data))
                await socket.send_str(message.data.upper())
        return socket

    runner, port = await serving(chat)
    async with websockets.connect(
        f"ws://127.0.0.1:{port}/", ping_interval=20, ping_timeout=20, compression=None
    ) as client:
        try:
            for number in range(100):
                await client.send(f"message {number}")
                async with asyncio.timeout(600):
                    log.append((loop.time(), "client", await client.recv()))
                await asyncio.sleep(60)
        except websockets.ConnectionClosed as closed:
            log.append((loop.time(), "closed", closed.rcvd.code))
    await runner.cleanup()
    return log


@pytest.mark.parametrize("settle", [None, 0.0005], ids=["kernel", "poll"])
def test_an_hour_over_a_real_websocket_is_the_same_every_time(settle):
    logs = [run(hour_of_chat(), settle=settle) for _ in range(RUNS if settle is None else 5)]
    assert logs[0][-1] == (3600, "closed", 1001)
    assert len(logs[0]) == 121
    assert all(log == logs[0] for log in logs)


def test_a_peer_that_went_silent_is_noticed_on_time():
    async def main():
        loop = asyncio.get_running_loop()

        async def deaf(request):
            socket = web.WebSocketResponse(autoping=False)
            await socket.prepare(request)
            request.transport.pause_reading()
            await asyncio.sleep(3600)
            return socket

        runner, port = await serving(deaf)
        client = await websockets.connect(
            f"ws://127.0.0.1:{port}/", ping_interval=20, ping_timeout=20, close_timeout=10
        )
        with pytest.raises(websockets.ConnectionClosedError, match="keepalive ping timeout"):
            await client.recv()
        noticed = loop.time()
        await runner.cleanup()
        return noticed

    assert virtual.run(main()) == 50


@pytest.mark.parametrize("mebibytes", [1, 16])
def test_the_clock_does_not_run_while_megabytes_are_in_flight(mebibytes):
    size = mebibytes * 2**20

    async def main():
        loop = asyncio.get_running_loop()

        async def big(request):
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(3):
                await response.write(b"x" * size)
                await asyncio.sleep(1)
            return response

        runner, port = await serving(big)
        arrivals = []
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
            total = 0
            async for chunk, _ in response.content.iter_chunks():
                total += len(chunk)
                if chunk and total % size == 0:
                    arrivals.append(loop.time())
        await runner.cleanup()
        return arrivals

    assert virtual.run(main()) == [0, 1, 2]


def test_bytes_nobody_reads_do_not_stop_the_clock():
    async def main():
        loop = asyncio.get_running_loop()

        async def stubborn(reader, writer):
            writer.transport.pause_reading()
            await asyncio.sleep(100)
            writer.close()

        server = await asyncio.start_server(stubborn, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x" * 2**24)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 30)
        stopped = loop.time()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(writer.drain(), 300)
        hung_up = loop.time()
        writer.transport.abort()
        server.close()
        return stopped, hung_up

    assert virtual.run(main()) == (30, 100)


def test_a_large_last_word_arrives_before_the_clock_moves():
    """The sender closes at once; kernel buffers still hold most of what it wrote."""

    async def main():
        loop = asyncio.get_running_loop()

        async def parting(reader, writer):
            writer.write(b"x" * 2**21)
            writer.close()

        server = await asyncio.start_server(parting, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        loop.call_later(0.5, lambda: None)
        received = len(await reader.read(-1))
        writer.close()
        server.close()
        return received, loop.time()

    assert virtual.run(main()) == (2**21, 0)
