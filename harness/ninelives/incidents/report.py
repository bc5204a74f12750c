"""The text of an issue for the maintainers of a service: the broken promise, and the shortest scenario that
shows it.

The remaining free text goes through the recorder's redactor, including e-mail addresses and, if
`ninelives[phones]` is installed, phone numbers.
"""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mock_openai.redaction import SecretRedactor

from ninelives.lab.promises import PROMISES

if TYPE_CHECKING:
    from ninelives.incidents.reproducing import Reproduction


def issue(found: Reproduction, kept: str, scenario: str, again: str) -> str:
    """Return the text of an issue, in Markdown."""
    redactor = SecretRedactor(emails=True, phones=find_spec("phonenumbers") is not None)
    law = PROMISES.get(found.promise, "An error was reported; no promise is broken by it.")
    kinds = Counter(
        each.kind
        for text in (scenario, found.evidence, found.why)
        for each in redactor.findings(text.encode())
    )
    kinds["words that --replace names"] = found.replacements.total
    replaced = ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items()) if count)
    lines = [
        f"# {found.promise}: {_line(redactor.string(found.why))}",
        "",
        f"{law} A call in production broke it; this scenario shows it every time, offline.",
        "",
        f"- service: {', '.join(found.incident.services) or 'unknown'}",
        f"- at the incident: {found.incident.made_with}",
        f"- reproduced with: Pipecat {version('pipecat-ai')}, Python {platform.python_version()}",
        f"- shortened from {found.turns} turns to {len(found.spec.asks) if found.spec else 0}",
        "",
        "## What happens",
        "",
        *(f"    {line}" for line in redactor.string(found.evidence).splitlines()),
        "",
        "## How to repeat it",
        "",
        f"Save this as `{kept}`:",
        "",
        "```yaml",
        redactor.string(scenario).rstrip(),
        "```",
        "",
        f"    pip install 'ninelives[pipecat]'\n    {again}",
        "",
        f"Replaced in this call: {replaced or 'nothing'}. Names of people are not recognized: read this text",
        "before you send it; `ninelives reproduce --replace 'NAME=Caller'` replaces them.",
        "",
    ]
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())
