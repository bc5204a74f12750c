"""`ninelives eval`: Pipecat's own eval files against a bot, offline and under every disaster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ninelives.commands.eval_files import write
from ninelives.commands.eval_options import Options, setting_of
from ninelives.commands.eval_output import line, print_problems, print_rates, summary
from ninelives.commands.files import deferred, raise_first
from ninelives.commands.printing import notes, output
from ninelives.commands.quiet import quiet
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.evals.files import Case
    from ninelives.evals.outcome import Played


def run(options: Options) -> int:
    """Play the evals. Return 1 if one failed or a promise was broken."""
    _check(options)
    options.reports.require_places()

    quiet()
    from ninelives.evals.disasters import chosen
    from ninelives.evals.files import cases
    from ninelives.evals.unread import mistyped, remarks

    disasters = chosen(options.faults) if options.faults is not None else []
    there = _only(cases(options.places, options.bot), options.only)
    if options.text:
        there = [case.in_text() if case.speaks else case for case in there]
    for remark in remarks(options.places):
        notes().print(remark)
    if wrong := [each for path in dict.fromkeys(case.path for case in there) for each in mistyped(path)]:
        raise UsageError("; ".join(wrong))
    console = output(secrets=False)
    if options.record:
        from ninelives.commands.eval_record import record

        return record(console, there, options)
    played: list[Played] = []

    def attempts(case: Case) -> int:
        return options.repeat or case.attempts

    most = max(map(attempts, there))
    width = max(len(each.title) for each in there)
    width += 3 + max(len(each.name) for each in disasters) if disasters else 0
    with notes().status("starting") as status:
        for number in range(most):
            for case in there:
                if number >= attempts(case):
                    continue
                for each in _runs_of(case, options, disasters, number, status):
                    played.append(each)
                    if attempts(case) == 1:
                        status.stop()
                        console.print(line(each, width))
                        status.start()
    print_rates(console, [each for each in played if attempts(each.case) > 1], width)
    print_problems(console, played, verbose=options.verbose)
    errors: list[UsageError] = []
    with deferred(errors):
        write(console, played, options.reports)
    console.print(summary(played))
    raise_first(errors)
    return 0 if all(each.good for each in played) else 1


def _check(options: Options) -> None:
    if options.record and options.upstream is None:
        raise UsageError("--record needs --upstream URL, the API to record from (https://api.openai.com/v1)")
    if options.upstream is not None and not options.record:
        raise UsageError("--upstream is the API to record from; add --record, or leave it out to run offline")
    if options.record and (
        options.faults is not None or (options.repeat or 1) > 1 or options.script is not None
    ):
        raise UsageError("--record plays once, without faults; leave out --faults, --repeat and --script")
    if options.recordings is not None and not options.record and not options.recordings.is_dir():
        raise UsageError(f"--recordings {options.recordings}: there is no such folder; --record makes it")
    if options.pace is not None:
        from mock_openai.turn.pacing import parse_pace

        try:
            parse_pace(options.pace)
        except ValueError as error:
            raise UsageError(f"--pace: {error}") from None


def _only(there: list[Case], patterns: Sequence[str]) -> list[Case]:
    for pattern in patterns:
        if not any(_matches(each, pattern) for each in there):
            names = ", ".join(each.title for each in there[:8])
            raise UsageError(
                f"no scenario is called {pattern!r}; there are {names}{', ...' if len(there) > 8 else ''}"
            )
    return [each for each in there if not patterns or any(_matches(each, one) for one in patterns)]


def _matches(case: Case, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern) for name in (case.name, *case.name.split("/"), case.title))


def _runs_of(case: Case, options: Options, disasters: Sequence[Any], number: int, status: Any) -> Any:
    from ninelives.evals.play import bot_named, not_played, play_disasters, play_first

    setting = setting_of(options, number)
    status.update(case.title)
    try:
        bot = bot_named(case.bot)
        plain = play_first(case, bot, setting)
    except UsageError as wrong:
        if not case.label:
            raise
        yield not_played(case, wrong)  # the other bots of the suite are tested nevertheless
        return
    yield plain
    for each in play_disasters(plain, bot, setting, disasters):
        status.update(each.title)
        yield each
