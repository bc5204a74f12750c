"""Whatever a document is and however it is spelled: the secret goes, and every other byte stays."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mock_openai.redaction import SecretRedactor

from .made_up import FORMS, made
from .styles import STYLES, Style

PLACE = "\ue000"
"""Where the secret goes: a character that nothing else has."""
TEXT = st.text(st.characters(exclude_categories=["Co"], exclude_characters="%&\\"), max_size=20)
EDGES = st.sampled_from(
    [" ", "\n", "\t", '"', "'", "\u201c", "<", ">", "(", ",", "\u00e9", "\U0001f600", "\u2028", "\r\n", "{"]
)


def packed(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def packed_on_lines(text: str, width: int, end: str) -> str:
    whole = packed(f"{text} and again {text}")
    return end.join(whole[at : at + width] for at in range(0, len(whole), width))


Wrapping = Callable[[str], str]
WRAPPINGS: dict[str, Wrapping] = {
    "plain": lambda text: text,
    "percent": lambda text: "https://host.example/?q=" + quote(text, safe=""),
    "base64": lambda text: (
        "data:text/plain;base64," + base64.b64encode(text.encode("utf-8", "replace")).decode()
    ),
    "url-safe": lambda text: packed(text).replace("+", "-").replace("/", "_").rstrip("="),
    "mime": lambda text: "see\n\n" + packed_on_lines(text, 76, "\n"),
    "mime with CR": lambda text: packed_on_lines(text, 64, "\r\n"),
    "sse": lambda text: ": ping\nevent: x\nid: 7\ndata: " + json.dumps({"t": text}) + "\n\n",
    **{
        f"json of {name}": lambda text, style=style: style({"k": [text, 1.50, None]})
        for name, style in STYLES.items()
    },
}


@st.composite
def documents(draw: st.DrawFn) -> tuple[Any, str]:
    """A document with the place of the secret in it, inside up to two other texts."""
    before, after = draw(TEXT), draw(TEXT)
    text = before + draw(EDGES) + PLACE + draw(EDGES) + after
    wrappings = draw(st.lists(st.sampled_from(list(WRAPPINGS)), max_size=2))
    value: Any = text
    leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
    around = draw(
        st.recursive(
            leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
        )
    )
    # Hypothesis knows the constants of the code, names of secrets among them.
    assume(SecretRedactor().findings(json.dumps([around, text]).encode()) == [])
    shape = draw(st.sampled_from(["value", "element", "member", "name", "deep"]))
    return (shape, around, value, tuple(wrappings)), draw(st.sampled_from(sorted(STYLES)))


def percent_like(text: str, original: str) -> str:
    """Percent-encode a text; what is escaped in the original is escaped in it, too."""
    pairs = zip(text, original, strict=True)
    escaped = (
        f"%{ord(new):02X}" if new != old and quote(old, safe="") != old else quote(new, safe="")
        for new, old in pairs
    )
    return WRAPPINGS["percent"]("") + "".join(escaped)


def written(document: Any, style: Style, secret: str, original: str | None = None) -> bytes:
    """Write a document with a secret; `original` is the one whose spelling is kept, if that is another."""
    shape, around, text, wrappings = document
    like = text.replace(PLACE, secret if original is None else original)
    text = text.replace(PLACE, secret)
    for name in wrappings:
        text = percent_like(text, like) if name == "percent" else WRAPPINGS[name](text)
        like = WRAPPINGS[name](like)
    value = {
        "value": text,
        "element": [around, text, around],
        "member": {"a": around, "text": text, "z": around},
        "name": {text: around},
        "deep": {"a": [{"b": [[around, {"c": text}]]}]},
    }[shape]
    return style(value).encode("utf-8", "surrogatepass")


def readings(data: bytes, depth: int = 0) -> Iterator[str]:
    """Everything that can be read in a text: strings of JSON in it, base64 and percent-encoding in those."""
    text = data.decode("utf-8", "surrogatepass")
    yield text
    if depth > 6:
        return
    for inner in (_strings(text), [unquote(text)] if "%" in text else [], _unpacked(text), _lines(text)):
        for one in inner:
            if one != text:
                yield from readings(one.encode("utf-8", "surrogatepass"), depth + 1)


def _strings(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found: list[str] = []

    def walk(value: Any) -> None:
        match value:
            case str():
                found.append(value)
            case dict():
                for key, inner in value.items():
                    found.append(key)
                    walk(inner)
            case list():
                for inner in value:
                    walk(inner)

    walk(value)
    return found


def _unpacked(text: str) -> list[str]:
    blob = "".join(text.rpartition(",")[2].removeprefix("see").split())
    try:
        return [base64.urlsafe_b64decode(blob + "=" * (-len(blob) % 4)).decode()]
    except ValueError:
        return []


def _lines(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]


@settings(max_examples=120, deadline=None)
@given(documents(), st.sampled_from(sorted(FORMS)), st.integers(0, 10**6))
@example((("value", None, f" {PLACE} ", ("percent", "base64")), ".net"), "telegram", 0)
@example((("value", None, f" {PLACE} ", ("percent",)), ".net"), "telegram", 0)
@example((("value", None, f" {PLACE} :", ("percent",)), ".net"), "slack app", 0)
def test_a_secret_is_nowhere_and_every_other_byte_is_the_same(
    given_document: Any, kind: str, seed: int
) -> None:
    document, style = given_document
    text, secret = made(kind, seed)
    redactor = SecretRedactor()
    fake = redactor.string(text)
    assert secret not in fake
    before = written(document, STYLES[style], text)
    clean = redactor.text(before)
    wanted = written(document, STYLES[style], fake, text)
    if clean != wanted:  # base64 of the fake has no such character as the encoder had to escape there
        assert "base64" in str(document) or "mime" in str(document)
        assert json.loads(clean) == json.loads(wanted)
        assert len(clean) == len(before)
    for reading in readings(clean):
        assert secret not in reading
    assert redactor.text(clean) == clean
    assert SecretRedactor().findings(clean) == []


STYLE = st.sampled_from(sorted(STYLES))
LABELS = ("the", "your", "redacted", "filtered", "sanitized", "is", "my", "are", "need")
NAMED = st.text(st.characters(codec="utf-8", exclude_characters="*<{$%&\\"), min_size=8, max_size=40)


@settings(max_examples=100, deadline=None)
@given(
    NAMED,
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(["password", "apiKey", "X-Api-Key", "DB_PASSWORD"]),
)
def test_what_a_name_says_is_secret_goes_whatever_it_is_made_of(value: str, style: str, name: str) -> None:
    secret = f"Zq7{value}9"
    before = STYLES[style]({"a": 1, name: secret, "text": "stays as it is"})
    clean = json.loads(SecretRedactor().string(before))
    if clean[name] == secret:  # it reads like a label, or is one
        assert any(
            word in value.lower() for word in ("the", "your", "redacted", "filtered", "sanitized", "is", "my")
        )
        return
    assert clean["text"] == "stays as it is"
    assert "Zq7" not in clean[name]
    for run in value.split():
        assert len(run) < 4 or run not in clean[name] or not run.isascii()


@pytest.mark.parametrize(
    "cut",
    [
        "{'password': 'Zq7cut9off",
        'name="client_secret"\r\n\r\nZq7cut9off0Zq7',
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "password=Zq7cut9off",
        "Authorization: Bearer Zq7cut9off0Zq7",
    ],
)
@pytest.mark.parametrize("style", sorted(STYLES))
def test_what_breaks_off_in_a_string_ends_with_it(cut: str, style: str) -> None:
    if cut.startswith("name="):
        cut = f"--b\r\nContent-Disposition: form-data; {cut}"
    document = {"text": cut, "id": "don't-touch-1", "more": ["it's", "-----END"]}
    clean = json.loads(SecretRedactor().string(STYLES[style](document)))
    assert {**clean, "text": cut} == document
    assert "cut9off" not in clean["text"]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_without_a_secret_are_not_touched(data: bytes) -> None:
    assert SecretRedactor().text(data) == data


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='\\u005c"n%26&#x;/tk=', max_size=120))
def test_escapes_in_any_disorder_are_not_touched(text: str) -> None:
    assert SecretRedactor().string(text) == text


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=30),
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(sorted(STYLES)),
    st.integers(0, 10**6),
)
def test_a_secret_has_one_fake_however_it_is_spelled(around: str, one: str, other: str, seed: int) -> None:
    text, secret = made("openai project", seed)
    redactor = SecretRedactor()
    first = json.loads(redactor.string(STYLES[one]([f"{around} {text} "])))[0]
    nested = json.loads(redactor.string(STYLES[other]([STYLES[one]([f"{around} {text} "])])))[0]
    assert json.loads(nested)[0] == first
    assert secret not in first
