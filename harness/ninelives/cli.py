"""The command line, `ninelives`: the commands for cassettes (`commands/cassettes.py`) and for bots
(`commands/bots.py`, `commands/bot_sessions.py`), and how all of them report bad input.

Bad input is one line on standard error and exit code 2, never a traceback. Exit code 1 means that a check
did not pass; 0 that everything is fine.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from mock_openai.deprecation import RenamedWarning, warn_renamed
from mock_openai.files import refused_path
from mock_openai.interruption import leave_if_interrupted, listen, stop_listening
from mock_openai.visible import flush_output, print_in_any_encoding, refused_output, visible

from ninelives.commands import bot_sessions, bots, cassettes
from ninelives.environment import around_proxies

app = typer.Typer(
    name="ninelives",
    help="Test voice bots on OpenAI's Responses API offline: record, replay, break connections, judge.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

BAD_INPUT = 2
"""The exit code for errors that the user must correct."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as in shells; after SIGTERM it is 143."""

_OPTIONAL = frozenset({"pipecat", "pipecat_responses", "openai", "websockets", "loguru", "prompt_toolkit"})
"""Modules that only the extras `pipecat` and `talk` install."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ninelives {version('ninelives')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand != "doctor":  # doctor examines the environment unchanged
        os.environ.update(around_proxies())


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the cassette, the snapshot and the timeline.")
    ] = Path("ninelives-demo"),
) -> None:
    """See a demo: a bot, a recording, and four lost connections.

    \b
    ninelives demo --out /tmp/demo
    """
    from ninelives.demo import run

    raise typer.Exit(run(out))


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="script, faults, scenario or pace.")],
) -> None:
    """Print the JSON Schema of a file format, for editors.

    \b
    ninelives schema scenario > scenario.schema.json
    # first line of a scenario file, for editors with the YAML language server:
    # yaml-language-server: $schema=scenario.schema.json
    """
    from mock_openai.commands.schema import print_schema

    from ninelives.schemas import SCHEMAS

    if kind == "story":
        warn_renamed("ninelives schema story", "ninelives schema scenario", gone="0.3")
        kind = "scenario"
    print_schema(kind, SCHEMAS)


app.add_typer(cassettes.app)
app.add_typer(bots.app)
app.add_typer(bot_sessions.app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    others = warnings.showwarning

    def warn(message: Any, category: type[Warning], *where: Any, **how: Any) -> None:
        # These are for the user, who did not write the line of code that warns.
        if issubclass(category, RenamedWarning) or category.__module__.startswith("ninelives"):
            print(f"ninelives: {_printable(str(message))}", file=sys.stderr)
        else:
            others(message, category, *where, **how)

    warnings.showwarning = warn
    warnings.simplefilter("default", RenamedWarning)
    if arguments is None:
        print_in_any_encoding()
        listen()
    code = _run(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        stop_listening()
    raise SystemExit(code)


def _run(arguments: list[str]) -> int:
    command: Any = typer.main.get_command(app)
    try:
        code = command.main(arguments or ["--help"], prog_name="ninelives", standalone_mode=False)
        flush_output()
    except (KeyboardInterrupt, typer.Abort):
        leave_if_interrupted()
        return INTERRUPTED
    except BaseException as error:
        leave_if_interrupted()  # what is raised after the signal is a consequence of it
        line = _one_line(error, command, arguments) if isinstance(error, Exception) else None
        line = line or refused_output(error)
        if line is None:
            raise
        with suppress(OSError):  # the terminal may be gone
            print(f"ninelives: {_printable(line)}", file=sys.stderr)
        return BAD_INPUT
    leave_if_interrupted()
    return code if isinstance(code, int) else 0


def _printable(text: str) -> str:
    """Return a line for the terminal: it may quote a file in which a secret stands."""
    from mock_openai.journal import redact

    return visible(redact.text(text))


def _one_line(error: Exception, command: Any, arguments: list[str]) -> str | None:
    """Return the line for an error that the user can correct; None for one of ours."""
    if hasattr(error, "format_message"):  # the command line itself is wrong
        context = getattr(error, "ctx", None)
        if context is not None:
            where = context.command_path
        else:  # as when the last option lacks its value
            where = f"ninelives {arguments[0]}" if arguments[0] in command.commands else "ninelives"
        said = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
        return f"{said}. See `{where} --help`."
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").partition(".")[0]
        if missing in _OPTIONAL:
            return f"this command needs {missing}, which is not installed: pip install 'ninelives[pipecat]'"
        return None
    from mock_openai.patterns import SlowPattern

    from ninelives.cassette import CassetteError
    from ninelives.usage_error import Instructions, UsageError

    if isinstance(error, OSError):
        return refused_path(error)
    if isinstance(error, Instructions):
        return str(error)
    return (
        str(error).replace("\n", " ") if isinstance(error, CassetteError | UsageError | SlowPattern) else None
    )


if __name__ == "__main__":
    main()
