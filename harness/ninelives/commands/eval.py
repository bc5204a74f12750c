"""`ninelives eval`: Pipecat's own eval files against a bot, offline and under every disaster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from ninelives.commands.files import write_text
from ninelives.commands.printing import notes, output
from ninelives.commands.reports import Reports
from ninelives.complaint import Complaint

if TYPE_CHECKING:
    from ninelives.evals.answers import Missed
    from ninelives.evals.files import Case
    from ninelives.evals.outcome import Played
    from ninelives.report.checked import Checked

STYLES = {
    "passed": "green",
    "failed": "bold red",
    "crashed": "bold red",
    "not judged": "yellow",
    "skipped": "dim",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for, as the command line has it."""

    places: Sequence[Path]
    bot: str | None = None
    only: str | None = None
    script: Path | None = None
    recordings: Path | None = None
    record: bool = False
    upstream: str | None = None
    faults: str | None = None
    repeat: int = 1
    seed: int = 0
    pace: str | None = None
    timeout_ms: int | None = None
    text: bool = False
    real_time: bool = False
    skip_judge: bool = False
    verbose: bool = False
    html: Path | None = None
    json: Path | None = None
    reports: Reports = Reports()  # noqa: RUF009  # frozen


def run(wish: Wish) -> int:
    """Play the evals. 1 when one failed or a promise was broken."""
    _check(wish)
    from ninelives.commands.quiet import quiet

    quiet()
    from ninelives.evals.disasters import chosen
    from ninelives.evals.files import cases

    disasters = chosen(wish.faults) if wish.faults is not None else []
    there = _only(cases(wish.places, wish.bot), wish.only)
    if wish.text:
        there = [case.in_text() if case.speaks else case for case in there]
    console = output()
    if wish.record:
        from ninelives.commands.eval_record import record

        return record(console, there, wish)
    played: list[Played] = []
    width = max(len(each.title) for each in there)
    width += 3 + max(len(each.name) for each in disasters) if disasters else 0
    with notes().status("starting") as status:
        for number in range(wish.repeat):
            for case in there:
                for each in _weathers(case, wish, disasters, number, status):
                    played.append(each)
                    if wish.repeat == 1:
                        status.stop()
                        console.print(line(each, width), soft_wrap=True)
                        status.start()
    if wish.repeat > 1:
        _tell_rates(console, played, width)
    _tell(console, played, verbose=wish.verbose)
    _write(console, played, wish)
    console.print(_summary(played), soft_wrap=True)
    return 0 if all(each.good for each in played) else 1


def _check(wish: Wish) -> None:
    if wish.record and wish.upstream is None:
        raise Complaint("--record needs --upstream URL, the API to record from (https://api.openai.com/v1)")
    if wish.upstream is not None and not wish.record:
        raise Complaint("--upstream is the API to record from; add --record, or leave it out to play offline")
    if wish.record and (wish.faults is not None or wish.repeat > 1 or wish.script is not None):
        raise Complaint("--record records once, undisturbed; leave out --faults, --repeat and --script")
    if wish.pace is not None:
        from mock_openai.pacing import parse_pace

        try:
            parse_pace(wish.pace)
        except ValueError as error:
            raise Complaint(f"--pace: {error}") from None


def _only(there: list[Case], pattern: str | None) -> list[Case]:
    if pattern is None:
        return there
    from fnmatch import fnmatchcase

    found = [
        each
        for each in there
        if any(fnmatchcase(name, pattern) for name in (each.name, *each.name.split("/"), each.title))
    ]
    if not found:
        names = ", ".join(each.title for each in there[:8])
        raise Complaint(
            f"no scenario is called {pattern!r}; there are {names}{', ...' if len(there) > 8 else ''}"
        )
    return found


def setting_of(wish: Wish, number: int = 0) -> Any:
    """What all runs have in common."""
    from mock_openai import Script
    from mock_openai.source import ScriptError

    from ninelives.evals.session import Setting

    script = None
    if wish.script is not None:
        try:
            script = Script.load(wish.script)
        except ScriptError as error:
            raise Complaint(str(error)) from None
    return Setting(
        script=script,
        recordings=wish.recordings,
        seed=wish.seed + number,
        pace=wish.pace,
        timeout_ms=wish.timeout_ms,
        real_time=wish.real_time,
        skip_judge=wish.skip_judge,
    )


