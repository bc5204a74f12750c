"""One self-contained HTML page of one or more timelines: it opens from disk, offline, in light and dark, and
can be searched and driven by keys.

The page is the template's text with the style, the script and the data written into it. Data goes in as JSON
that cannot close its own script element, and the script puts it on the page as text only, so nothing a model
or a user said is ever markup. The page's content security policy allows its own style and script, by their
digests, and no address.

Parts that several timelines share (an event, its JSON, the text of a promise) are written once, and the
script unpacks a timeline when it is opened, so a page with hundreds of timelines opens as fast as one with a
few.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from mock_openai.journal import redact

from ninelives.report.axis import axis, clock, duration
from ninelives.report.secrets import without_secrets
from ninelives.report.timeline import Chapter

PLACES = 100_000
"""Positions on the time axis are whole numbers from 0 to this."""


def page(chapters: Sequence[Chapter], title: str, note: str = "") -> str:
    """Draw the chapters as one page without secrets, with a note under its title. The result is the whole
    file.
    """
    parts = resources.files("ninelives.report")
    text = (parts / "page.html").read_text("utf-8")
    style, script = ((parts / name).read_text("utf-8") for name in ("page.css", "page.js"))
    shared = _Shared()
    chapters, title, note = list(map(without_secrets, chapters)), redact.text(title), redact.text(note)
    drawn = [_chapter(each, name, shared) for each, name in zip(chapters, anchors(chapters), strict=True)]
    data = json.dumps(
        {"chapters": drawn, "moments": list(shared.moments), "texts": list(shared.texts)},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    filled = {
        "policy": html.escape(_policy(style, script)),
        "title": html.escape(title),
        "style": style,
        "note": html.escape(note),
        "data": data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        "script": script,
    }
    whole = []
    for name, value in filled.items():  # each searched after the previous one, not in inserted text
        before, _, text = text.partition(f"{{{{{name}}}}}")
        whole += [before, value]
    return "".join([*whole, text])


def anchors(chapters: Iterable[Chapter]) -> list[str]:
    """Return the names by which the chapters of a page can be linked to, as in `page.html#reset_in_mid_call`.

    A name is made of the chapter's title, and of its bot where the page has several; it does not depend on
    what else is on the page, unless two are called the same.
    """
    chapters = list(chapters)
    several = len({each.bot for each in chapters}) > 1
    taken: dict[str, int] = {}
    names = []
    for each in chapters:
        words = f"{each.bot} {each.title}" if several else each.title
        name = re.sub(r"[^\w.-]+", "_", words).strip("_") or "timeline"
        taken[name] = number = taken.get(name, 0) + 1
        names.append(name if number == 1 else f"{name}~{number}")
    return names


def _policy(style: str, script: str) -> str:
    def digest(text: str) -> str:  # of the text between the tags
        return base64.b64encode(hashlib.sha256(f"\n{text}\n".encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; style-src 'sha256-{digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


class _Shared:
    """The parts that several timelines share, each with its index in the page's data."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.moments: dict[tuple[str, str, int], int] = {}

    def text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def moment(self, kind: str, text: str, detail: str) -> int:
        return self.moments.setdefault((kind, text, self.text(detail)), len(self.moments))


def _chapter(chapter: Chapter, name: str, shared: _Shared) -> dict[str, Any]:
    timeline = chapter.timeline
    moments = [row.at for row in timeline.rows]
    moments += [edge for span in timeline.spans for edge in (span.began, span.until) if edge is not None]
    scale = axis(moments)
    lanes = timeline.lanes

    def place(at: float) -> int:
        return round(scale.place(at) * PLACES)

    return {
        "name": name,
        "title": chapter.title,
        "sentence": chapter.sentence,
        "group": chapter.group,
        "bot": chapter.bot,
        "about": list(chapter.about),
        "latency": chapter.latency,
        "dead_air": chapter.dead_air,
        "crashed": chapter.crashed,
        "heard": [list(pair) for pair in chapter.heard],
        "findings": [[f.promise, f.held, shared.text(f.why)] for f in chapter.findings],
        "lanes": lanes,
        "rows": [
            [
                place(row.at),
                clock(row.at),
                lanes.index(row.lane),
                shared.moment(row.kind, row.text, row.detail),
            ]
            for row in timeline.rows
        ],
        "spans": [
            {
                "from": place(span.began),
                "to": PLACES if span.until is None else place(span.until),
                "lane": lanes.index(span.lane),
                "text": span.text,
                "broken": span.broken,
            }
            for span in timeline.spans
        ],
        "ticks": [[round(at * PLACES), label] for at, label in scale.ticks()],
        "folds": [
            [round(f.begins * PLACES), round(f.ends * PLACES), duration(f.seconds)] for f in scale.folds
        ],
    }
