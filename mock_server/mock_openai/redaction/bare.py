"""Values without quotes, after a name and a sign: in prose and in code, words follow that are not secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import TRAILING, fits, whole
from mock_openai.redaction.names import Weight, weight
from mock_openai.redaction.values import is_chosen, is_credential, is_jumbled, is_named_secret

_TYPE = re.compile(
    rb"(?:typing\.|t\.)?(?:Final|Optional|Annotated|ClassVar|Union|Literal|NotRequired|Required|List"
    rb"|list|Type|type)\["
)
"""A type, which is followed by the value."""
_ITEM = re.compile(rb"\r?\n[ \t]{0,32}+-[ \t]{1,8}+[\"']?+(?P<value>[^\s\"'#]{8,512}+)")
_LEADING = re.compile(rb"[A-Za-z0-9_.~+/=%:|!*@$^-]++")


def bare(name: bytes, value: bytes, start: int, what: Weight, *, form: bool, exact: bool) -> Iterator[Span]:
    """Yield values without quotes: in prose and in code, names are followed by words that are not secrets."""
    value = value if form else value.rstrip(TRAILING)
    if _TYPE.match(value) or (name.endswith(b"PWD") and value[:1] in (b"/", b"~")):  # the folder
        return
    if what is not Weight.SECRET and (found := _LEADING.match(value)) is not None:
        value = found[0] if value[found.end() : found.end() + 1] in (b"?", b"#") else value
    if what is not Weight.SECRET or exact or name.isupper():
        wanted = fits(what, value)
    else:
        wanted = (
            is_credential(value, 8)
            or is_chosen(value)
            or (value.islower() and is_jumbled(value) and weight(value) is Weight.NOTHING)
            or (len(value) >= 20 and is_named_secret(value) and b"." not in value)
        )
    if wanted:
        kind = "query" if form else "field" if what is Weight.SECRET else "credential"
        yield from whole(kind, value, start)


def items(text: bytes, name: bytes, start: int, what: Weight) -> Iterator[Span]:
    """Yield the further items of a list in YAML."""
    item = _ITEM.match(text, start)
    while item is not None:
        yield from bare(name, item["value"], item.start("value"), what, form=False, exact=False)
        item = _ITEM.match(text, item.end())