def _weathers(case: Case, wish: Wish, disasters: Sequence[Any], number: int, status: Any) -> Any:
    from ninelives.evals.play import bot_named, not_played, play_disasters, play_first

    setting = setting_of(wish, number)
    status.update(case.title)
    try:
        bot = bot_named(case.bot) if not case.speaks else None
        plain = play_first(case, bot, setting)
    except Complaint as wrong:
        if not case.label:
            raise
        yield not_played(case, wrong)  # the other bots of the suite are none the worse for it
        return
    yield plain
    for each in play_disasters(plain, bot, setting, disasters):
        status.update(each.title)
        yield each


# Telling ----------------------------------------------------------------------------------------------------


def line(played: Played, width: int) -> Text:
    """A run on one line: Pipecat's own result, and beside it the promises."""
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
        remark = ", no answer could be expected" if excused(played) else ""
        return text.append(f"{kept} promises kept{remark}", style="dim")
    text.append(f"{' '.join(each.promise for each in played.broken)} broken  ", style="bold red")
    last = next((heard for _, heard in reversed(played.heard) if heard), "")
    return text.append(json.dumps(_turn_of(played) or last, ensure_ascii=False))


def excused(played: Played) -> bool:
    """Whether the eval failed because no answer could be expected: every door was shut."""
    return played.verdict == "failed" and not played.answerable and played.good


def _turn_of(played: Played) -> str:
    """What was heard in the turn in which it broke."""
    asked = 0
    for turn, (_, heard) in zip(played.episode.turns, played.heard, strict=True):
        asked += turn.user is not None
        if asked == played.turn:
            return heard
    return ""


def _tell(console: Console, played: Sequence[Played], *, verbose: bool) -> None:
    for each in played:
        if each.skipped is not None or (each.good and not verbose and each.verdict == "passed"):
            continue
        console.print()
        what = each.disaster.sentence if each.disaster is not None else ""
        console.print(Text.assemble((each.title, "bold"), (f"  {what}", "dim")), soft_wrap=True)
        for asked, heard in each.heard:
            console.print(
                Text(f"    {f'{asked}  →  ' if asked else ''}{heard or '(nothing)'}", style="dim"),
                soft_wrap=True,
            )
        for problem in problems(each):
            console.print(Text(f"  ✗ {problem}", style="" if not each.good else "yellow"), soft_wrap=True)
        if verbose and each.result is not None:
            console.print(
                Text("\n".join(f"    {row}" for row in each.result.debug_log), style="dim"), soft_wrap=True
            )


def problems(played: Played) -> list[str]:
    """What is wrong with a run, one line each; what stands behind it first."""
    told = []
    for missed in _once(played):
        where = f"turn {played.case.turn_of_file(missed.turn)}" if missed.turn else "before the user spoke"
        told.append(f"{where}: {_about(played, missed)}")
    if played.crash is not None:
        told.append(f"crashed: {played.crash}")
    told += [
        f"eval: {failure}" for failure in played.failures if failure.kind != "judge" or not played.unjudged
    ]
    told += [f"{finding.promise}: {finding.why}" for finding in played.broken]
    told += [f"the bot's own code: {mishap}" for mishap in played.mishaps]
    if not told and not played.good:
        told.append(f"eval {played.verdict}")
    return told


def _once(played: Played) -> list[Missed]:
    seen: dict[tuple[str, int], Missed] = {}
    for missed in played.missed:
        seen.setdefault((missed.who, missed.turn), missed)
    return list(seen.values())


def _about(played: Played, missed: Missed) -> str:
    why = missed.why
    if missed.who == "the bot":
        if missed.first:
            return f"this is a recording of another bot, or of this one before it was changed. {why}"
        return why
    question = (
        "the judge was not asked" if missed.who == "the judge" else "the simulated caller has nothing to say"
    )
    if played.source == "recording":
        return f"{question}. {why}"
    mend = (
        f"record it once (--record --upstream URL), or give rules for it (--script FILE)"
        f"{'; --skip-judge goes on without' if missed.who == 'the judge' else ''}"
    )
    return f"{question}: {why}; {mend}"


