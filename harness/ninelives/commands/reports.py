"""The reports for continuous integration of `verdict`, `explore` and `eval`: `--junit` and `--github`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ninelives.commands.files import write_text
from ninelives.complaint import Complaint

if TYPE_CHECKING:
    from ninelives.report.checked import Checked

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Where GitHub names the file that it shows as the summary of a step."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What is written for machines besides the terminal."""

    junit: Path | None = None
    github: bool = False

    @property
    def wanted(self) -> bool:
        """Whether anything is."""
        return self.junit is not None or self.github

    def write(self, checked: Sequence[Checked], title: str) -> None:
        """Write what is wanted. Raises Complaint when a file cannot be written."""
        if self.junit is not None:
            from ninelives.report.junit import junit

            write_text(self.junit, junit(checked, title))
        if self.github:
            from ninelives.report.github import commands, summary

            for line in commands(checked):
                print(line)
            sys.stdout.flush()
            if path := os.environ.get(SUMMARY):
                try:
                    with Path(path).open("a", encoding="utf-8") as file:
                        file.write(summary(checked, title))
                except OSError as error:
                    raise Complaint(
                        f"{path}, which {SUMMARY} names, cannot be written ({error.strerror})"
                    ) from None
