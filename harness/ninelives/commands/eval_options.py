"""The options of `ninelives eval`, and the settings of its runs that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninelives.commands.reports import Reports
from ninelives.usage_error import UsageError


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    places: Sequence[Path]
    bot: str | None = None
    only: Sequence[str] = ()
    script: Path | None = None
    recordings: Path | None = None
    record: bool = False
    upstream: str | None = None
    faults: str | None = None
    repeat: int | None = None
    """How often each eval is played. None: as often as the files say."""
    seed: int = 0
    pace: str | None = None
    timeout_ms: int | None = None
    text: bool = False
    real_time: bool = False
    skip_judge: bool = False
    verbose: bool = False
    reports: Reports = Reports()  # noqa: RUF009  # frozen


def setting_of(options: Options, number: int = 0) -> Any:
    """Return the settings of all runs."""
    from mock_openai import Script
    from mock_openai.source import ScriptError

    from ninelives.evals.session import Setting

    script = None
    if options.script is not None:
        try:
            script = Script.load(options.script)
        except ScriptError as error:
            raise UsageError(str(error)) from None
    return Setting(
        script=script,
        recordings=options.recordings,
        seed=options.seed + number,
        pace=options.pace,
        timeout_ms=options.timeout_ms,
        real_time=options.real_time,
        skip_judge=options.skip_judge,
    )
