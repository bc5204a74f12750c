"""`ninelives eval --record`: plays each eval once, live, and keeps the answers to bot, judge and caller."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_openai.interruption import last_words
from mock_openai.visible import one_line
from rich.console import Console
from rich.text import Text

from ninelives.commands.eval_options import setting_of
from ninelives.commands.eval_output import STYLES, problems
from ninelives.commands.printing import notes
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.commands.eval_options import Options
    from ninelives.evals.files import Case
    from ninelives.evals.recording import Recorded


def record(console: Console, there: Sequence[Case], options: Options) -> int:
    """Record each case. Return 1 if one was not kept."""
    from ninelives.bot.overheard import overheard
    from ninelives.evals.answers import recording_of
    from ninelives.evals.play import bot_named
    from ninelives.evals.recording import record_case

    assert options.upstream is not None
    kept, tried = 0, 0
    for case in there:
        tried += 1
        path = recording_of(case, options.recordings)
        broken_off = last_words(partial(_not_recorded, case, path))
        with broken_off, notes().status(f"recording {case.title}"), overheard():
            try:
                recorded = record_case(
                    case,
                    bot_named(case.bot),
                    options.upstream,
                    path,
                    timeout_ms=setting_of(options).timeout_ms,
                )
            except ValueError as error:
                raise UsageError(f"--upstream {options.upstream}: {error}") from None
        kept += _print_recorded(console, case, recorded)
    console.print(f"\n{kept} of {tried} recorded", style="bold green" if kept == tried else "bold red")
    return 0 if kept == tried else 1


def _not_recorded(case: Case, path: Path) -> str:
    """Return the message after Ctrl-C."""
    left = path.with_name(f"{path.name}.partial")
    rest = f"; what there is of it is in {left}" if left.exists() else ""
    return f"ninelives: {case.title} was not recorded{rest}"


def _print_recorded(console: Console, case: Case, recorded: Recorded) -> bool:
    played: Any = recorded.played
    console.print(Text.assemble((f"{case.title}  ", ""), (f"eval {played.verdict}", STYLES[played.verdict])))
    for problem in problems(played):
        console.print(Text(f"  ✗ {problem}"))
    for path in recorded.kept:
        console.print(f"  recorded into {one_line(path)}")
    for path in recorded.left:
        console.print(f"  not kept because the eval did not pass; the recording is in {one_line(path)}")
    if recorded.silent:
        console.print(
            "  nothing passed through the proxy: does the bot read OPENAI_BASE_URL or OPENAI_WS_URL?"
        )
    return bool(recorded.kept)
