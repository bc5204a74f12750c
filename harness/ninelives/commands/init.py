"""`ninelives init`: examines a project, shows what it would write, and writes it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

import typer
from mock_openai.files import SCRIPT_SIZE, read_bytes
from mock_openai.interruption import at_once, uninterrupted
from mock_openai.visible import visible

from ninelives.bot.own_code import syntax_of
from ninelives.lab.target import ENTRIES
from ninelives.starter import CI, File, Project, files
from ninelives.usage_error import UsageError

_ELSEWHERE = {"tests", "test", "node_modules", "site-packages", "build", "dist", "__pycache__"}
_DEEPEST = 3
"""How many folders deep bots are searched."""


def run(folder: Path, bot: str | None, ci: str | None, *, yes: bool) -> int:
    """Show the files and write them, if the user agrees. Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; give the folder of your project")
    if ci is not None and ci not in get_args(CI):
        raise UsageError(f"--ci {ci}: expected one of {', '.join(get_args(CI))}")
    file, function = _chosen(folder, bot) if bot else _found(folder)
    project = Project(file, function, _install(folder), ci or _ci(folder), _root(folder, file))  # type: ignore[arg-type]
    wanted = list(files(project))
    new = [each for each in wanted if not (folder / each.path).exists()]
    _say(f"The bot is {function} in {file}.")
    for each in wanted:
        if each not in new:
            _say(f"\n{each.path} exists and is not changed.")
    for each in new:
        _say(f"\n{each.path}\n" + "".join(f"    {line}\n" for line in each.text.splitlines()), nl=False)
    if not new:
        _say("\nThere is nothing to write.")
        return 0
    if not yes and not _agreed(len(new)):
        _say("Nothing was written.")
        return 0
    _write(folder, new)
    _say(f"\nWrote {', '.join(each.path for each in new)}. Now run: pytest")
    return 0


def _say(text: str, *, nl: bool = True) -> None:
    typer.echo(visible(text), nl=nl)


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        _say("\nTo write this, add --yes.")
        return False
    return typer.confirm(f"\nWrite {'this file' if count == 1 else f'these {count} files'}?")


def _write(folder: Path, files: Sequence[File]) -> None:
    """Write all of the files, or none: those before the one that fails are removed again."""
    made: list[Path] = []
    path = folder

    def undo() -> None:
        while made:
            each = made.pop()
            with suppress(OSError):
                each.rmdir() if each.is_dir() else each.unlink()

    at_once.append(undo)
    try:
        with uninterrupted():
            for file in files:
                path = folder / file.path
                for parent in [each for each in reversed(path.parents) if not each.exists()]:
                    parent.mkdir()
                    made.append(parent)
                with path.open("x", encoding="utf-8") as out:
                    made.append(path)
                    out.write(file.text)
    except OSError as error:
        undo()
        raise UsageError(
            f"{path} cannot be written ({error.strerror}), so nothing was; make the folder writable"
        ) from None
    finally:
        at_once.remove(undo)


def _chosen(folder: Path, bot: str) -> tuple[str, str]:
    name, _, function = bot.partition(":")
    path = folder / name
    if not path.is_file() or path.suffix != ".py":
        raise UsageError(
            f"--bot {bot}: {visible(str(path))} is not a Python file; expected for example bot.py:run_bot"
        )
    there = _functions(path)
    if not function:
        function = next((entry for entry in ENTRIES if entry in there), "")
    if function not in there:
        names = ", ".join(there) or "no function"
        raise UsageError(f"--bot {bot}: {name} has {names}; give the function that runs the bot")
    return path.relative_to(folder).as_posix(), function


def _found(folder: Path) -> tuple[str, str]:
    """Return the file and function of the bot. Nothing is run to find it."""
    bots = [
        (path.relative_to(folder).as_posix(), entry)
        for path in _sources(folder)
        if "pipecat" in _text(path)
        for entry in [next((each for each in ENTRIES[:2] if each in _functions(path)), None)]
        if entry is not None
    ]
    if not bots:
        raise UsageError(
            f"no bot was found in {folder}: expected a file that imports pipecat and has a function "
            f"{ENTRIES[0]} or {ENTRIES[1]}; give it with --bot FILE:FUNCTION"
        )
    if len(bots) > 1:
        names = ", ".join(f"{file}:{function}" for file, function in bots[:5])
        raise UsageError(f"there are {len(bots)} bots in {folder} ({names}); choose one with --bot")
    return bots[0]


def _text(path: Path) -> str:
    try:
        return read_bytes(path, SCRIPT_SIZE).decode("utf-8", errors="replace")
    except OSError:
        return ""  # somebody else's: the data of a container, for example


def _sources(folder: Path, depth: int = 0) -> Iterator[Path]:
    if depth > _DEEPEST or (depth and (folder / "pyvenv.cfg").exists()):
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _ELSEWHERE or path.is_symlink():
            continue
        if path.is_file() and path.suffix == ".py" and not path.name.startswith("test_"):
            yield path
        elif path.is_dir():
            with suppress(OSError):  # somebody else's
                yield from _sources(path, depth + 1)


def _functions(path: Path) -> list[str]:
    try:
        tree = syntax_of(read_bytes(path, SCRIPT_SIZE))
    except (SyntaxError, ValueError, RecursionError):
        return []
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); check its permissions") from None
    return [each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]


def _root(folder: Path, file: str) -> str:
    """Return the folder that is on the path when the bot is started, relative to the project; "" for the
    project itself.
    """
    place = (folder / file).parent
    while (place / "__init__.py").is_file() and place != folder:
        place = place.parent
    name = place.relative_to(folder).as_posix()
    return "" if name == "." else name


def _install(folder: Path) -> str:
    if (folder / "requirements.txt").is_file():
        return "pip install -r requirements.txt"
    if (folder / "pyproject.toml").is_file():
        return "pip install ."
    return "pip install pipecat-ai"


def _ci(folder: Path) -> CI:
    if (folder / ".gitlab-ci.yml").is_file():
        return "gitlab"
    return "github"
