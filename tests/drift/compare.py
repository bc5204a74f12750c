"""The baseline as text, and the difference of two sets of facts as people read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

Facts = Mapping[str, Mapping[str, str]]

GONE = "gone"


def to_text(facts: Facts) -> str:
    """Write facts as the baseline has them: sections, and one line for each fact."""
    chapters = (
        f"[{section}]\n" + "".join(f"{name} = {told}\n" for name, told in found.items())
        for section, found in facts.items()
    )
    return "\n".join(chapters)


def from_text(text: str) -> dict[str, dict[str, str]]:
    """Read a baseline. Raises ValueError, with the line, if it is none."""
    facts: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            section = facts.setdefault(line.strip("[]"), {})
        elif line:
            name, equals, told = line.partition(" = ")
            if not equals or section is None:
                raise ValueError(f"line {number}: expected [SECTION] or NAME = DESCRIPTION, found {line!r}")
            section[name] = told
    return facts


def differences(before: Facts, now: Facts) -> Iterator[str]:
    """Yield the lines of a report: what is gone, what is new, what is another. Nothing if all is the same."""
    for section in dict.fromkeys([*before, *now]):
        lines = list(_of_section(before.get(section, {}), now.get(section, {})))
        if lines:
            yield f"{section}:"
            yield from (f"  {line}" for line in lines)
            yield ""


def in_both(before: Facts, now: Facts, sections: Iterable[str]) -> tuple[Facts, Facts, int]:
    """Leave out of some sections the names that only one side has: our own code began or ceased to use them.

    Returns both sides, and how many names the first one lacks.
    """
    old, new, unknown = dict(before), dict(now), 0
    for section in sections:
        mine, theirs = before.get(section, {}), now.get(section, {})
        old[section] = {name: told for name, told in mine.items() if name in theirs}
        new[section] = {name: told for name, told in theirs.items() if name in mine}
        unknown += len(theirs) - len(new[section])
    return old, new, unknown


def _of_section(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        was, is_now = before.get(name, GONE), now.get(name, GONE)
        if was == is_now:
            continue
        if is_now == GONE:
            yield f"- {name} is gone (was: {was})"
        elif was == GONE:
            yield f"+ {name} is new: {is_now}"
        else:
            yield f"~ {name}: {_changed(was, is_now)}"


def _changed(was: str, is_now: str) -> str:
    """Say what changed: the parts that differ where there are several, else both descriptions."""
    old, new = _parts(was), _parts(is_now)
    if min(len(old), len(new)) < 2:
        return f"was {was}, is {is_now}"
    lost = [part for part in old if part not in new]
    added = [part for part in new if part not in old]
    if not lost and not added:
        return f"another order: was {was}, is {is_now}"
    return "; ".join(
        f"{word} {', '.join(parts)}" for word, parts in (("without", lost), ("with", added)) if parts
    )


def _parts(text: str) -> list[str]:
    """Split a description at the commas that stand in no inner bracket."""
    inner = re.match(r"^[\w ]*\((.*)\)$", text)
    parts, depth = [""], 0
    for letter in inner[1] if inner else text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
