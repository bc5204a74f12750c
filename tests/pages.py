"""Pages of the documentation as a reader follows them: files to save, commands to type, output to see.

A page is followed from top to bottom in one shell. What a block is for stands in its language and in the line
before it:

- a block after "... `NAME`:" is saved under that name, after "... to `NAME`:" added to that file
- `sh` is typed; a line that ends in `# exit code 1` has to fail so
- `text` after `sh` is what the commands print, line by line; "..." stands for anything
- `console` is shown and not run: it needs a key, a network or another machine
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
INSTALLING = ("pip install", "python3 -m venv", ". .venv", "npm install", "deactivate")
"""Beginnings of the lines that a test does not type: it has its own environment."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"(\bto )?`([\w./-]+\.\w+)`:\n*\Z")
_FAILING = re.compile(r"^(.*?)\s+# exit code (\d+)$")
_MARK = "@@@ block %d"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `name` is that of the file that it is to be saved as, or added to, if it is."""

    language: str
    text: str
    name: str | None = None
    added: bool = False


def read(page: str) -> list[Block]:
    """Return the blocks of a page, named as below `docs`."""
    text = (DOCS / page).read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        name = _NAME.search(text[: match.start()])
        saved = match[1] not in ("sh", "console", "text")
        found.append(
            Block(match[1], match[2], name[2], bool(name[1])) if name and saved else Block(match[1], match[2])
        )
    return found


def saved(page: str, name: str) -> str:
    """Return what a page saves under a name at first."""
    return next(block.text for block in read(page) if block.name == name)


def script(page: str, given: Sequence[tuple[str, str]] = ()) -> str:
    """Return what a reader of the page does as one script of bash, on ports that are free.

    `given` are pages and names of files that are there already.
    """
    lines = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for other, name in given:
        lines += _save(name, saved(other, name))
    for number, block in enumerate(read(page)):
        lines.append(f"echo '{_MARK % number}'")
        if block.name is not None:
            lines += _save(block.name, block.text, added=block.added)
        elif block.language == "sh":
            for line in block.text.splitlines():
                lines += _typed(line)
    return _with_free_ports("\n".join(lines))


def unlike(page: str, said: str) -> list[str]:
    """Return the lines that the page shows as printed and that `said`, what was printed, does not have."""
    blocks = read(page)
    missing = []
    for number, block in enumerate(blocks):
        if block.language == "text" and number and blocks[number - 1].language == "sh":
            printed = said.partition(_MARK % (number - 1))[2].partition(_MARK % number)[0]
            missing += [line for line in block.text.splitlines() if not _is_in(line, printed)]
    return missing


def _is_in(line: str, printed: str) -> bool:
    pieces = [r"\s+".join(re.escape(word) for word in piece.split()) for piece in line.split("...")]
    return re.search(r"[\s\S]*?".join(pieces), printed) is not None


def _save(name: str, text: str, *, added: bool = False) -> Iterator[str]:
    if "/" in name:
        yield f"mkdir -p {name.rpartition('/')[0]}"
    yield f"cat {'>>' if added else '>'} {name} <<'END-OF-FILE'\n{text}END-OF-FILE"


def _typed(line: str) -> Iterator[str]:
    if line.startswith(INSTALLING):
        return
    if failing := _FAILING.match(line):
        yield f"code=0; {failing[1]} || code=$?; test $code = {failing[2]}"
        return
    yield line
    if server := re.search(r"--port (\d+).*&\s*(#.*)?$", line):
        yield f"until (: </dev/tcp/127.0.0.1/{server[1]}) 2>/dev/null; do sleep 0.1; done"


def _with_free_ports(text: str) -> str:
    for port in sorted(set(re.findall(r"\b80\d\d\b", text))):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            text = re.sub(rf"\b{port}\b", str(probe.getsockname()[1]), text)
    return text
