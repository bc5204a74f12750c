"""The parts of messages and tool outputs: text, images, files, and the model's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.schema import Array, Object, String, Tagged, either, need, words

_TEXT = String()
_BREAKPOINT = Object({"mode": need(words("explicit")), "ttl": words("30m", "12h")})

_MEDIA = ("audio/", "video/")
_MEDIA_ENDINGS = (".mp3", ".wav", ".ogg", ".flac", ".m4a", ".mp4", ".mov", ".avi", ".mkv", ".webm")


class _FileData:
    """A file within the request. Audio and video are refused (observed for mp3, otherwise inferred)."""

    noun = "a string"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: str, path: str) -> None:
        if not value.startswith("data:"):
            raise errors.unsupported_file_data(path, None)
        kind = value[5:].partition(";")[0]
        if kind.startswith(_MEDIA):
            raise errors.unsupported_file_data(path, kind)


class _ImageUrl:
    """An image, by address or within the request; addresses are not fetched, images not examined."""

    noun = "a string"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: str, path: str) -> None:
        if value.lower().startswith(("http://", "https://")):
            return
        if not value.startswith("data:"):
            raise errors.invalid_image_url(path, "a value without the 'data:' prefix")
        kind, comma, data = value[5:].partition(",")
        if not kind.startswith("image/"):
            raise errors.invalid_image_url(path, f"unsupported MIME type '{kind.partition(';')[0]}'")
        if not comma or not data:
            raise errors.invalid_image_url(path, "empty base64-encoded bytes")


class _FileUrl:
    """A file at another address, checked by its name only: this server fetches nothing."""

    noun = "a string"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: str, path: str) -> None:
        if value.partition("?")[0].lower().endswith(_MEDIA_ENDINGS):
            raise errors.unsupported_file()


@dataclass(frozen=True, slots=True)
class _FilePart(Object):
    """A file: only one that comes within the request has a name of its own (reported; the error speaks of
    `file_id` whatever the other source is).
    """

    def check(self, value: Any, path: str) -> None:
        Object.check(self, value, path)
        if value.get("filename") is not None and value.get("file_data") is None:
            raise errors.mutually_exclusive("file_id", "filename", where=path)


_INPUT_PARTS = {
    "input_text": Object({"type": _TEXT, "text": need(_TEXT), "prompt_cache_breakpoint": _BREAKPOINT}),
    "input_image": Object(
        {
            "type": _TEXT,
            "detail": words("low", "high", "auto", "original"),
            "image_url": _ImageUrl(),
            "file_id": _TEXT,
            "prompt_cache_breakpoint": _BREAKPOINT,
        },
        exactly_one=("file_id", "image_url"),
    ),
    "input_file": _FilePart(
        {
            "type": _TEXT,
            "detail": words("auto", "low", "high"),
            "file_data": _FileData(),
            "file_id": _TEXT,
            "file_url": _FileUrl(),
            "filename": _TEXT,
            "prompt_cache_breakpoint": _BREAKPOINT,
        },
        # The wording for none and for several is the one for pictures (inferred).
        exactly_one=("file_id", "file_data", "file_url"),
    ),
}
# The error about an unknown kind of part lists all kinds. The error about a kind that is known, but not
# allowed for this role, lists the allowed ones (reported, with these lists in this order).
_PARTS = (
    "input_text",
    "input_image",
    "input_audio",
    "output_text",
    "refusal",
    "input_file",
    "computer_screenshot",
    "summary_text",
    "encrypted_content",
)
_TOLD = Tagged(
    _INPUT_PARTS,
    listed=frozenset({"input_audio", "computer_screenshot", "scoped_content"}),
    all_tags=_PARTS,
    shown=("input_text", "input_image", "input_file", "scoped_content", "input_audio"),
)
USER_CONTENT = either(Array(Tagged(_INPUT_PARTS, all_tags=_PARTS)), _TEXT)
"""What a user's message may contain."""

_SAID = Tagged(
    {
        "output_text": Object(
            {
                "type": _TEXT,
                "text": need(_TEXT),
                "annotations": Array(Object(open=True)),
                "logprobs": Array(Object(open=True)),
            }
        ),
        "refusal": Object({"type": _TEXT, "refusal": need(_TEXT)}),
    },
    all_tags=_PARTS,
    shown=("output_text", "refusal"),
)

SPEAKER_CONTENT = either(Array(_TOLD), _TEXT)
"""What a message of any role but the assistant may contain."""

ASSISTANT_CONTENT = either(Array(_SAID), _TEXT)
"""What a message of the assistant may contain."""

TOOL_OUTPUT = either(
    Array(
        Tagged(
            _INPUT_PARTS,
            listed=frozenset({"computer_screenshot", "scoped_content"}),
            all_tags=_PARTS,
            shown=("input_text", "input_image", "input_file", "scoped_content"),
        )
    ),
    _TEXT,
)
"""What a tool's output may contain."""


def text_of(content: object) -> str:
    """Return the text of a message's content or a tool's output, whatever its form."""
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        return "\n".join(part["text"] for part in content if isinstance(part, Mapping) and "text" in part)
    return ""
