"""Reports: a conversation and its connection for a reader, in a terminal and as one self-contained HTML page.

`timeline` and `conversation` turn journals, bots and cassettes into plain rows; `terminal` and `html` only
draw rows.
"""

from ninelives.report.conversation import Exchanged, conversation
from ninelives.report.timeline import Chapter, Row, Span, Timeline

__all__ = ["Chapter", "Exchanged", "Row", "Span", "Timeline", "conversation"]
