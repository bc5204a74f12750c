"""A secret in bytes that are not UTF-8: texts in UTF-16 and UTF-32, files that are compressed."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable

import pytest
import zstandard
from mock_openai.redaction import SecretRedactor

from tests.effort import calls_of

SECRET = "a1B2c3D4e5F6g7H8i9J0"
TEXT = f'{{"model": "gpt-5", "password": "{SECRET}", "n": 1, "said": "the weather is fine"}}\r\n'
KEYED = f"the key is sk-proj-{SECRET}".encode()
FORM = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n--X--\r\n'


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("around", [b"%b", FORM, b"\xff\xfe\x00 %b \xff\x00\x01"])
def test_a_text_of_wide_characters(coding: str, around: bytes) -> None:
    before = around % TEXT.encode(coding)
    after = SecretRedactor().text(before)
    start = before.index(SECRET.encode(coding.removesuffix("-le").removesuffix("-be") + "-le")[:2], 60) - 4
    assert len(after) == len(before)
    assert SECRET not in after.replace(b"\0", b"").decode("latin-1")
    changed = [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert start <= changed[0]
    assert changed[-1] - changed[0] < len(SECRET.encode(coding))


PACK: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (gzip.compress, gzip.decompress),
    "zlib": (zlib.compress, zlib.decompress),
    "zstd": (zstandard.compress, zstandard.decompress),
}


@pytest.mark.parametrize(("pack", "unpack"), PACK.values(), ids=PACK)
def test_a_body_whose_coding_no_header_names(
    pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]
) -> None:
    clean = unpack(SecretRedactor().text(pack(TEXT.encode()))).decode()
    before, _, after = TEXT.partition(SECRET)
    assert SECRET not in clean
    assert clean[: len(before)] == before
    assert clean[len(before) + len(SECRET) :] == after


def test_files_in_a_form() -> None:
    innocent = gzip.compress(b"the weather is fine today, and tomorrow too")
    before = FORM % gzip.compress(TEXT.encode()) + FORM % innocent
    after = SecretRedactor().text(before)
    first, second, _ = after.split(b"\r\n--X--\r\n")
    assert SECRET not in gzip.decompress(first.partition(b"\r\n\r\n")[2]).decode()
    assert second.endswith(innocent)


def test_without_a_secret_not_a_byte_changes() -> None:
    given = random.Random(7)
    harmless = TEXT.replace("password", "question")
    for data in (
        *(pack(harmless.encode()) for pack, _ in PACK.values()),
        *(harmless.encode(coding) for coding in ("utf-16", "utf-32", "utf-16-be")),
        *(
            beginning + given.randbytes(400)
            for beginning in (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x78\x9c")
        ),
        gzip.compress(given.randbytes(400)),
        gzip.compress(TEXT.encode())[:20],
    ):
        assert SecretRedactor().text(data) == data


def test_many_beginnings_of_files_cost_no_more_than_a_few() -> None:
    def work(count: int) -> int:
        data = b"\x1f\x8b\x08\xff" * count
        return calls_of(lambda: SecretRedactor().text(data), at_most=100_000)

    assert work(40_000) < work(400) + 20


@pytest.mark.parametrize(
    "written",
    [
        KEYED.hex(":"),
        KEYED.hex("-").upper(),
        "0x" + KEYED.hex(),
        " and ".join([KEYED.hex(":"), "aa:bb:cc:dd:ee:ff", "0xdeadbeefdeadbeefdeadbeefdead"]),
    ],
)
def test_a_text_in_hexadecimal_digits(written: str) -> None:
    clean = SecretRedactor().string(f"dump: {written}.")
    assert len(clean) == len(f"dump: {written}.")
    assert clean.removeprefix("dump: ")[:24].lower() == written[:24].lower()
    assert SECRET.encode().hex() not in clean.lower().replace(":", "").replace("-", "")
    assert clean.partition(" and ")[2] == f"{written}.".partition(" and ")[2]


def test_a_key_within_which_a_mail_breaks_its_line_or_a_program_changes_the_color() -> None:
    key = f"sk-proj-{SECRET}"
    mail = f"Content-Type: text/plain\r\n\r\nIt =3D {key[:20]}=\r\n{key[20:]} and so on=20\r\n"
    match = f"config.py:3: KEY is \x1b[1;31m{key[:13]}\x1b[m\x1b[K{key[13:]}, found"
    for text in (mail, json.dumps(mail), match, json.dumps(match)):
        clean = SecretRedactor().string(text)
        assert len(clean) == len(text)
        assert SECRET[8:] not in clean
        assert SECRET[5:] not in "".join(clean.split("="))
        assert clean.partition("sk-proj-")[0] == text.partition("sk-proj-")[0]
        assert clean.endswith(text[-7:])
