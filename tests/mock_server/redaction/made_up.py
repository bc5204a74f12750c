"""Made-up secrets: what issuers put before them, and random characters after it, drawn from a seed.

Nothing here is or was anybody's. Beginnings stand in two parts, so that no scanner takes this file for a
leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
BASE62 = LOWER + UPPER + DIGITS
HEX = "0123456789abcdef"

Made = Callable[[random.Random], tuple[str, str]]
"""Returns a text, and the secret in it that must go."""


def some(rnd: random.Random, length: int, alphabet: str = BASE62) -> str:
    """Random characters; with letters and digits among them, as all issuers' have in practice."""
    while True:
        made = "".join(rnd.choice(alphabet) for _ in range(length))
        if any(c.isdigit() for c in made) and (alphabet == DIGITS or any(c.isalpha() for c in made)):
            return made


def by_form(*beginning: str, length: int, alphabet: str = BASE62, after: str = "") -> Made:
    """A text that is told by how it begins."""

    def make(rnd: random.Random) -> tuple[str, str]:
        secret = some(rnd, length, alphabet)
        return "".join(beginning) + secret + after, secret

    return make


def by_name(text: str, length: int = 24, alphabet: str = BASE62) -> Made:
    """A text that says what the secret in it is."""

    def make(rnd: random.Random) -> tuple[str, str]:
        secret = some(rnd, length, alphabet)
        return text.replace("@@", secret), secret

    return make


def _jwt(rnd: random.Random) -> tuple[str, str]:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": some(rnd, 10), "iat": 1516239022}]
    head, claims = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    signature = some(rnd, 43, BASE62 + "-_")
    return f"{head}.{claims}.{signature}", signature


def _basic(rnd: random.Random) -> tuple[str, str]:
    packed = base64.b64encode(f"user:{some(rnd, 14)}".encode()).decode()
    return f"Authorization: Basic {packed}", packed


def _pem(kind: str) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        lines = [some(rnd, 64, BASE62 + "+/") for _ in range(4)]
        text = (
            f"-----BEGIN {kind}PRIVATE KEY-----\n" + "\n".join(lines) + f"\n-----END {kind}PRIVATE KEY-----\n"
        )
        return text, lines[2]

    return make


def _uuid(text: str) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        secret = str(uuid.UUID(int=rnd.getrandbits(128), version=4))
        return text.replace("@@", secret), secret

    return make