def _tell_rates(console: Console, played: Sequence[Played], width: int) -> None:
    groups: dict[str, list[Played]] = {}
    for each in played:
        groups.setdefault(each.title, []).append(each)
    for title, group in groups.items():
        tried = [each for each in group if each.skipped is None]
        good = sum(each.good for each in tried)
        if not tried:
            console.print(
                Text(f"{title:<{width}}  skipped        {group[0].skipped}", style="dim"), soft_wrap=True
            )
            continue
        flaky = 0 < good < len(tried)
        told = f"{good}/{len(tried)} good" + (
            f", flaky: {100 * (len(tried) - good) / len(tried):.0f} % fail" if flaky else ""
        )
        console.print(
            Text.assemble((f"{title:<{width}}  ", ""), (told, "green" if good == len(tried) else "bold red")),
            soft_wrap=True,
        )


def _summary(played: Sequence[Played]) -> Text:
    tried = [each for each in played if each.skipped is None]
    bad = [each for each in tried if not each.good]
    sources = {each.source for each in tried if each.source}
    remark = ""
    if "improvised" in sources:
        remark = (
            "\nWithout a recording or a script the mock server improvised: text of its own, and a call of a "
            "tool that the user's words seem to ask for. What a file expects of words and "
            "arguments need not come."
        )
    many = f"{len(tried)} run{'' if len(tried) == 1 else 's'}"
    if not bad:
        unjudged = sum(each.verdict == "not judged" for each in tried)
        told = f"\nEvery eval passed and every promise was kept in {many}"
        told += f"; {unjudged} could not be judged" if unjudged else ""
        return Text(f"{told}.{remark}", style="bold green")
    return Text(f"\n{len(bad)} of {many} went wrong.{remark}", style="bold red")


# Writing ----------------------------------------------------------------------------------------------------


def _write(console: Console, played: Sequence[Played], wish: Wish) -> None:
    if wish.html is not None:
        from ninelives.report.html import page

        chapters = [each.chapter for each in played if each.skipped is None]
        write_text(wish.html, page(chapters, "ninelives eval"))
        console.print(f"timelines: {wish.html}", soft_wrap=True)
    if wish.json is not None:
        write_text(
            wish.json, json.dumps([as_json(each) for each in played], indent=1, ensure_ascii=False) + "\n"
        )
        console.print(f"findings: {wish.json}", soft_wrap=True)
    if wish.reports.wanted:
        wish.reports.write([checked(each, number) for number, each in _numbered(played)], "ninelives eval")


def _numbered(played: Sequence[Played]) -> list[tuple[int, Played]]:
    """Each with its number among those of the same title, from 1; 0 where there is only one."""
    titles = [each.title for each in played]
    return [
        (titles[: index + 1].count(each.title) if titles.count(each.title) > 1 else 0, each)
        for index, each in enumerate(played)
    ]


def checked(played: Played, number: int = 0) -> Checked:
    """A run for the reports."""
    from ninelives.report.checked import Checked

    turns = played.episode.turns
    return Checked(
        suite=played.case.label or played.case.bot,
        group=played.case.name,
        name=played.title + (f" #{number}" if number else ""),
        seconds=max((turn.ended or turn.began for turn in turns), default=0.0),
        problems=() if played.good else problems(played),
        crashed=played.crash is not None,
        skipped=played.skipped,
        file=str(played.case.path),
        line=played.case.line() or 1,
        talk="\n".join(f"{asked} → {heard}" for asked, heard in played.heard),
    )


def as_json(played: Played) -> dict[str, Any]:
    """A run as plain data."""
    return {
        "scenario": played.case.name,
        "file": str(played.case.path),
        "bot": played.case.bot,
        "fault": played.disaster.name if played.disaster is not None else None,
        "turn": played.case.turn_of_file(played.turn) if played.turn else None,
        "eval": played.verdict,
        "good": played.good,
        "skipped": played.skipped,
        "crash": played.crash,
        "source": played.source,
        "eval_ms": played.result.duration_ms if played.result is not None else None,
        "failures": [
            {"turn": each.turn, "event": each.what, "kind": each.kind, "reason": each.why}
            for each in played.failures
        ],
        "missing": [
            {"who": each.who, "turn": played.case.turn_of_file(each.turn), "why": each.why}
            for each in played.missed
        ],
        "raised": [str(each) for each in played.mishaps],
        "heard": [{"user": asked, "heard": heard} for asked, heard in played.heard],
        "findings": [
            {"promise": each.promise, "held": each.held, "why": each.why} for each in played.findings
        ],
    }
