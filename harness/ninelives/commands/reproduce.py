"""`ninelives reproduce`: plays an incident of a black box against a bot, and keeps it as a scenario."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ninelives.commands.explore import file_for
from ninelives.commands.files import deferred, raise_first, require_places, write_text
from ninelives.commands.printing import notes, output
from ninelives.commands.quiet import quiet
from ninelives.plural import counted
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.incidents.reading import Incident
    from ninelives.incidents.reproducing import Reproduction
    from ninelives.lab.services import Factory


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    file: Path
    bot: str
    out: Path
    report: Path
    tries: int
    wire: Path | None = None
    """The cassette of a recorder that ran at that time. None: the one beside the incident, if any."""
    replace: Sequence[str] = ()
    """Words to replace in all texts, each as `NAME=OTHER`."""


def run(options: Options) -> int:
    """Reproduce an incident. Return 1 if the same problem occurred, 0 if not. Raises UsageError."""
    from ninelives.incidents.people import Replacements
    from ninelives.incidents.reading import read

    replacements = Replacements(options.replace)
    require_places(options.out / "scenario.yaml", options.report)
    incident = _with_wire(read(options.file), options.wire)
    quiet()
    from ninelives.incidents.reproducing import reproduce
    from ninelives.lab.services import find_factory

    factory = find_factory(options.bot)
    _require_a_bot(factory, incident)
    with notes().status("rebuilding the call") as status:
        found = reproduce(
            incident, factory, tries=options.tries, replacements=replacements, progress=status.update
        )
    for old in replacements.unused:
        _note(f"--replace {old!r}: these words do not occur in this call")
    if found.spec is None:
        raise UsageError(
            f"{options.file} has no complete turn; give BlackBox more minutes, or a larger max_bytes"
        )
    return _write_and_print(options, found) if found.same else _print_other(options, found)


def _with_wire(incident: Incident, given: Path | None) -> Incident:
    """Return the incident with a recorder's traffic, if the bot did not report its own."""
    from ninelives.incidents.sidecar import beside, has_wire, with_wire

    if has_wire(incident):
        if given is not None:
            _note(f"{incident.path} already contains the traffic; {given} was not read")
        return incident
    path = given if given is not None else beside(incident.path)
    if path is None:
        return incident
    judged = with_wire(incident, path)
    _note(f"the traffic is taken from {path}{_news(incident, judged)}")
    return judged


def _news(before: Incident, after: Incident) -> str:
    known = {promise for promise, _ in before.broken}
    new = [f"{promise}, {why}" for promise, why in after.broken if promise not in known]
    return f"; it also shows: {'; '.join(new)}" if new else ""


def _note(text: str) -> None:
    notes().print(f"ninelives: {text}", markup=False)


def _require_a_bot(factory: Factory, incident: Incident) -> None:
    """Report a bot that does not work, and its differences from the incident's."""
    from ninelives.lab.undisturbed import play_first

    first = play_first(factory)
    if first.outcome.crash:
        raise UsageError(f"{first.who}: this bot crashes even without faults: {first.outcome.crash}")
    here = [f"{kind.__module__}.{kind.__qualname__}" for kind, _ in first.outcome.hosts]
    missing = [each for each in incident.services if each not in here]
    if missing:
        from pipecat.services.llm_service import LLMService

        own = [
            f"{kind.__module__}.{kind.__qualname__}"
            for kind, _ in first.outcome.hosts
            if issubclass(kind, LLMService)
        ]
        mine = own[0] if own else "none"
        _note(f"this is a different bot: the incident is from {missing[0]}, this bot uses {mine}")


def _write_and_print(options: Options, found: Reproduction) -> int:
    from ninelives.incidents.people import likely_names
    from ninelives.incidents.report import issue
    from ninelives.lab.scenario_file import to_yaml

    assert found.spec is not None
    spec, path = file_for(options.out, found.spec)
    again = shlex.join(["ninelives", "verdict", options.bot, "--scenario-file", str(path)])
    remarks = [f"From: {options.file}", f"Repeat with: {again}", f"{found.promise}: {found.why}"]
    errors: list[UsageError] = []
    wrote: list[str] = []
    with deferred(errors):
        write_text(path, to_yaml(spec, [each.replace("\n", " ") for each in remarks]))
        wrote.append(str(path))
    with deferred(errors):
        write_text(options.report, issue(found, path.name, to_yaml(spec), again))
        wrote.append(str(options.report))
    console = output(secrets=False)
    what = (
        "the same promise was broken"
        if found.promise != "error"
        else "the same error was reported, and no promise was broken"
    )
    console.print(
        Text.assemble(
            (f"{what}: ", "bold red"), f"{found.promise}, {found.why}; " if found.promise != "error" else
            f"{found.why}; ", f"shortened from {counted(found.turns, 'turn')} to {len(spec.asks)}; ",
            f"wrote {' and '.join(wrote) or 'nothing'}",
        )
    )  # fmt: skip
    console.print(Text(f"again: {again}", style="dim"))
    given = {each.partition("=")[2].strip() for each in options.replace}
    said = (text for ask in spec.asks for text in (ask.user, ask.text))
    if names := [each for each in likely_names(said) if each not in given]:
        _note(f"may be names: {', '.join(names)}; --replace {shlex.quote(names[0] + '=Caller')} replaces one")
    raise_first(errors)
    return 1


def _print_other(options: Options, found: Reproduction) -> int:
    broke = f"; it broke {', '.join(found.others)}" if found.others else ""
    wanted = found.incident.broken[0][0] if found.incident.broken else "the error"
    output(secrets=False).print(
        Text.assemble(
            ("not reproduced: ", "bold green"),
            f"{wanted} did not occur in {found.tried} scenarios of {found.turns} turns{broke}; "
            "nothing was written",
        )
    )
    return 0
