"""What the pages of the docs show runs as it stands, in a clean folder and an empty environment."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.pages import DOCS, read, script, unlike

from .conftest import ROOT, Newcomer, blocks

BOT = ("start/pipecat.md", "bot.py")

FOLLOWED = {
    "start/pipecat.md": (),
    "start/python.md": (),
    "start/ci.md": (BOT,),
}
"""The pages that are followed from top to bottom, each with the files that its reader has already."""

ELSEWHERE = {"start/node.md": "tests/clients/test_start_node.py"}
"""Pages that need more than Python, and the tests that follow them."""

SHOWN = {
    "how-to/write-a-fault.md": 1,
    "reference/cassettes.md": 3,
    "how-to/explore.md": 2,
    "reference/incidents.md": 1,
    "reference/latency.md": 1,
    "reference/options.md": 1,
    "how-to/judge-a-bot.md": 4,
    "reference/mock-server.md": 4,
    "reference/services.md": 1,
    "understand/virtual-time.md": 2,
    "reference/voice.md": 2,
}
"""How many blocks of Python each page shows. Who adds one adds it to a test below."""


def page(name: str) -> list[str]:
    """The Python of a page."""
    return blocks(f"docs/{name}")


def test_every_block_of_python_is_in_a_test() -> None:
    docs = ROOT / "docs"
    written = [path.relative_to(docs) for path in docs.rglob("*.md") if path.parent.name != "pages"]
    written = [path for path in written if path.as_posix() not in {*FOLLOWED, *ELSEWHERE}]
    found = {path.as_posix(): len(page(path.as_posix())) for path in written if page(path.as_posix())}
    assert found == SHOWN


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_page_from_top_to_bottom(newcomer: Newcomer, name: str) -> None:
    said = newcomer.types(script(name, FOLLOWED[name]))
    assert unlike(name, said) == []


def test_every_page_of_start_is_followed_and_every_block_of_it_has_a_use() -> None:
    pages = {path.relative_to(DOCS).as_posix() for path in (DOCS / "start").glob("*.md")}
    assert pages == {name for name in [*FOLLOWED, *ELSEWHERE] if name.startswith("start/")}
    for name in [*FOLLOWED, *ELSEWHERE]:
        for block in read(name):
            assert block.name or block.language in ("sh", "text", "console"), (name, block.text)


def test_latency(newcomer: Newcomer) -> None:
    newcomer.write("test_page.py", page("reference/latency.md")[0])
    assert "2 passed" in newcomer.types("pytest")


def test_voice(newcomer: Newcomer) -> None:
    newcomer.write("test_page.py", "\n".join(page("reference/voice.md")))
    assert "2 passed" in newcomer.types("pytest")


def test_incidents(newcomer: Newcomer) -> None:
    adding = (
        "worker = PipelineWorker(pipeline)\n"
        + page("reference/incidents.md")[0]
        + "await runner.add_workers(worker)\n"
    )
    bot, line = page("reference/voice.md")[0], "    await runner.add_workers(PipelineWorker(pipeline))\n"
    assert line in bot
    newcomer.write("test_page.py", bot.replace(line, textwrap.indent(adding, "    ")))
    assert "1 passed" in newcomer.types("pytest")
    assert not list(newcomer.folder.glob("incidents/*"))


def test_virtual_time(newcomer: Newcomer) -> None:
    test, program = page("understand/virtual-time.md")
    newcomer.write("test_page.py", test)
    assert "1 passed" in newcomer.types("pytest")
    newcomer.write("program.py", program)
    newcomer.types("python program.py")


@pytest.mark.parametrize("conftest", page("reference/cassettes.md")[1:])
def test_cassettes(newcomer: Newcomer, conftest: str) -> None:
    newcomer.write("test_page.py", page("reference/cassettes.md")[0])
    newcomer.write("conftest.py", conftest)
    newcomer.write(
        "record.py",
        """
        import asyncio, os, subprocess, sys
        from mock_openai import MockServer, reply

        async def main():
            async with MockServer(script=[reply("Hello.")]) as server:
                environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "any"}
                command = [sys.executable, "-m", "pytest", "--cassette-mode=once"]
                process = await asyncio.create_subprocess_exec(*command, env=environment)
                raise SystemExit(await process.wait())

        asyncio.run(main())
        """.replace("\n        ", "\n"),
    )
    newcomer.types("python record.py")
    assert "1 passed" in newcomer.types("pytest --cassette-mode=none --block-network")


def test_scenarios(newcomer: Newcomer) -> None:
    bot, conftest, as_tests, scenario = page("how-to/judge-a-bot.md")
    newcomer.write("my_bot.py", bot)
    newcomer.write("test_bot.py", as_tests)
    newcomer.write("scenario.py", scenario)
    newcomer.types("python scenario.py")
    newcomer.types('ninelives verdict my_bot:run_bot --scenario "reset_in_mid_*"')
    assert " passed" in newcomer.types("pytest -k idle_close")
    newcomer.write("conftest.py", conftest)
    newcomer.write("pytest.ini", "[pytest]\nninelives_scenarios = reset_in_mid_*\n")
    assert "scenarios::reset_in_mid_sentence PASSED" in newcomer.types("pytest -v -k reset_in_mid_")


def test_exploring(newcomer: Newcomer) -> None:
    service, program = page("how-to/explore.md")
    newcomer.write("my_bot.py", service)
    newcomer.write("explore.py", program.replace("runs=100", "runs=10"))
    newcomer.types("python explore.py")


def test_server_and_options(newcomer: Newcomer) -> None:
    first, rule, strict, sessions = page("reference/mock-server.md")
    ask = 'await client.responses.create(model="gpt-4.1", input={!r})'
    program = [
        "import asyncio\nfrom openai import AsyncOpenAI",
        "from mock_openai import Behaviour, MockServer, faults, reply",
        "async def one():",
        textwrap.indent(first.replace("...", ask.format("Hi"), 1), "    "),
        "async def two():",
        "    async with MockServer() as server:",
        "        client = AsyncOpenAI(base_url=server.base_url, api_key='any')",
        textwrap.indent(rule.replace("...", ask.format("weather"), 1), " " * 8),
        "async def three():",
        textwrap.indent(sessions.replace("...", ask.format("Hi"), 1), "    "),
        page("reference/options.md")[0],
        "for story in (one, two, three):\n    asyncio.run(story())\n",
    ]
    newcomer.write("program.py", "\n".join(program))
    newcomer.types("python program.py")
    newcomer.write("test_strict.py", f"import pytest\n\n{strict}\ndef test_it(openai_server): pass\n")
    assert "1 passed" in newcomer.types("pytest")


def test_faults_and_services(newcomer: Newcomer) -> None:
    fault = page("how-to/write-a-fault.md")[0].replace('"duplicate"', '"duplicate_of_mine"')
    newcomer.write("fault.py", fault)
    newcomer.types("python fault.py")
    newcomer.write("services.py", re.sub(r"#.*", "", page("reference/services.md")[0]))
    newcomer.types("python services.py")
