"""The beginnings of secrets that have a form, as their issuers document them: `ghp_`, `sk-`.

No rule set from elsewhere is used: docs/reference/cassettes.md says why.
"""

from __future__ import annotations

from typing import NamedTuple

ANY, VARIED, RANDOM, MIXED, DENSE = range(5)
"""Requirements for the text after a beginning. ANY: it matches the expression. VARIED: it also has letters
and digits. RANDOM: it also looks random. MIXED: it also has letters of both cases, because ordinary words and
ids begin alike. DENSE: it also has no syllables.
"""


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
    Form("key", "key- pubkey- fc-", f"[0-9a-f]{{32}}{_OVER}", ANY),
    Form("key", "KEY01", "[A-Za-z0-9]{8,32}_[A-Za-z0-9]{16,}+"),  # Telnyx
    Form("key", "xkeysib- xsmtpsib- mlsn. ntn_ secret_ figd_ figo_ figu_", _LONG),
    Form("key", "re_ pat- pat. patt.", _DOTTED, MIXED),
    Form("key", "pat-na1- pat-na2- pat-eu1-", _LONG, VARIED),
    # operations
    Form("key", "NRAK- NRRA- NRJS- NRII- glsa_ phc_ phx_ EZAK EZTK", _LONG),
    Form("key", "sntrys_ sntryu_", "[A-Za-z0-9_+/=-]{16,}+"),
    Form("key", "RWRTY0Iy", "[A-Za-z0-9+/=]{40,}+", ANY),  # minisign
    Form("key", "AGE-SECRET-KEY-1 xprv yprv zprv nsec1", f"{_A}{{40,}}+", ANY),
    Form("key", "SU SA SO SN SC SX", f"[A-Z2-7]{{56}}{_OVER}"),  # NATS
    Form("key", "A3-", "[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}", VARIED),  # 1Password
    Form("key", "K00", f"[0-9][A-Za-z0-9+/]{{27}}{_OVER}", MIXED),  # Backblaze
    Form("token", "syt_ mct_", "[A-Za-z0-9_+/=-]{20,}+"),  # Matrix
    Form("password hash", "SCRAM-SHA-256$ SCRAM-SHA-1$", "[0-9]{4,6}:[A-Za-z0-9+/=$:]{40,}+", ANY),
    Form("password hash", "md5", f"[0-9a-f]{{32}}{_OVER}"),  # PostgreSQL
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
