"""Encrypted content that looks like the API's and decrypts to nothing.

Real ciphertexts are Fernet tokens (observed): a version byte, the time, an initialisation vector, blocks of
sixteen bytes and a signature, in urlsafe base64. Each emission of the same item is encrypted anew, so
`added`, `done` and the terminal event carry three different texts (12 of 12 in recordings).
"""

from __future__ import annotations

import base64
import random
import struct

_VERSION = 0x80
_VECTOR, _BLOCK, _SIGNATURE = 16, 16, 32


def ciphertext(rng: random.Random, *, at: float, blocks: int = 24) -> str:
    """Return a ciphertext that looks as if it were made at a time (unix seconds) of a number of 16-byte
    blocks.
    """
    head = struct.pack(">BQ", _VERSION, int(at))
    return base64.urlsafe_b64encode(head + rng.randbytes(_VECTOR + _BLOCK * blocks + _SIGNATURE)).decode()