W = BASE62 + "_-"
FORMS: dict[str, Made] = {
    "openai": by_form("s", "k-", length=48),
    "openai project": by_form("s", "k-proj-", length=120, alphabet=W),
    "openai service account": by_form("s", "k-svcacct-", length=80, alphabet=W),
    "openai admin": by_form("s", "k-admin-", length=80, alphabet=W),
    "openai session": by_form("se", "ss-", length=40),
    "openai ephemeral": by_form("e", "k_", length=32, alphabet=HEX),
    "openai organization": by_form("or", "g-", length=24),
    "openai project id": by_form("pr", "oj_", length=24),
    "openai user": by_form("us", "er-", length=24),
    "anthropic": by_form("s", "k-ant-api03-", length=93, alphabet=W),
    "openrouter": by_form("s", "k-or-v1-", length=64, alphabet=HEX),
    "google api": by_form("AI", "za", length=35, alphabet=W),
    "google oauth": by_form("ya", "29.", length=60, alphabet=W),
    "google client": by_form("GOC", "SPX-", length=28, alphabet=W),
    "groq": by_form("gs", "k_", length=52),
    "xai": by_form("x", "ai-", length=80),
    "perplexity": by_form("pp", "lx-", length=48),
    "hugging face": by_form("h", "f_", length=34),
    "replicate": by_form("r", "8_", length=37),
    "elevenlabs": by_form("s", "k_", length=48, alphabet=HEX),
    "nvidia": by_form("nva", "pi-", length=64, alphabet=W),
    "pinecone": by_form("pc", "sk_", length=60),
    "langsmith": by_form("lsv", "2_pt_", length=32, alphabet=HEX + UPPER),
    "tavily": by_form("tv", "ly-", length=32),
    "github": by_form("gh", "p_", length=36),
    "github oauth": by_form("gh", "o_", length=36),
    "github server": by_form("gh", "s_", length=36),
    "github fine": by_form("github", "_pat_", length=82),
    "gitlab": by_form("gl", "pat-", length=20, alphabet=W),
    "gitlab runner": by_form("gl", "rt-", length=20, alphabet=W),
    "npm": by_form("np", "m_", length=36),
    "pypi": by_form("py", "pi-AgEIcHlwaS5vcmc", length=80, alphabet=W),
    "docker": by_form("dckr", "_pat_", length=27, alphabet=W),
    "atlassian": by_form("ATA", "TT3", length=100, alphabet=W),
    "aws": by_form("AK", "IA", length=16, alphabet=UPPER + DIGITS),
    "aws session": by_form("AS", "IA", length=16, alphabet=UPPER + DIGITS),
    "aliyun": by_form("LT", "AI", length=20),
    "databricks": by_form("da", "pi", length=32, alphabet=HEX),
    "digitalocean": by_form("do", "p_v1_", length=64, alphabet=HEX),
    "doppler": by_form("dp", ".pt.", length=43),
    "vault": by_form("hv", "s.", length=90, alphabet=W),
    "planetscale": by_form("pscale", "_tkn_", length=43, alphabet=W),
    "supabase": by_form("sb", "p_", length=40, alphabet=HEX),
    "netlify": by_form("nf", "p_", length=36),
    "linear": by_form("lin_", "api_", length=40),
    "circleci": by_form("CCI", "PAT_", length=40),
    "heroku": by_form("HR", "KU-", length=40, alphabet=W),
    "fly": by_form("fo", "1_", length=43),
    "stripe live": by_form("sk", "_live_", length=24),
    "stripe test": by_form("sk", "_test_", length=24),
    "stripe restricted": by_form("rk", "_live_", length=24),
    "stripe webhook": by_form("wh", "sec_", length=32),
    "square": by_form("sq0", "atp-", length=22, alphabet=W),
    "shopify": by_form("shp", "at_", length=32, alphabet=HEX),
    "postman": by_form("PM", "AK-", length=24, alphabet=HEX, after="-" + "0a1b2c3d4e" * 3),
    "razorpay": by_form("rzp", "_live_", length=14),
    "slack bot": by_form("xo", "xb-123456789012-1234567890123-", length=24),
    "slack app": by_form("xo", "xp-123456789012-123456789012-", length=32, alphabet=HEX),
    "slack legacy": by_form("xo", "xs-123456789012-", length=32, alphabet=HEX),
    "sendgrid": by_form("S", "G.", length=22, alphabet=W, after="." + "Zq3" * 14),
    "twilio": by_form("S", "K", length=32, alphabet=HEX),
    "mailgun": by_form("ke", "y-", length=32, alphabet=HEX),
    "brevo": by_form("xkey", "sib-", length=64, alphabet=HEX),
    "notion": by_form("nt", "n_", length=46),
    "figma": by_form("fi", "gd_", length=40, alphabet=W),
    "new relic": by_form("NR", "AK-", length=27, alphabet=UPPER + DIGITS),
    "grafana": by_form("gl", "sa_", length=32),
    "sentry": by_form("snt", "rys_", length=64),
    "posthog": by_form("ph", "c_", length=43),
    "telegram": by_form("12345678", "90:AA", length=33, alphabet=W),
    "speaking": by_form("acme", "_live_", length=32),
    "speaking too": by_form("voice", "-api-key-", length=32),
    "jwt": _jwt,
}
NAMES: dict[str, Made] = {
    "password in json": by_name('{"user": "bob", "password": "@@"}', 12),
    "client_secret": by_name('{"client_secret":"@@"}'),
    "refresh_token": by_name('{"refresh_token" : "@@"}', 32),
    "accessToken": by_name("{'accessToken': '@@'}", 32),
    "auth_token": by_name('{"auth_token":"@@"}', 32),
    "secret": by_name('{"Secret":"@@"}', 16),
    "token": by_name('{"token":"@@"}', 32, HEX),
    "private_key": by_name('{"private_key":"@@"}', 40),
    "AWS secret": by_name("aws_secret_access_key = @@", 40, BASE62 + "+/"),
    "environment": by_name("export OPENAI_API_KEY=@@", 32),
    "environment of another": by_name('DEEPGRAM_API_KEY="@@"', 40, HEX),
    "yaml": by_name("database:\n  password: @@\n", 14),
    "query": by_name("https://host.example/path?api_key=@@&x=1"),
    "query code": by_name("/callback?code=@@&scope=mail"),
    "query key": by_name("wss://host.example/?key=@@"),
    "query sig": by_name("https://blob.example/c?sv=2024-11-04&sig=@@%3D&se=1", 40),
    "presigned": by_name("https://s3.example/k?X-Amz-Credential=x&X-Amz-Signature=@@", 64, HEX),
    "form": by_name("grant_type=password&username=bob&password=@@&x=1", 12),
    "subscription key": by_name("Ocp-Apim-Subscription-Key: @@\r\n", 32, HEX),
    "subscription-key": by_name("/speech?subscription-key=@@", 32, HEX),
    "bearer": by_name("authorization: bearer @@", 32),
    "BEARER": by_name("curl -H 'Authorization: BEARER @@'", 32),
    "basic": _basic,
    "token scheme": by_name("Authorization: Token @@", 40, HEX),
    "x-api-key": by_name('{"headers":{"X-Api-Key":["@@"]}}', 32),
    "har header": by_name('{"name":"x-api-key","value":"@@"}', 32),
    "pair": by_name('["x-auth-token", "@@"]', 32),
    "cookie": by_name("Cookie: theme=dark; session=@@", 32),
    "set-cookie": by_name("set-cookie: __cf_bm=@@; path=/; HttpOnly", 43, BASE62 + "_."),
    "url": by_name("postgresql://bob:@@@db.example:5432/app", 16),
    "git url": by_name("https://@@@git.example/a/b.git", 40),
    "redis": by_name("redis://:@@@cache.example:6379/0", 20),
    "connection string": by_name("Server=db;User Id=sa;Password=@@;Encrypt=true", 16),
    "account key": by_name(
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@==;", 86, BASE62 + "+/"
    ),
    "flag": by_name("tool --password @@ --verbose", 16),
    "flag with sign": by_name("tool --api-token=@@", 24),
    "curl user": by_name("curl -u bob:@@ https://host.example", 16),
    "xml": by_name("<login><password>@@</password></login>", 14),
    "attribute": by_name('<add key="x" password="@@"/>', 14),
    "multipart": by_name('--b\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\n@@\r\n--b--'),
    "spoken": by_name("Sure, the password is @@, keep it safe.", 12),
    "slack hook": by_name("https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/@@"),
    "discord hook": by_name("https://discord.com/api/webhooks/123456789012345678/@@", 68, W),
    "npmrc": by_name("//registry.example/:_authToken=@@", 36),
    "npm id": _uuid("//registry.example/:_authToken=@@"),
    "uuid key": _uuid('{"apiKey":"@@"}'),
    "ssh key": _pem("OPENSSH "),
    "rsa key": _pem("RSA "),
    "ec key": _pem("EC "),
    "key": _pem(""),
    "pgp": by_name("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n@@\n-----END PGP PRIVATE KEY BLOCK-----", 200),
    "csrf": by_name('{"csrf_token":"@@"}', 32),
    "assertion": by_name("client_assertion=@@&x=1", 64, W),
    "verifier": by_name("code_verifier=@@&x=1", 64, W),
    "webhook secret": by_name("WEBHOOK_SECRET=@@", 32),
    "prefixed password": by_name("SMTP_PASSWORD='@@'", 16),
    "ruby": by_name(":api_token => '@@'", 24),
}
SECRETS = {**FORMS, **NAMES}


def made(kind: str, seed: int) -> tuple[str, str]:
    """A text with a secret of this kind, and the secret."""
    return SECRETS[kind](random.Random(f"{kind} {seed}"))


def table(count: int = 200) -> list[tuple[str, str, str]]:
    """Kind, text and secret, `count` of them: every kind once, and some again."""
    kinds = list(SECRETS)
    return [(kind, *made(kind, number // len(kinds))) for number, kind in enumerate((kinds * 4)[:count])]
