"""--block-network: nothing leaves the machine, and who tried is named."""

import pytest

REACHES = """
import socket, asyncio

def test_address():
    with socket.socket() as s:
        s.settimeout(0.1)
        s.connect(("192.0.2.1", 80))

def test_name():
    socket.create_connection(("api.openai.invalid", 443), timeout=0.1)

async def test_loop():
    await asyncio.open_connection("192.0.2.7", 8080)

async def test_a_client_that_swallows_it():
    try:
        await asyncio.open_connection("192.0.2.9", 8080)
    except Exception:
        pass

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

async def test_localhost():
    server = await asyncio.start_server(lambda r, w: w.close(), "localhost", 0)
    await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
    server.close()
"""


def check(result):
    result.assert_outcomes(passed=2, failed=4)
    for line in (
        "*NetworkBlocked: test_it.py::test_address tried to reach 192.0.2.1:80*--block-network*",
        "*NetworkBlocked: test_it.py::test_name tried to reach api.openai.invalid:443*",
        "*NetworkBlocked: test_it.py::test_loop tried to reach 192.0.2.7:8080*",
        "*test_it.py::test_a_client_that_swallows_it passed, but tried to reach 192.0.2.9:8080*",
    ):
        result.stdout.fnmatch_lines([line])


def test_by_option(project):
    check(project.ini("asyncio_mode = auto").test(REACHES).run("--block-network"))


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.thorough)])
def test_by_ini_key(project, workers):
    check(project.ini("asyncio_mode = auto\nblock_network = true").test(REACHES).run(*workers))


def test_off_by_default(project):
    source = "import socket\ndef test_it():\n    assert 'Guard' not in repr(socket.socket.connect)\n"
    project.test(source).run().assert_outcomes(passed=1)
