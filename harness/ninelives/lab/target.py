"""The bot that a user names: `bot.py`, `bot.py:run_bot`, `my_bot`, `my_bot:run_bot`, or a folder.

A file is loaded as Python runs one: its folder is on the path, so modules beside it are found. If it is in a
package, or has relative imports, it is loaded as a module of that package. Anything wrong with a name or a
file is a UsageError of one line.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mock_openai.files import SCRIPT_SIZE, read_bytes

from ninelives.bot.environment import stand_ins, started_as, without_a_real_key
from ninelives.bot.overheard import overheard
from ninelives.bot.own_code import is_own, syntax_of
from ninelives.bot.parameter_names import CONNECTIONS, OWN, meaning_of, required
from ninelives.bot.start_failure import HANGS, Exited, Hangs, could_not_start, time_limit
from ninelives.usage_error import UsageError

EXPECTED = (
    "expected a file (bot.py, bot.py:run_bot), a module (my_bot, my_bot:run_bot) or a folder with a bot.py"
)

ENTRIES = ("run_bot", "bot", "main")
"""The names of functions that run a bot in Pipecat's examples; the first that exists is used."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bot that a user named, loaded."""

    name: str
    """The user's text, with the function that was chosen."""
    found: Any
    """A function, class or other object."""


def find(name: str, base: Path | None = None, *, timeout: float = HANGS) -> Target:
    """Load the bot that a name stands for. Relative paths start at `base`, by default the working directory.

    `timeout`: real seconds that an import may block. Raises UsageError; CouldNotStart if the user's own code
    fails while it is imported.
    """
    where, attribute = _split(name)
    if not where:
        raise UsageError(f"{name!r} does not name a bot; {EXPECTED}")
    module = _load(where, base or Path.cwd(), timeout)
    if attribute:
        return Target(name, _attribute(module, attribute, where))
    chosen = _choice(module, where)
    return Target(f"{where}:{chosen}", getattr(module, chosen))


def _split(name: str) -> tuple[str, str]:
    """Split `bot.py:run_bot` in two. A drive letter is not a separator."""
    where, colon, attribute = name.rpartition(":")
    if not colon or re.fullmatch(r"[A-Za-z]", where) or "/" in attribute or "\\" in attribute:
        return name.removesuffix(":"), ""
    return where, attribute


# Loading ----------------------------------------------------------------------------------------------------


def _load(where: str, base: Path, timeout: float) -> ModuleType:
    path = base / where
    if where.endswith(".py") or "/" in where or "\\" in where or where in (".", ".."):
        return _load_file(where, _file(where, path), timeout)
    if not all(part.isidentifier() for part in where.split(".")):
        raise UsageError(f"{where!r} is neither a file nor a module; {EXPECTED}")
    if path.with_suffix(".py").is_file() and "." not in where:
        return _load_file(where, path.with_suffix(".py"), timeout)
    if path.is_dir() and not _is_module(where, base):
        return _load_file(where, _file(where, path), timeout)
    with _on_the_path(base):
        return _imported(where, where, timeout)


def _file(where: str, path: Path) -> Path:
    if path.is_dir():
        if (path / "bot.py").is_file():
            return path / "bot.py"
        there = ", ".join(sorted(each.name for each in path.glob("*.py"))[:5])
        raise UsageError(
            f"{where} is a folder without a bot.py{f' (there are {there})' if there else ''}; give the file"
        )
    if not path.is_file():
        raise UsageError(f"{where} cannot be read (no such file); {EXPECTED}")
    return path


def _is_module(name: str, base: Path) -> bool:
    if "." in name:
        return True  # looking the module up would import its parents
    with _on_the_path(base):
        found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None


def _load_file(where: str, path: Path, timeout: float) -> ModuleType:
    path = path.resolve()
    for module in list(sys.modules.values()):
        origin = getattr(module, "__file__", None)
        if origin and module.__name__ != "__main__" and Path(origin).resolve() == path:
            return module
    folder, name = path.parent, path.stem
    climb = max(_levels_of_relative_imports(where, path), 0)
    while climb > 0 or (folder / "__init__.py").is_file():
        name, folder, climb = f"{folder.name}.{name}", folder.parent, climb - 1
    with _on_the_path(folder), _on_the_path(path.parent), _apart_from_others(path.parent):
        if folder != path.parent:
            module = _imported(where, name, timeout, str(path))
        else:
            module = _executed(where, path, timeout)
    _brought[path.parent].discard(module.__name__)
    return module


