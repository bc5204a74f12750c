"""A secret in a compressed text inside base64, as tool outputs carry logs."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from mock_openai.redaction import SecretRedactor

from tests.effort import calls_of

SECRET = "a1B2c3D4e5F6g7H8i9J0"
LOG = f'GET /v1/models 200\n{{"api_key": "sk-proj-{SECRET}", "n": 1}}\nDone in 3 ms, the weather is fine.\n'


def raw(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(data) + packing.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "fast zlib": lambda data: zlib.compress(data, 1),
    "stored zlib": lambda data: zlib.compress(data, 0),
    "deflate": raw,
    "zstd": zstandard.ZstdCompressor().compress,
    "streamed zstd": lambda data: zstandard.ZstdCompressor(write_content_size=False).compress(data),
    "brotli": brotli.compress,
    "fast brotli": lambda data: brotli.compress(data, quality=1),
}
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zlib": zlib.decompress,
    "deflate": lambda data: zlib.decompress(data, -15),
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "brotli": brotli.decompress,
}
WRITTEN: dict[str, Callable[[bytes], str]] = {
    "plain": lambda data: base64.b64encode(data).decode(),
    "data URL": lambda data: "data:application/gzip;base64," + base64.b64encode(data).decode(),
    "URL-safe": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "on lines": lambda data: base64.encodebytes(data).decode(),
}


def read(written: str, packed: str) -> str:
    text = re.sub(r"\s", "", written.rpartition(",")[2]).replace("-", "+").replace("_", "/")
    return UNPACK[packed.split()[-1]](base64.b64decode(text + "=" * (-len(text) % 4))).decode()


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("times", [1, 20])
def test_it_is_replaced_and_packed_again(packed: str, written: str, times: int) -> None:
    log = LOG * times
    value = WRITTEN[written](PACK[packed](log.encode()))
    document = json.dumps({"output": value, "z": 1.50}).encode()
    redactor = SecretRedactor()
    clean = redactor.text(document)
    told = read(json.loads(clean)["output"], packed)
    assert SECRET not in told
    fake = re.findall(r'"sk-proj-([^"]*)"', told)
    assert [len(each) for each in fake] == [len(SECRET)] * times
    assert told.replace(fake[0], SECRET) == log
    assert json.loads(clean)["z"] == 1.50
    assert redactor.findings(clean) == []
    assert redactor.text(clean) == clean


@pytest.mark.parametrize("packed", PACK)
def test_without_a_secret_not_a_byte_changes(packed: str) -> None:
    value = base64.b64encode(PACK[packed](b"Nothing secret here, only the weather of today.\n" * 9))
    assert SecretRedactor().text(b'{"output":"%b"}' % value) == b'{"output":"%b"}' % value


def test_random_bytes_stay_as_they_are() -> None:
    drawn = random.Random(3)
    for _ in range(2000):
        value = b'{"encrypted_content":"%b"}' % base64.b64encode(drawn.randbytes(drawn.randint(16, 300)))
        assert SecretRedactor().text(value) == value


@pytest.mark.parametrize("packed", [*UNPACK])
def test_a_bomb_costs_no_more_than_a_multiple_of_its_length(packed: str) -> None:
    """Also one inside another, and many beside each other."""
    bomb = PACK[packed](LOG.encode() + b"a" * 50_000_000)
    assert len(bomb) < 100_000
    document = json.dumps({"output": base64.b64encode(bomb).decode()}).encode()
    assert SecretRedactor().text(document) == document  # too long to be looked into
    log = PACK[packed](LOG.encode() * 50)
    twice = PACK[packed](b"%b and again: %b" % (LOG.encode() * 3, base64.b64encode(log)))
    one = base64.b64encode(twice)
    SecretRedactor().text(one)  # loads what it needs
    once = calls_of(lambda: SecretRedactor().text(one), 10**7)
    assert calls_of(lambda: SecretRedactor().text(b" ".join([one] * 8)), 20 * once) > once
