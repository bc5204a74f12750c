"""Pages of the reference that are made from the code: commands, fixtures, settings, faults, names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from docs import formats_page, options_page

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/ninelives-dev/ninelives"


def pages() -> Mapping[str, str]:
    """Return the text of each page by its file's name."""
    from mock_openai.cli import app as of_the_server
    from ninelives.cli import app as of_the_harness

    return {
        "start.md": _of_the_repository("README.md"),
        "changelog.md": _of_the_repository("CHANGELOG.md"),
        "contributing.md": _of_the_repository("CONTRIBUTING.md"),
        "security.md": _of_the_repository("SECURITY.md"),
        "ninelives.md": _command_line("ninelives", of_the_harness),
        "mock-openai.md": _command_line("mock-openai", of_the_server),
        "pytest.md": _pytest(),
        "faults.md": _faults(),
        "promises.md": _promises(),
        "formats.md": formats_page.page(),
        "options.md": options_page.page(),
        "api-mock_openai.md": _names("mock_openai"),
        "api-pipecat_responses.md": _names("pipecat_responses"),
        "api-ninelives.md": _names("ninelives"),
        "api-ninelives-lab.md": _names("ninelives.lab"),
    }


def _of_the_repository(name: str) -> str:
    """Return a page from above `docs`, with links that lead to the site, or to the repository."""

    def moved(link: re.Match[str]) -> str:
        target = link[1]
        if target.startswith(("http:", "https:", "#")):
            return link[0]
        if target.startswith("docs/"):
            return f"](../{target.removeprefix('docs/')})"
        beside = target.lower()
        if beside in ("changelog.md", "contributing.md", "security.md"):
            return f"]({beside})"
        return f"]({REPOSITORY}/blob/main/{target})"

    return re.sub(r"\]\(([^)]+)\)", moved, (ROOT / name).read_text("utf-8"))


def _command_line(name: str, app: typer.Typer) -> str:
    group: Any = typer.main.get_command(app)
    parts = [f"# The command `{name}`\n", f"{group.help}\n"]
    for each, command in group.commands.items():
        context = command.make_context(
            f"{name} {each}", [], resilient_parsing=True, max_content_width=100, terminal_width=100
        )
        parts.append(f"## {name} {each}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


class _Asked:
    """Keeps what a plugin asks pytest to add."""

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []
        self.settings: list[tuple[str, str]] = []

    def getgroup(self, name: str, description: str = "") -> _Asked:
        return self

    def addoption(self, *names: str, **given: Any) -> None:
        self.options.append((" ".join([*names, given.get("metavar") or ""]).strip(), given["help"]))

    def addini(self, name: str, help: str, **given: Any) -> None:
        self.settings.append((name, help))

    def is_blocked(self, name: str) -> bool:
        return True

    def register(self, plugin: object, name: str | None = None) -> None:
        pass

    def has_plugin(self, name: str) -> bool:
        return False


def fixtures() -> list[tuple[str, str]]:
    """Return the fixtures of the plugin by name, with their docstrings."""
    from ninelives import plugin

    return [
        (name, value.__doc__ or "")
        for name, value in vars(plugin).items()
        if type(value).__name__ == "FixtureFunctionDefinition" and not name.startswith("_")
    ]


def options_and_settings() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the options and the settings of the plugin, each with its help."""
    from ninelives import plugin

    asked = _Asked()
    plugin.pytest_addoption(asked, asked)  # type: ignore[arg-type]
    return asked.options, asked.settings


def _pytest() -> str:
    options, settings = options_and_settings()
    lines = ["# The pytest plugin\n", "It is active when ninelives is installed.\n", "## Fixtures\n"]
    lines += [f"### {name}\n\n{_text(told)}\n" for name, told in fixtures()]
    lines += ["## Options\n", *_terms(options), "## Settings\n", *_terms(settings)]
    return "\n".join(lines)


def _terms(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, told in pairs:
        yield f"`{term}`\n: {told}\n"


def _faults() -> str:
    from mock_openai.faults.registry import catalogue, signature
    from mock_openai.faults.trigger import Trigger

    lines = ["# Faults\n", "Made from the kinds that are installed; `mock-openai faults` prints the same.\n"]
    lines.append(f"## Where\n\n{_text(Trigger.__doc__)}\n")
    lines.append("## What\n")
    lines += [f"### `{signature(kind)}`\n\n{_text(kind.__doc__)}\n" for kind in catalogue().values()]
    return "\n".join(lines)


def _promises() -> str:
    from ninelives.lab import PROMISES

    lines = [
        "# The promises\n",
        "Every scenario is judged by these, whether it is shipped, written by you or drawn at random.\n",
    ]
    return "\n".join([*lines, *_terms(PROMISES.items())])


def _names(module: str) -> str:
    return (
        f"# Names in `{module}`\n\n```{{eval-rst}}\n.. automodule:: {module}\n"
        "   :members:\n   :imported-members:\n```\n"
    )


def _text(docstring: str | None) -> str:
    return inspect.cleandoc(docstring or "")
