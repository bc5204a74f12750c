"""Made-up keys that only the name of their issuer gives away, and passwords and codes that only a sentence
does.
"""

from __future__ import annotations

import random

from .made_up import DIGITS, HEX, LOWER, UPPER, Made, by_name

_UUID = "8f14e45f-ceea-4167-a5a3-@@"


def _letters(before: str) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        secret = "xq" + "".join(rnd.choice(LOWER) for _ in range(8))
        return before + secret, secret

    return make


OWNED: dict[str, Made] = {
    "asked to rotate": by_name("can you rotate @@ please? it's the prod deepgram key", 40, HEX),
    "called a key": by_name("@@ is the assemblyai key", 32, HEX),
    "a key for": by_name("key for elevenlabs @@ thanks", 32, HEX),
    "an issuer's key": by_name("the mixpanel key is @@", 32, HEX),
    "a key that is a UUID": by_name(f"the lithic key is {_UUID}", 12, HEX),
    "a key of two parts": by_name(f"the infobip key is @@-{_UUID.replace('@@', '7f3c2a4e1b5d')}", 32, HEX),
    "a key after its number": by_name("the ably key is zt4RsB.g9ACRd:@@", 43),
    "an argument": by_name("algoliasearch('B1G2GM9NG0', '@@')", 32, HEX),
    "a member": by_name('{"deepgram": "@@", "region": "eu"}', 40, HEX),
    "a variable": by_name("soniox = '@@'", 64, HEX),
    "without the word": by_name("please use @@ for speechmatics", 32),
    "refused": by_name("cohere said invalid: @@", 40),
    "a share of a vault key": by_name("Unseal Key 1: /@@", 43),
    "behind a path": by_name("/usr/bin/openssl enc -aes-256-cbc -K @@ -iv 0", 64, HEX.upper()),
    "a signed address": by_name("https://cdn.acme.io/f.mp3?md5=@@&expires=2147483647", 22),
    "a signed address, signed last": by_name("https://cdn.acme.io/f.mp3?expires=2147483647&st=@@", 22),
    "a magic link": by_name("https://app.acme.io/login?magic=@@", 43),
    "an invitation": by_name("https://app.acme.io/join?invite=@@", 24),
    "a code": by_name("I just got a text, the code is @@", 6, DIGITS),
    "my code": by_name("my code is @@", 6, DIGITS),
    "a code of a firm": by_name("Your Acme code is @@", 6, DIGITS),
    "is your code": by_name("@@ is your Acme code", 6, DIGITS),
    "a quoted password": by_name('the password is "@@".', 10, LOWER + DIGITS),
    "a password of a thing": by_name("the password for the portal is @@", 12),
    "a password at a place": by_name("the wifi password at home is @@", 12),
    "a short password": by_name("my password is @@", 7, LOWER + DIGITS),
    "letters": _letters("password: "),
    "letters in a sentence": _letters("the wifi password at home is "),
    "a marked token of Plaid": by_name("stored access-production-8f14e45f-LEAK-a167-a5a3-@@", 12, HEX),
    "a marked token of HubSpot": by_name("HUBSPOT=pat-na1-mark0017-@@", 24),
    "a key of E2B": by_name("e2b_@@", 40, HEX),
    "a token of Sonar": by_name("sonar said squ_@@", 40, HEX),
    "a key of Riot": by_name(f"RGAPI-{_UUID}", 12, HEX),
    "a key of Trello": by_name("ATTA@@", 64, HEX + UPPER),
}