def _levels_of_relative_imports(where: str, path: Path) -> int:
    """Return the number of packages around a file, judging by its relative imports; 0 without any."""
    try:
        tree = syntax_of(read_bytes(path, SCRIPT_SIZE), str(path))
    except (SyntaxError, ValueError) as error:
        raise could_not_start(where, error) from None
    except OSError as error:
        raise UsageError(f"{where} cannot be read ({error.strerror})") from None
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def _executed(where: str, path: Path, timeout: float) -> ModuleType:
    """Run a file that is not part of a package, under a name that replaces no other module."""
    name = re.sub(r"\W", "_", path.stem)
    while name in sys.modules or (
        (found := importlib.util.find_spec(name)) is not None and found.origin != str(path)
    ):
        name = f"{name}_"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with ExitStack() as undo:
        undo.callback(sys.modules.pop, name, None)
        with _watched(where, str(path), timeout):
            spec.loader.exec_module(module)
        undo.pop_all()
    return module


def _imported(where: str, name: str, timeout: float, script: str = "") -> ModuleType:
    with _watched(where, script or where, timeout, name):
        return importlib.import_module(name)


@contextmanager
def _watched(where: str, script: str, timeout: float, module: str = "") -> Iterator[None]:
    """Return the error of the user's code while it is imported, on one line."""
    with overheard() as said, started_as(script), without_a_real_key(), stand_ins():
        try:
            with time_limit(timeout):
                yield
        except ModuleNotFoundError as error:
            if module and error.name is not None and f"{module}.".startswith(f"{error.name}."):
                raise UsageError(f"{where!r} cannot be imported ({error}); {EXPECTED}") from None
            raise could_not_start(where, error) from None
        except SystemExit as error:
            raise could_not_start(where, Exited(error), said.last) from None
        except (Exception, Hangs) as error:
            raise could_not_start(where, error) from None


@contextmanager
def _on_the_path(folder: Path) -> Iterator[None]:
    """Put a folder first on the path, permanently: a bot may import more when it runs."""
    here = str(folder)
    if here in sys.path:
        sys.path.remove(here)
    sys.path.insert(0, here)
    yield


_brought: dict[Path, set[str]] = {}
"""Remove the modules that bots have imported, by folder: another folder may have modules of the same
names.
"""


@contextmanager
def _apart_from_others(folder: Path) -> Iterator[None]:
    for other, names in _brought.items():
        if other != folder:
            for name in names:
                sys.modules.pop(name, None)
    before = set(sys.modules)
    try:
        yield
    finally:
        beside = {name for name in set(sys.modules) - before if _lies_in(folder, sys.modules[name])}
        _brought.setdefault(folder, set()).update(beside)


def _lies_in(folder: Path, module: ModuleType) -> bool:
    origin = getattr(module, "__file__", None)
    return origin is not None and is_own(origin) and Path(origin).resolve().is_relative_to(folder)


# Choosing ---------------------------------------------------------------------------------------------------


def _attribute(module: ModuleType, attribute: str, where: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            there = ", ".join(_functions(module)) or "no functions"
            raise UsageError(f"{where} has no {attribute!r}; it has {there}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(
            f"{where}:{attribute} is a {type(found).__name__}, not a function or class; give what makes or "
            "runs the bot"
        )
    return found


def _functions(module: ModuleType) -> Mapping[str, Callable[..., Any]]:
    """Return the public functions that a module defines itself."""
    return {
        name: found
        for name, found in vars(module).items()
        if inspect.isfunction(found) and found.__module__ == module.__name__ and not name.startswith("_")
    }


def _choice(module: ModuleType, where: str) -> str:
    """Return the function or class that is meant if only its module is named."""
    functions = _functions(module)
    fitting = [name for name in ENTRIES if name in functions and not wants_more(functions[name])]
    if fitting:
        return fitting[0]
    if entry := next((name for name in ENTRIES if name in functions), None):
        return entry  # and the caller reports which arguments are missing
    others = [name for name, found in functions.items() if _makes_a_bot(found)] + _services(module)
    if len(others) == 1:
        return others[0]
    if others:
        raise UsageError(
            f"{where} has {len(others)} candidates for the bot: {', '.join(others)}; choose one, such as "
            f"{where}:{others[0]}"
        )
    there = f"; it has {', '.join(functions)}" if functions else ""
    raise UsageError(
        f"{where} has no function that runs a bot, such as run_bot(transport, runner_args){there}. Give what "
        f"makes or runs it: {where}:NAME"
    )


def wants_more(function: Callable[..., Any]) -> list[str]:
    """Return the parameters of a function for which there is no value."""
    return [each.name for each in required(function) if meaning_of(each) is None]


def _makes_a_bot(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    asks = any(each.name in OWN for each in parameters)
    connects = inspect.iscoroutinefunction(function) and any(
        meaning_of(each) in CONNECTIONS.values() for each in parameters
    )
    return (asks or connects) and not wants_more(function)


def _services(module: ModuleType) -> list[str]:
    """Return the LLM services that a module defines; none without Pipecat."""
    if "pipecat" not in sys.modules:
        return []
    from pipecat.services.llm_service import LLMService

    return [
        name
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, LLMService) and found.__module__ == module.__name__
    ]
