"""Ciphertexts look like Fernet tokens."""

import base64
import random
import struct

from mock_openai.protocol.ciphertext import ciphertext


def test_it_has_a_fernet_tokens_parts() -> None:
    text = ciphertext(random.Random(1), at=1_787_150_230, blocks=3)
    assert text.startswith("gAAAA")
    raw = base64.urlsafe_b64decode(text)
    assert struct.unpack(">BQ", raw[:9]) == (0x80, 1_787_150_230)
    assert (len(raw) - 1 - 8 - 16 - 32) == 3 * 16


def test_no_two_are_the_same() -> None:
    rng = random.Random(1)
    assert ciphertext(rng, at=1) != ciphertext(rng, at=1)
