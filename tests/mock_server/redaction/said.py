"""Made-up secrets as callers and agents say them, in several languages and orders of words."""

from __future__ import annotations

import random

from .made_up import DIGITS, HEX, LOWER, UPPER, Made, by_name

_WORDS = [
    "gravity",
    "machine",
    "north",
    "sort",
    "system",
    "female",
    "filter",
    "attitude",
    "volume",
    "fold",
    "club",
    "stay",
    "feature",
    "office",
    "ecology",
    "stable",
    "narrow",
    "fog",
    "that",
    "what",
    "when",
    "with",
    "you",
    "will",
]


def _seed(before: str, count: int) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        words = " ".join(rnd.choice(_WORDS) for _ in range(count))
        return before + words, words

    return make


def _groups(rnd: random.Random) -> tuple[str, str]:
    key = "-".join("".join(rnd.choice(UPPER + DIGITS) for _ in range(5)) for _ in range(5))
    return f"the IntelliJ licence key is {key}", key


def _fours(before: str, count: int) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        groups = [
            "b7cd",
            *("".join(rnd.choice(LOWER + "234567") for _ in range(4)) for _ in range(count - 2)),
            "x2zk",
        ]
        return before + " ".join(groups), " ".join(groups)

    return make


SAID: dict[str, Made] = {
    "said en": by_name("Sure, my password is @@ and my user name is carla", 12),
    "said fr": by_name("mon mot de passe, c'est @@", 11),
    "said it": by_name("la mia parola d'ordine \u00e8 @@", 11),
    "said with more words": by_name("My password, it's still just @@", 12),
    "said with a comma": by_name("My password, it is @@", 12),
    "said of the past": by_name("Mi contraseña era @@ hasta ayer", 12),
    "said de later": by_name("Mein Passwort, das ist @@ und sonst nichts", 10),
    "said nearby": by_name("The password of the second router in the hall, @@", 10),
    "key on a box": _groups,
    "seed": _seed("my wallet seed phrase is ", 12),
    "seed es": _seed("la seed phrase es ", 24),
    "mnemonic": _seed("mnemonic:\n", 18),
    "code before": by_name("G-@@ is your Google verification code", 6, DIGITS),
    "code before de": by_name("@@ ist dein Bestätigungscode", 6, DIGITS),
    "pin of": by_name("the PIN of my debit card is @@", 6, DIGITS),
    "pin now": by_name("My PIN, well, is now @@, thanks", 6, DIGITS),
    "code fr": by_name("votre code de vérification est @@", 6, DIGITS),
    "code es": by_name("El código de verificación es @@", 6, DIGITS),
    "code zh": by_name("\u60a8\u7684\u9a8c\u8bc1\u7801\u662f@@", 6, DIGITS),
    "code ja": by_name("\u8a8d\u8a3c\u30b3\u30fc\u30c9\u306f@@", 6, DIGITS),
    "code json": by_name('{"verificatiecode": "@@"}', 6, DIGITS),
    "code used": by_name("Use @@ to sign in to Acme.", 6, DIGITS),
    "code as": by_name("the text says @@ as the verification code", 6, DIGITS),
    "code fr later": by_name("Le code secret de ma carte, c'est le @@", 6, DIGITS),
    "pin es": by_name("mi PIN es el @@", 6, DIGITS),
    "tan": by_name("Ihre TAN lautet @@", 6, DIGITS),
    "door": by_name('{"unit": "12B", "door_code": "@@"}', 6, DIGITS),
    "safe": by_name("I mean the access code, is @@ - write it down", 6, DIGITS),
    "security word": by_name('{"customer_id": 4411, "security_word": "@@"}', 10),
    "said no": by_name("passordet mitt er @@", 11),
    "said hu": by_name("a jelszavam @@", 11),
    "setup key": _fours("Enter this setup key in your authenticator: ", 8),
    "app password": _fours("the app password is ", 4),
    "passcode": by_name("verified caller w/ passcode @@", 6, DIGITS),
    "pass code": by_name("They told me the pass code was @@", 6, DIGITS),
    "code tr": by_name("Doğrulama kodunuz: @@", 6, DIGITS),
    "log in as": by_name("2. log in as root with @@ 3. restart", 18),
    "login and": by_name("gave portal login maria.lopez / @@, asked to change it", 18),
    "sign in": by_name("wandb login @@", 40, HEX),
    "sign in with a flag": by_name("railway login --token @@", 36, HEX),
    "salt": by_name("define('LOGGED_IN_SALT', '@@');", 64, LOWER + UPPER + DIGITS + "*^~!_|+"),
}
