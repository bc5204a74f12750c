"""The output of `ninelives eval`: a line per run, its problems, rates, and a summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from ninelives.plural import counted
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.evals.answers import Missed
    from ninelives.evals.outcome import Played

STYLES = {
    "passed": "green",
    "failed": "bold red",
    "crashed": "bold red",
    "not judged": "yellow",
    "skipped": "dim",
}


def line(played: Played, width: int) -> Text:
    """Print a run on one line: Pipecat's own result, and the promises."""
    text = Text.assemble((f"{played.title:<{width}}  ", "" if played.good else "bold"))
    if played.skipped is not None:
        return text.append(f"skipped        {played.skipped}", style="dim")
    text.append(
        f"{f'eval {played.verdict}':<15}", style=STYLES[played.verdict] if not excused(played) else "dim"
    )
    if played.crash is not None:
        return text.append(played.crash, style="red")
    if not played.broken:
        kept = sum(finding.held is True for finding in played.findings)
        remark = ", no complete answer was possible" if excused(played) else ""
        return text.append(f"{kept} promises kept{remark}", style="dim")
    text.append(f"{' '.join(each.promise for each in played.broken)} broken  ", style="bold red")
    last = next((heard for _, heard in reversed(played.heard) if heard), "")
    return text.append(json.dumps(_turn_of(played) or last, ensure_ascii=False))


def excused(played: Played) -> bool:
    """Whether the eval failed only because the API could not be reached, so that no whole answer could be
    expected.
    """
    return played.verdict == "failed" and not played.answerable and played.good


def _turn_of(played: Played) -> str:
    """Return what was heard in the turn that broke."""
    asked = 0
    for turn, (_, heard) in zip(played.episode.turns, played.heard, strict=True):
        asked += turn.user is not None
        if asked == played.turn:
            return heard
    return ""


def print_problems(console: Console, played: Sequence[Played], *, verbose: bool) -> None:
    """Print what was said, what was heard and what was wrong in each run that did not simply pass. Runs with
    the same course, and changes that a bot needs, are printed once.
    """
    instructed: set[str] = set()
    shown = [
        each
        for each in played
        if each.skipped is None and (verbose or not each.good or each.verdict != "passed")
    ]
    same = Counter(map(_course, shown))
    for each in shown:
        many = 1 if verbose else same.pop(_course(each), 0)
        if not many:
            continue
        console.print()
        what = each.disaster.sentence if each.disaster is not None else ""
        console.print(
            Text.assemble((each.title, "bold"), f" ({many} runs)" if many > 1 else "", (f"  {what}", "dim"))
        )
        for asked, heard in each.heard:
            console.print(Text(f"    {f'{asked}  →  ' if asked else ''}{heard or '(nothing)'}", style="dim"))
        for problem in problems(each):
            console.print(Text(f"  ✗ {problem}", style="" if not each.good else "yellow"))
        if each.case.bot not in instructed and (change := to_change(each)):
            instructed.add(each.case.bot)
            console.print(Text(change))
        if verbose and each.result is not None:
            console.print(Text("\n".join(f"    {row}" for row in each.result.debug_log), style="dim"))


def _course(played: Played) -> tuple[object, ...]:
    """Return everything that would be printed about a run, to recognize runs with the same course."""
    return played.title, tuple(played.heard), tuple(problems(played))


def problems(played: Played) -> list[str]:
    """Return the problems of a run, one line each, causes first."""
    found = []
    for missed in _once(played):
        where = f"turn {played.case.turn_of_file(missed.turn)}" if missed.turn else "before the user spoke"
        found.append(f"{where}: {_about(played, missed)}")
    if played.crash is not None:
        found.append(f"crashed: {played.crash}")
    found += [
        f"eval: {failure}" for failure in played.failures if failure.kind != "judge" or not played.unjudged
    ]
    found += [f"{finding.promise}: {finding.why}" for finding in played.broken]
    found += [f"the bot's own code: {mishap}" for mishap in played.mishaps]
    if not found and not played.good:
        found.append(f"eval {played.verdict}")
    return found


def to_change(played: Played) -> str:
    """Return the lines that a bot must change to be tested, ready to be copied; empty if none."""
    if not isinstance(played.failure, UsageError):
        return ""
    return str(played.failure).partition("\n")[2].rstrip()


def _once(played: Played) -> list[Missed]:
    seen: dict[tuple[str, int], Missed] = {}
    for missed in played.missed:
        seen.setdefault((missed.who, missed.turn), missed)
    return list(seen.values())


def _about(played: Played, missed: Missed) -> str:
    why = missed.why
    if missed.who == "the bot":
        if missed.first:
            return f"the recording is from another bot, or from an earlier version of this one. {why}"
        return why
    question = (
        "the judge was not asked"
        if missed.who == "the judge"
        else "the simulated caller has no answer to give"
    )
    if played.source == "recording":
        return f"{question}. {why}"
    fix = (
        f"record it once (--record --upstream URL), or give rules for it (--script FILE)"
        f"{'; --skip-judge continues without it' if missed.who == 'the judge' else ''}"
    )
    return f"{question}: {why}; {fix}"


def print_rates(console: Console, played: Sequence[Played], width: int) -> None:
    """Print how many runs of each title passed."""
    groups: dict[str, list[Played]] = {}
    for each in played:
        groups.setdefault(each.title, []).append(each)
    for title, group in groups.items():
        tried = [each for each in group if each.skipped is None]
        good = sum(each.good for each in tried)
        if not tried:
            console.print(Text(f"{title:<{width}}  skipped        {group[0].skipped}", style="dim"))
            continue
        flaky = 0 < good < len(tried)
        rate = f"{good}/{len(tried)} passed" + (
            f", flaky: {100 * (len(tried) - good) / len(tried):.0f}% fail" if flaky else ""
        )
        console.print(
            Text.assemble((f"{title:<{width}}  ", ""), (rate, "green" if good == len(tried) else "bold red"))
        )


def summary(played: Sequence[Played]) -> Text:
    """Print a summary of all runs, and what improvisation could not answer."""
    tried = [each for each in played if each.skipped is None]
    bad = [each for each in tried if not each.good]
    sources = {each.source for each in tried if each.source}
    remark = ""
    if "improvised" in sources:
        remark = (
            "\nWithout a recording or a script, the mock server improvised: it makes up text, and calls a "
            "tool if the user's words seem to ask for it. Expectations about words and "
            "arguments may therefore fail."
        )
    many = counted(len(tried), "run")
    if not bad:
        unjudged = sum(each.verdict == "not judged" for each in tried)
        text = f"\nEvery eval passed and every promise was kept in {many}"
        text += f"; {unjudged} could not be judged" if unjudged else ""
        return Text(f"{text}.{remark}", style="bold green")
    return Text(f"\n{len(bad)} of {many} failed.{remark}", style="bold red")
