"""Take the pictures of the docs again: `make images`. Needs a chromium on this machine."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ninelives.commands.show import run

from tests.browser import browser, find, tab

HERE = Path(__file__).parent
CASSETTES = HERE.parents[1] / "cassettes"


def main() -> int:
    """Take `show.png`: a recorded conversation, searched for a word."""
    if find() is None:
        print("make images: no chromium found; install Debian's package `chromium`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "show.html"
        run(CASSETTES / "weather_over_sse.jsonl", raw=False, html=out)
        with browser(Path(folder) / "profile") as devtools, tab(devtools) as page:
            page.open(out.as_uri())
            page.press("/")
            for letter in "degrees":
                page.press(letter)
            (HERE / "show.png").write_bytes(page.picture(1200, 760))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
