"""One self-contained HTML page of one or more timelines: it opens from disk, offline, in light and dark, and
can be searched and driven by keys.

The page is the template's text with the style, the script and the data written into it. Data goes in as JSON
that cannot close its own script element, and the script puts it on the page as text only, so nothing a model
or a user said is ever markup.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from ninelives.report.axis import axis, clock, duration
from ninelives.report.timeline import Chapter


def page(chapters: Sequence[Chapter], title: str, note: str = "") -> str:
    """Draw the chapters as one page, with a note under its title. The result is the whole file."""
    parts = resources.files("ninelives.report")
    text = (parts / "page.html").read_text("utf-8")
    details: dict[str, int] = {}  # much is the same in several chapters, and is written down once
    told = [_chapter(each, details) for each in chapters]
    data = json.dumps({"chapters": told, "details": list(details)}, ensure_ascii=False, separators=(",", ":"))
    filled = {
        "title": html.escape(title),
        "note": html.escape(note),
        "style": (parts / "page.css").read_text("utf-8"),
        "script": (parts / "page.js").read_text("utf-8"),
        "data": data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
    }
    for name, value in filled.items():
        before, _, after = text.partition(f"{{{{{name}}}}}")
        text = before + value + after
    return text


def _chapter(chapter: Chapter, details: dict[str, int]) -> dict[str, Any]:
    timeline = chapter.timeline
    moments = [row.at for row in timeline.rows]
    moments += [edge for span in timeline.spans for edge in (span.began, span.until) if edge is not None]
    scale = axis(moments)
    lanes = timeline.lanes
    return {
        "title": chapter.title,
        "sentence": chapter.sentence,
        "latency": chapter.latency,
        "heard": [list(pair) for pair in chapter.heard],
        "findings": [{"name": f.promise, "held": f.held, "why": f.why} for f in chapter.findings],
        "lanes": lanes,
        "rows": [
            [
                round(scale.place(row.at), 5),
                clock(row.at),
                lanes.index(row.lane),
                row.kind,
                row.text,
                details.setdefault(row.detail, len(details)),
            ]
            for row in timeline.rows
        ],
        "spans": [
            {
                "from": round(scale.place(span.began), 5),
                "to": round(1.0 if span.until is None else scale.place(span.until), 5),
                "lane": lanes.index(span.lane),
                "text": span.text,
                "broken": span.broken,
            }
            for span in timeline.spans
        ],
        "ticks": [[round(place, 5), label] for place, label in scale.ticks()],
        "folds": [[round(f.begins, 5), round(f.ends, 5), duration(f.seconds)] for f in scale.folds],
    }
