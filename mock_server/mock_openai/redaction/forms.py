"""Secrets known by their form: a prefix that the issuer documents, such as `ghp_`.

A row has a kind, its beginnings, and an expression for the rest. A fake keeps the beginning, so that it still
looks like the original. A beginning counts at the edge of a word; the best known ones count inside a word
too, if what follows looks random.

Every expression is linear: it starts at a literal, followed by a run of one class of characters, which is
read once (possessive). A text is read run by run of the characters that credentials are made of.

The beginnings are those that the issuers document. No rule set from elsewhere is used:
docs/reference/cassettes.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from mock_openai.redaction.fakes import is_fake
from mock_openai.redaction.values import is_chosen, is_dense, is_mixed, is_random, is_varied

ANY, VARIED, RANDOM, MIXED, DENSE = range(5)
"""Requirements for the text after a beginning. ANY: it matches the expression. VARIED: it also has letters
and digits. RANDOM: it also looks random. MIXED: it also has letters of both cases, because ordinary words and
ids begin alike. DENSE: it also has no syllables.
"""
_LOOKS = (lambda _: True, is_varied, is_random, is_mixed, is_dense)


class Form(NamedTuple):
    """A family of secrets."""

    kind: str
    """The name used in findings."""
    beginnings: str
    """The literals it begins with, separated by blanks."""
    rest: str
    """The regular expression for what follows."""
    looks: int = RANDOM
    """ANY, VARIED, RANDOM, MIXED or DENSE."""


_W, _A = "[A-Za-z0-9_-]", "[A-Za-z0-9]"
_OVER = f"(?!{_A})"
_SLACK = "(?:[A-Za-z0-9./+-]|%2[BFbf]|%3[Dd]){10,}+"
"""Some are base64 as cookies have it: escaped. An escape of any other character is not part of one."""
_CRYPT = "[A-Za-z0-9./$=,+:@_-]{24,}+"
_PARTS = f"{_A}{{8}}(?:-{_A}{{4}}){{3}}-{_A}{{12}}{_OVER}"
"""An UUID, or what looks like one."""
_LONG, _DOTTED, _BASE64 = f"{_W}{{16,}}+", "[A-Za-z0-9_.=-]{16,}+", "[A-Za-z0-9_+/=-]{16,}+"

FORMS = (
    # OpenAI
    Form("key", "sk-", f"{_W}{{8,}}+"),
    Form("key", "sk-proj- sk-svcacct- sk-admin- sk-ant- sk-or-", f"{_W}{{12,}}+", VARIED),
    Form("ephemeral", "ek_ ek- sess- sess_", _LONG),
    Form("organisation", "org-", f"{_W}{{12,}}+"),
    Form("project", "proj_", f"{_W}{{12,}}+"),
    Form("user", "user-", f"{_A}{{16,}}+{_OVER}"),
    # other makers of models and voices
    Form("key", "gsk_ xai- pplx- hf_ api_org_ r8_ sk_ csk- nvapi- tgp_v1_ jina_ pcsk_ tvly-", _LONG),
    Form("key", "sk_car_ sk-lf- pk-lf- hfp_ apify_api_ runwareai_ lsv2_pt_ lsv2_sk_", _LONG),
    Form("key", "esecret_ bb_live_ flp_ ide_ e2b_ luma- m0- lpt_", _LONG),
    Form("key", "sec-c- os_v2_ ATTA RGAPI- xaat- xapt-", _LONG),
    Form("key", "ak- as- ak_ key_", f"{_W}{{20,}}+", DENSE),
    Form("key", "live_ test_ prod_ sandbox_", f"{_W}{{20,}}+", DENSE),
    Form("key", "co- rpa_ fal_ ls__ fw_ fpk_ pa- fc- up_", _LONG, MIXED),
    Form("key", "AIza", f"{_W}{{30,}}+"),
    Form("token", "ya29. 1// GOCSPX-", _DOTTED),
    # code hosting, packages, deployment
    Form("token", "ghp_ gho_ ghs_ ghu_ ghr_ ghe_ github_pat_", "[A-Za-z0-9_]{16,}+", VARIED),
    Form("token", "glpat- gldt- glrt- glptt- glcbt- glsoat- glft- glimt- glagent- glffct-", _DOTTED, VARIED),
    Form("token", "npm_ pypi- rubygems_ dckr_pat_ dckr_oat_ ATATT3 ATCTT3 ATBB", _DOTTED),
    Form("token", "nuget_ CLOJARS_ dop_v1_ doo_v1_ dor_v1_ HRKU- fo1_ FlyV1", _LONG),
    Form("token", "oy2", f"[a-z0-9]{{43}}{_OVER}"),  # NuGet
    Form("token", "cio crates_", f"{_A}{{28,}}+", MIXED),
    Form("token", "nfp_ nfc_ vercel_ vca_ vcp_ sbp_ sb_secret_ rnd_ rpa_ rps_ pul- tskey-", _LONG),
    Form("token", "CCIPAT_ CCIPRJ_ sgp_ bkua_ tfp_ cfut_ cfat_ v1.0- lin_api_ lin_oauth_", _LONG),
    Form("token", "fm1_ fm2_ whsec_ glc_", _BASE64),
    Form("token", "CFPAT- CFPAT_ p8e- AKCp cmVmdGtu gloas- glwt- figd- ghcr_ dG9rO tfe-", _LONG),
    Form("token", "pat", f"{_A}{{14}}\\.{_A}{{64}}{_OVER}"),  # Airtable
    Form("token", "squ_ sqp_ sqa_ sqb_ depot_project_ depot_org_ xau_ tsec_ CCDB1_ fnAE pdl_", _LONG),
    # clouds and databases
    Form("access key", "AKIA ASIA ABIA ACCA AGPA AIDA AROA AIPA ANPA ANVA", f"[A-Z0-9]{{16}}{_OVER}", ANY),
    Form("key", "LTAI AKID AKLT", f"{_A}{{12,}}+"),
    Form("token", "dapi dose dkea", f"{_A}{{32}}{_OVER}"),
    Form("token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. ops_", _DOTTED),
    Form("token", "pscale_tkn_ pscale_pw_ pscale_oauth_ hvs. hvb. hvr.", _DOTTED),
    Form("token", "dt0c01. dt0s01. dt0s02. dt0s16.", "[A-Z0-9]{8,24}+\\.[A-Z0-9]{64}", ANY),
    Form("key", "AQVN t1. y0_ y1_ y2_ y3_", "[A-Za-z0-9_.-]{30,}+", MIXED),
    Form("key", "FLWSECK- FLWSECK_TEST- FLWSECK_LIVE-", "[0-9a-zA-Z-]{16,}+"),
    # payment and shops
    Form("key", "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_ rzp_live_ rzp_test_", f"{_W}{{12,}}+"),
    Form("key", "openai-insecure-api-key. base64url.bearer.authorization.k8s.io.", _DOTTED, VARIED),
    Form("key", "rk- pk- pk_ rk_", _LONG, MIXED),
    Form("key", "sq0atp- sq0csp- sq0idp- shpat_ shpca_ shppa_ shpss_ shprt_ PMAK-", f"{_W}{{14,}}+"),
    Form("key", "EAAA EAAC EAAG", f"{_W}{{40,}}+", MIXED),
    Form("key", "access_token$production$ access_token$sandbox$", "[A-Za-z0-9$]{16,}+"),
    Form("key", "access-sandbox- access-development- access-production-", _PARTS),
    Form("key", "public-sandbox- public-production- link-sandbox- link-production-", _PARTS),
    Form("token", "sl.", "(?:[a-z]\\.)?[A-Za-z0-9_-]{80,}+", MIXED),
    Form("token", "IGQV IGAA AAAAAAAAAAAAAAAAAAAAA", "(?:[A-Za-z0-9_-]|%2[BFbf]|%3[Dd]){40,}+", MIXED),
    Form("token", "1/ 2/", f"\\d{{12,20}}(?:/\\d{{12,20}})?:{_A}{{32}}{_OVER}"),  # Asana
    # messages and telephones
    Form("token", "xoxb- xoxa- xoxp- xoxs- xoxr- xoxo- xoxc- xoxd-", _SLACK, VARIED),
    Form("token", "xoxe- xoxe. xapp- xwfp-", _SLACK, VARIED),
    Form("key", "SG.", "[A-Za-z0-9_.-]{20,}+"),
    Form("key", "AC SK", f"[0-9a-f]{{32}}{_OVER}", ANY),
    Form("key", "key- pubkey-", f"[0-9a-f]{{32}}{_OVER}", ANY),
    Form("key", "KEY01", "[A-Za-z0-9]{8,32}_[A-Za-z0-9]{16,}+"),  # Telnyx
    Form("key", "xkeysib- xsmtpsib- mlsn. ntn_ secret_ figd_ figo_ figu_", _LONG),
    Form("key", "re_ pat- pat. patt.", _DOTTED, MIXED),
    Form("key", "pat-na1- pat-na2- pat-eu1-", _LONG, VARIED),
    # operations
    Form("key", "NRAK- NRRA- NRJS- NRII- glsa_ phc_ phx_ EZAK EZTK", _LONG),
    Form("key", "sntrys_ sntryu_", "[A-Za-z0-9_+/=-]{16,}+"),
    Form("key", "RWRTY0Iy", "[A-Za-z0-9+/=]{40,}+", ANY),  # minisign
    Form("key", "AGE-SECRET-KEY-1 xprv yprv zprv nsec1", f"{_A}{{40,}}+", ANY),
    Form("key", "5H 5J 5K", f"[1-9A-HJ-NP-Za-km-z]{{49}}{_OVER}", DENSE),  # Bitcoin
    Form("key", "K L", f"[1-9A-HJ-NP-Za-km-z]{{51}}{_OVER}", DENSE),
    Form("token", "PT", f"[0-9a-f]{{48}}{_OVER}"),  # SignalWire
    Form("token", "00D", "[A-Za-z0-9]{12}![A-Za-z0-9_.]{24,}+", ANY),
    # tokens with parts
    Form("token", "eyJ", r"[\w-]{8,}+\.(?:[\w-]{8,}+)?\.[\w-]{6,}+(?:\.[\w-]{6,}+)*+", ANY),
    Form("token", "sk.eyJ tk.eyJ", r"[\w-]{8,}+\.[\w-]{16,}+", ANY),
    Form("token", "v1.local. v2.local. v3.local. v4.local.", r"[\w.-]{24,}+", ANY),
    Form("token", "v1.public. v2.public. v3.public. v4.public.", r"[\w.-]{24,}+", ANY),
    Form("token", "APA91b", "[A-Za-z0-9_-]{80,}+", MIXED),
    Form("token", "MDAxY MDAyY", "[A-Za-z0-9_+/=-]{40,}+", MIXED),  # macaroons
    # passwords as systems keep them (crypt(3) and its like)
    Form("password hash", "$2a$ $2b$ $2x$ $2y$", r"\d\d\$[A-Za-z0-9./]{53}", ANY),
    Form("password hash", "$1$ $5$ $6$ $7$ $y$ $gy$ $apr1$ $sha1$ $md5$ $pbkdf2", _CRYPT, ANY),
    Form("password hash", "$argon2id$ $argon2i$ $argon2d$ $scrypt$ $bcrypt-sha256$", _CRYPT, ANY),
    Form("password hash", "pbkdf2_sha256$ pbkdf2_sha1$ pbkdf2:sha256: scrypt:32768:", _CRYPT, ANY),
)  # fmt: skip

_LONGEST_RUN = 512
"""Characters above which a run of base64 is not a credential: short beginnings occur there by chance."""
_GLUED = (
    *(
        b"sk-",
        b"ghp_",
        b"gho_",
        b"ghs_",
        b"github_pat_",
        b"glpat-",
        b"AIza",
        b"xoxb-",
        b"xoxp-",
        b"gsk_",
        b"xai-",
    ),
    *(
        b"pplx-",
        b"hf_",
        b"npm_",
        b"pypi-",
        b"SG.",
        b"sk_live_",
        b"sk_test_",
        b"ya29.",
        b"eyJ",
        b"AKIA",
        b"ASIA",
    ),
)
"""Beginnings that count inside a word too."""

# A word in the middle identifies a key of any issuer: acme_live_..., foo-api-key-...
_SPEAKING = re.compile(
    rb"(?<![A-Za-z0-9])(?P<keep>[A-Za-z][A-Za-z0-9]{1,11}[_-](?:live|test|prod|sandbox|secret|sk|pat|token|api|apikey|key|"
    rb"oauth|access|refresh|auth|session|svcacct|admin|bearer|v1)[_-])[A-Za-z0-9_-]{16,}+"
)
_SURE = re.compile(
    rb"(?<![A-Za-z0-9])(?P<keep>(?:[A-Za-z][A-Za-z0-9]{1,11}[_-](?:live|prod|production|sandbox|secret|sk|pat|token|"
    rb"apikey|bearer)|sk|rk|pat|sdk|mob|secret|apikey|bearer)[_-](?:[a-z][a-z0-9]{1,7}[_-])?+)"
    rb"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{24,}+)(?![A-Za-z0-9_-])"
)
"""The same with hexadecimal digits after it, where the word leaves no doubt."""
_TAILED = re.compile(
    rb"(?<![\w.-])(?:[0-9a-f]{32}(?=-us\d{1,2}(?!\w))|[A-Za-z0-9]{52}(?=JQQJ99[A-Za-z0-9]{20,28})"
    rb"|[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~])|[A-Za-z0-9]{14}(?=\.atlasv1\.))[\w.-]{0,96}+"
)
"""Keys that are recognized by their middle or end: Mailchimp, Azure, Terraform Cloud."""
_RECORD = re.compile(
    rb"(?<![\w.:/-])[\w.-]{1,128}+:\d{2,5}+:[\w-]{1,64}+:[\w.-]{1,64}+:(?P<value>[A-Za-z0-9_.+!~$%-]{8,128}+)(?![:\w])"
)
"""Lines of .pgpass: host, port, database, user, password."""
_AFTER_ID = re.compile(rb"(?:AKIA|ASIA)[A-Z0-9]{16}[:/](?P<value>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])")
"""The secret key beside the id of an access key."""
_PARTED = re.compile(
    rb"(?<![\w.:+/-])(?:[0-9a-f]{16,40}:[0-9a-f]{64}|\d{8,10}:[A-Za-z0-9_-]{35}|[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38})(?![\w-])"
)
"""Tokens of Telegram and Discord, which begin with the number of a bot."""

SHORTEST = 14
"""Characters of the shortest secret known by its form."""
RUN = re.compile(rb"[A-Za-z0-9_+/=.%%$!:~-]{%d,}+" % SHORTEST)
"""A run of the characters that secrets with a form are made of."""


class Span(NamedTuple):
    """The place of a secret in a text, without the beginning of its form."""

    kind: str
    start: int
    end: int


def trie(words: Iterable[str]) -> str:
    """Return an expression for any of the words that looks at each character once."""
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    over = "" in branches
    ways = [
        re.escape(first) + (trie(rests) if rests != [""] else "")
        for first, rests in sorted(branches.items())
        if first
    ]
    return f"(?:{'|'.join(ways)}){'?' if over else ''}" if ways else ""


def any_of(*words: bytes) -> re.Pattern[bytes]:
    """Return an expression that finds any of the words."""
    return re.compile(trie(word.decode() for word in words).encode())


_FORM_OF = {word.encode(): form for form in FORMS for word in form.beginnings.split()}
_REST = {word: re.compile(form.rest.encode()) for word, form in _FORM_OF.items()}
_INSIDE = re.compile(
    b"(?<=[A-Za-z0-9])" + trie(w.decode() for w in _FORM_OF if w.startswith(_GLUED)).encode()
)


@cache
def _at_an_edge() -> re.Pattern[bytes]:  # compiled when it is first used, as `names.stems` is
    return re.compile(b"(?<![A-Za-z0-9])" + trie(word.decode() for word in _FORM_OF).encode())


def spans(run: bytes) -> list[Span]:
    """Return the secrets in a run of characters, without fakes."""
    found = list(_beginning(run, _at_an_edge(), glued=False))
    if len(run) <= _LONGEST_RUN and any(word in run for word in _GLUED):
        found += _beginning(run, _INSIDE, glued=True)
    if not found:
        if b"-" in run or b"_" in run:
            for match in _SPEAKING.finditer(run):
                start = match.end("keep")
                if is_mixed(run[start : match.end()]):
                    found.append(Span("key", start, match.end()))
            found += [Span("key", match.end("keep"), match.end()) for match in _SURE.finditer(run)]
        if b":" in run or b"." in run:
            found += [Span("token", *match.span()) for match in _PARTED.finditer(run)]
        if any(part in run for part in (b"-us", b"JQQJ99", b"Q~", b".atlasv1.")):
            found += [Span("key", *match.span()) for match in _TAILED.finditer(run)]
        if run.count(b":") >= 4:
            found += [
                Span("key", *match.span("value"))
                for match in _RECORD.finditer(run)
                if is_mixed(match["value"]) or is_chosen(match["value"])
            ]
    else:
        found += [Span("key", *match.span("value")) for match in _AFTER_ID.finditer(run)]
    return [span for span in found if not is_fake(run[span.start : span.end])]


def _beginning(run: bytes, beginnings: re.Pattern[bytes], *, glued: bool) -> Iterator[Span]:
    place = 0
    while (match := beginnings.search(run, place)) is not None:
        place = match.end()
        word = match[0]
        if len(run) > _LONGEST_RUN and match.start() and run[match.start() - 1] in b"-_+/":
            continue
        form = _FORM_OF[word]
        rest = _REST[word].match(run, match.end())
        if rest is None:
            continue
        looks = MIXED if glued and form.looks != ANY else form.looks
        if _LOOKS[looks](rest[0]):
            yield Span(form.kind, *rest.span())
            place = rest.end()


def beginning_of(secret: bytes) -> bytes:
    """Return the beginning that the fake of this secret keeps; b"" if it has none."""
    match = _at_an_edge().match(secret)
    if match is None:
        return b""
    rest = _REST[match[0]].fullmatch(secret, match.end())
    return match[0] if rest is not None else b""


def beginnings(word: bytes) -> Iterator[int]:
    """Return the offsets at which a known beginning in a word ends, if something follows it."""
    for match in _at_an_edge().finditer(word):
        if match.end() < len(word) and len(match[0]) >= 3:
            yield match.end()
