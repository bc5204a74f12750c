"""Take the pictures of the docs again: `make images`. Needs a chromium on this machine."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from pathlib import Path

from ninelives import demo
from ninelives.commands.show import run
from rich.console import Console
from rich.terminal_theme import MONOKAI

from docs.images import live
from tests.browser import Tab, browser, find, tab

HERE = Path(__file__).parent
CASSETTES = HERE.parents[1] / "cassettes"
COLUMNS = 97


def main() -> int:
    """Take all pictures but `house.svg`, which `make docs` draws."""
    if find() is None:
        print("make images: no chromium found; install Debian's package `chromium`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with browser(folder / "profile") as devtools, tab(devtools) as page:
            _show(page, folder)
            _demo(page, folder)
            (HERE / "live.png").write_bytes(live.picture(page, folder))
    return 0


def _show(page: Tab, folder: Path) -> None:
    """Take `show.png`: a recorded conversation, searched for a word."""
    out = folder / "show.html"
    run(CASSETTES / "weather_over_sse.jsonl", raw=False, html=out)
    page.open(out.as_uri())
    page.press("/")
    for letter in "degrees":
        page.press(letter)
    (HERE / "show.png").write_bytes(page.picture(1200, 760))


def _demo(page: Tab, folder: Path) -> None:
    """Take `demo.svg`, what the demo prints, and `timeline.png`, the conversation whose socket it resets."""
    console = Console(
        record=True, file=io.StringIO(), color_system="truecolor", width=COLUMNS, highlight=False
    )
    demo.output = lambda: console  # type: ignore[assignment]
    os.chdir(folder)  # the paths that it prints begin where it runs
    out = Path("ninelives-demo")
    out.mkdir()
    if demo.tell(out) != 0:
        raise SystemExit("make images: a promise is broken in the demo")
    svg = console.export_svg(title="ninelives demo", theme=MONOKAI, unique_id="demo")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # nothing is loaded from elsewhere
    svg = svg.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    (HERE / "demo.svg").write_text(svg, "utf-8")
    page.open((folder / out / "timeline.html").as_uri())
    page.run("[...document.querySelectorAll('[role=tab], nav a, nav button')][1].click()")
    (HERE / "timeline.png").write_bytes(page.picture(1280, 860))


if __name__ == "__main__":
    raise SystemExit(main())
