"""`ninelives record --refresh`: repeats recorded requests, and reports what changed in the API."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from mock_openai import MockServer
from mock_openai.interruption import at_once
from mock_openai.visible import one_line
from rich.console import Console
from rich.text import Text

from ninelives.cassette import Cassette
from ninelives.commands.files import Several, require_places, write_data
from ninelives.commands.printing import notes, output
from ninelives.commands.secrets import Secrets
from ninelives.refresh import Asked, Drift, ask_again, drift
from ninelives.refresh.drift import not_compared
from ninelives.usage_error import UsageError

_API = "https://api.openai.com"
_SHOWN = 200
_UNAUTHORISED = (401, 403)


def run(folder: Path, upstream: str | None, exit_code: bool, write: bool, secrets: Secrets) -> int:
    """Repeat and report; return 1 if the API has changed and `exit_code` is set."""
    paths = sorted(folder.rglob("*.jsonl")) if folder.is_dir() else [folder]
    if not paths:
        raise UsageError(f"{folder}: found no cassette; expected a file, or a folder with .jsonl files")
    several = Several(len(paths))
    cassettes = []
    for path in paths:
        with several.each(path):
            cassettes.append(Cassette.load(path))
    if not cassettes:
        several.end()
    if write:
        require_places(*(cassette.path for cassette in cassettes))
    key = os.environ.get("OPENAI_API_KEY", "")
    mocked = upstream is None and not key
    console = output()
    if mocked:
        console.print(
            "OPENAI_API_KEY is not set and there is no --upstream: requests go to the mock server, "
            "not the real API"
        )
    with _scratch() as scratch:
        try:
            asked = asyncio.run(_ask(cassettes, upstream, key, mocked, scratch, secrets, several))
        except ValueError as error:  # an upstream that is not a URL
            raise UsageError(str(error)) from None
        _refuse_a_bad_key(asked)
        changes = _print_changes(asked, upstream or ("the mock server" if mocked else _API), console)
        if write:
            _write(asked, console, several)
    several.end()
    return 1 if exit_code and any(change.of_the_api for change in changes) else 0


@contextmanager
def _scratch() -> Iterator[Path]:
    """Make a folder that is gone afterwards, also after a second signal."""
    with tempfile.TemporaryDirectory() as folder:
        remove = partial(shutil.rmtree, folder, ignore_errors=True)
        at_once.append(remove)
        try:
            yield Path(folder)
        finally:
            at_once.remove(remove)


async def _ask(
    cassettes: Sequence[Cassette],
    upstream: str | None,
    key: str,
    mocked: bool,
    scratch: Path,
    secrets: Secrets,
    several: Several,
) -> list[Asked]:
    found = []
    async with MockServer() if mocked else nullcontext() as server:
        to = server.base_url if server is not None else upstream or _API
        for number, cassette in enumerate(cassettes, 1):
            notes().print(f"{number}/{len(cassettes)} {one_line(cassette.path)}", markup=False)
            target = scratch / f"{number}.jsonl"
            with several.each(Path(cassette.path)):
                found.append(
                    await ask_again(cassette, to, target, key=key or "none", redactor=secrets.redactor())
                )
    return found


def _refuse_a_bad_key(asked: Sequence[Asked]) -> None:
    pairs = [pair for each in asked for pair in each.pairs]
    refused = [new for old, new in pairs if new.status in _UNAUTHORISED and old.status not in _UNAUTHORISED]
    if refused and len(refused) == len(pairs):
        raise UsageError(
            f"the upstream rejects every request with status {refused[0].status}; "
            "check that OPENAI_API_KEY is a key with access to it"
        )
    if pairs and all(new.status is None for _, new in pairs):
        raise UsageError("the upstream does not answer; check --upstream and the network")


def _print_changes(asked: Sequence[Asked], where: str, console: Console) -> list[Drift]:
    compared, silent = [], []
    for each in asked:
        name = each.cassette.path.name
        silent += [(name, exchange, why) for exchange, why in each.left_out]
        for old, new in each.pairs:
            if (why := not_compared(old, new)) is None:
                compared.append((name, old, new))
            else:
                silent.append((name, old, why))
    changes = drift(compared)
    console.print(f"{len(compared)} answers from {where} compared with the recordings")
    for title, style, of_the_api in (
        ("changes of the API", "bold red", True),
        ("changes of wording", "bold", False),
    ):
        chosen = [change for change in changes if change.of_the_api is of_the_api]
        if not chosen:
            console.print(Text(f"{title}: none", style="bold green" if of_the_api else "dim"))
            continue
        console.print(Text(f"{title}: {len(chosen)}", style=style))
        for change in chosen:
            console.print(Text(f"  {change.kind}  {change.what}", style="cyan"))
            console.print(f"    {_places(change)}", markup=False)
            console.print(Text(f"    - {_cut(change.before)}", style="red"))
            console.print(Text(f"    + {_cut(change.after)}", style="green"))
    if silent:
        console.print(Text(f"not compared: {len(silent)}", style="bold"))
        for name, exchange, why in silent:
            console.print(f"  {name} exchange {exchange.number}: {why}", markup=False)
    return changes


def _write(asked: Sequence[Asked], console: Console, several: Several) -> None:
    """Write every recording that is complete."""
    for each in asked:
        path = each.cassette.path
        if each.again is None or each.left_out or any(new.status is None for _, new in each.pairs):
            console.print(
                f"{one_line(path)} is unchanged: not every request was answered again", markup=False
            )
            continue
        with several.each(path):
            write_data(path, each.again.data)
            console.print(f"wrote {one_line(path)}", markup=False)


def _places(change: Drift) -> str:
    (name, number), *more = change.exchanges
    others = f" and {len(more)} more" if more else ""
    return f"{name} exchange {number}{others}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
