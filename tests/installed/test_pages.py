"""What the pages of the docs show runs as it stands, in a clean folder and an empty environment."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

import pytest

from tests.pages import DOCS, read, saved, script, unlike

from .conftest import Newcomer, blocks

BOT = (("start/pipecat.md", "bot.py"),)
"""The bot of the first page, which others go on with."""

FOLLOWED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "start/pipecat.md": (),
    "start/python.md": (),
    "start/ci.md": BOT,
    "how-to/test-a-whole-bot.md": BOT,
    "how-to/talk-to-your-bot.md": BOT,
    "how-to/barge-in-and-latency.md": BOT,
    "how-to/judge-a-bot.md": BOT,
    "how-to/explore.md": (),
    "how-to/record-and-replay.md": (),
    "how-to/reproduce-a-dropped-call.md": (),
    "how-to/survive-the-60-minute-limit.md": BOT,
    "how-to/pipecat-evals.md": BOT,
    "how-to/break-the-real-api.md": (),
    "how-to/run-in-ci.md": (),
    "how-to/share-a-server.md": (),
    "how-to/point-a-client.md": (),
    "how-to/migrate.md": (),
    "how-to/write-a-fault.md": (),
    "how-to/write-a-scenario.md": BOT,
    "how-to/write-a-responder.md": (),
}
"""The pages that are followed from top to bottom, each with the files that its reader has already."""

ELSEWHERE = {"start/node.md": "tests/clients/test_start_node.py"}
"""Pages that need more than Python, and the tests that follow them."""

SHOWN = {
    "how-to/reproduce-a-dropped-call.md": 1,
    "reference/incidents.md": 1,
    "reference/mock-server.md": 3,
    "reference/options.md": 1,
    "reference/services.md": 1,
    "reference/voice.md": 2,
    "understand/virtual-time.md": 2,
}
"""How many blocks of Python without a name each page shows. Each of them is in a test below."""


def page(name: str) -> list[str]:
    """The Python of a page."""
    return blocks(f"docs/{name}")


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_page_from_top_to_bottom(newcomer: Newcomer, name: str) -> None:
    said = newcomer.types(script(name, FOLLOWED[name]))
    assert unlike(name, said) == []


def test_every_task_is_followed() -> None:
    pages = {
        path.relative_to(DOCS).as_posix()
        for part in ("start", "how-to")
        for path in (DOCS / part).glob("*.md")
    }
    assert pages == {*FOLLOWED, *ELSEWHERE}
    for name in pages:
        saving = re.findall(r"[Ss]ave (?:this|it) as", (DOCS / name).read_text("utf-8"))
        assert len(saving) <= len([block for block in read(name) if block.name and not block.added]), name


def test_every_block_of_python_is_in_a_test() -> None:
    written = [
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.parent.name != "pages"
    ]
    unnamed = {
        name: len([each for each in read(name) if each.language == "python" and each.name is None])
        for name in written
    }
    assert {name: count for name, count in unnamed.items() if count} == SHOWN


def test_latency(newcomer: Newcomer) -> None:
    newcomer.write("test_page.py", page("reference/latency.md")[0])
    assert "2 passed" in newcomer.types("pytest")


def test_incidents(newcomer: Newcomer) -> None:
    assert page("reference/incidents.md") == page("how-to/reproduce-a-dropped-call.md")
    box = (
        "worker = PipelineWorker(pipeline)\n"
        + page("reference/incidents.md")[0]
        + "await runner.add_workers(worker)\n"
    )
    bot, line = saved(*BOT[0]), "    await runner.add_workers(PipelineWorker(pipeline))\n"
    assert line in bot
    newcomer.write("bot.py", bot.replace(line, textwrap.indent(box, "    ")))
    newcomer.write("test_bot.py", saved("start/pipecat.md", "test_bot.py"))
    assert "2 passed" in newcomer.types("pytest")
    assert not list(newcomer.folder.glob("incidents/*"))


def test_functions_that_give_a_bot_what_only_its_server_knows(newcomer: Newcomer) -> None:
    parameter, body = page("reference/voice.md")
    newcomer.write(
        "program.py",
        "import asyncio\n"
        "from ninelives.bot.runner_arguments import HostedArguments\n\n\n"
        "async def run_bot(websocket, lead):\n    print(lead['name'])\n\n\n"
        "async def bot(runner_args):\n    print(*runner_args.body)\n\n\n"
        f"{parameter}\n\nasyncio.run(my_bot(HostedArguments().websocket))\n\n\n"
        f"{body}\n\nasyncio.run(my_bot(HostedArguments()))\n",
    )
    assert newcomer.types("python program.py").splitlines()[-2:] == ["Ada", "dialout_settings"]


def test_virtual_time(newcomer: Newcomer) -> None:
    test, program = page("understand/virtual-time.md")
    newcomer.write("test_page.py", test)
    assert "1 passed" in newcomer.types("pytest")
    newcomer.write("program.py", program)
    newcomer.types("python program.py")


def test_server_and_options(newcomer: Newcomer) -> None:
    first, strict, rule = page("reference/mock-server.md")
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
        page("reference/options.md")[0],
        "for story in (one, two):\n    asyncio.run(story())\n",
    ]
    newcomer.write("program.py", "\n".join(program))
    newcomer.types("python program.py")
    newcomer.write("test_strict.py", f"import pytest\n\n{strict}\ndef test_it(openai_server): pass\n")
    assert "1 passed" in newcomer.types("pytest")


def test_services(newcomer: Newcomer) -> None:
    newcomer.write("services.py", re.sub(r"#.*", "", page("reference/services.md")[0]))
    newcomer.types("python services.py")
