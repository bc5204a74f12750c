"""Usage errors of `mock-openai`: one line on standard error and exit status 2, never a traceback."""

from __future__ import annotations

from typing import Any, NoReturn

import typer

from mock_openai.files import refused_path
from mock_openai.interruption import leave_if_interrupted
from mock_openai.visible import flush_output, refused_output, visible

NAME = "mock-openai"
BAD_INPUT = 2
"""Exit status for an error that the user has to fix."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def fail(message: str) -> NoReturn:
    """End the command with one line: what is wrong, where, what was expected."""
    say(message)
    raise typer.Exit(BAD_INPUT)


def say(line: str) -> None:
    """Print a line on standard error, without secrets: it may quote a file or a request."""
    from mock_openai.journal import redact

    typer.echo(visible(f"{NAME}: {redact.text(line)}"), err=True)


def run(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command and return its exit status. A wrong command line is reported in one line, like every
    other usage error.
    """
    command: Any = typer.main.get_command(app)
    try:
        code = command.main(arguments or ["--help"], prog_name=NAME, standalone_mode=False)
        flush_output()
    except (KeyboardInterrupt, typer.Abort):
        leave_if_interrupted()
        return INTERRUPTED
    except BaseException as error:
        leave_if_interrupted()  # what is raised after the signal is a consequence of it
        line = refused_output(error)
        if line is None and isinstance(error, OSError):
            line = refused_path(error)
        if line:
            typer.echo(visible(f"{NAME}: {line}"), err=True)
            return BAD_INPUT
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        if context is not None:
            where = context.command_path
        else:  # as when the last option lacks its value
            where = f"{NAME} {arguments[0]}" if arguments[0] in command.commands else NAME
        said = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
        say(f"{said}. See `{where} --help`.")
        return BAD_INPUT
    leave_if_interrupted()
    return code if isinstance(code, int) else 0
