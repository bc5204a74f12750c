"""Names that mark their value as a secret: of fields, parameters, headers, variables.

A name counts by its end, whatever stands before it, in any case and with any separators: `OPENAI_API_KEY`,
`x-api-key` and `apiKey` are one name.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache, lru_cache

from mock_openai.redaction.forms import trie
from mock_openai.redaction.languages import CODES, HINTS, SECRETS, flat, fold, written


class Weight(Enum):
    """How surely a name marks a secret."""

    NOTHING = 0
    KEY = 1
    """A key of some kind: the value must look random."""
    HINT = 2
    """Used for other things too: the value must look like a credential."""
    SECRET = 3
    """Used for secrets only."""


_SECRET = [
    "password", "passwd", "passphrase", "passcode", "userpass", "dbpass", "pwd", "secret", "secretkey",
    "secretaccesskey", "apikey", "apitoken", "apisecret", "accesskey", "privatekey", "signingkey",
    "encryptionkey", "decryptionkey", "masterkey", "accountkey", "sharedkey", "subscriptionkey", "authkey",
    "servicekey", "functionskey", "functionkey", "deploykey", "licensekey", "licencekey", "hmackey",
    "accesstoken", "refreshtoken", "idtoken", "authtoken", "authenticationtoken", "authorizationtoken",
    "bearertoken", "sessiontoken", "securitytoken", "csrftoken", "xsrftoken", "csrfmiddlewaretoken",
    "oauthtoken",
    "logintoken", "usertoken", "bottoken", "devicetoken", "registrationtoken", "verificationtoken",
    "deploytoken", "privatetoken", "personalaccesstoken", "tokensecret", "authorization", "credential",
    "credentials", "connectionstring", "connstring", "clientassertion", "samlresponse", "samlassertion",
    "codeverifier", "seedphrase", "recoverycode", "recoverykey", "backupcode", "masterpassword",
    "rootpassword", "sharedaccesssignature", "sharedaccesskey", "keypass", "storepass", "authcode",
    "authorizationcode", "onetimepassword", "totpsecret", "otpsecret", "jwtsecret", "sessionsecret",
    "cookiesecret", "vaultpass", "sudopass", "sshpass", "kubeconfig", "pw", "passw", "psw", "pswd", "rootpw",
    "bindpw", "userpw", "adminpw", "dbpw", "privkey", "prvkey", "mnemonic", "recoveryphrase", "seedwords",
    "accesscode", "pairingcode", "pairingkey",
    "securityanswer", "secretanswer", "securityword", "secretword", "safeword", "memorableword",
    "secretkeybase",
    "appsecretproof", "idtokenhint", "secretstring", "securestring", "plaintextpassword", "signingcookie",
    "passkey", "authsalt", "noncesalt", "userpwd", "presharedkey", "applicationkey", "integrationkey",
    "appkey", "proxypass", "assword", "apptoken",
    "requirepass", "psk", "masterauth", "pgpass", "bindpass", "ftppass", "mailpass", "smtppass",
    "becomepass", "writekey",
    *(flat(word) for word in SECRETS),
]  # fmt: skip
_HINTS = [
    "token", "key", "signature", "sig", "hmac", "auth", "xauth", "sessid", "jsessionid", "sid", "cookie",
    "xsessionid", "apisign", "rlkey", "sonarlogin",
    "setcookie", "jwt", "sas", "otp", "assertion", "ticket", "connectsid", "pass", "wepkey",
    "authkeyid", "bearer", "creds", "cred", "devicecode", "invitecode", "activationcode", "secretid", "dsn",
    "macaroon", "crumb", "keymaterial", "keydata", "keybytes", "appcertificate", "salt", "pepper",
    *(flat(word) for word in HINTS),
]  # fmt: skip
_WHOLE = frozenset(
    {
        "auth",
        "pass",
        "sid",
        "sig",
        "otp",
        "sas",
        "code",
        "key",
        "credentials",
        "pw",
        "psw",
        "cred",
        "creds",
        "dsn",
        "salt",
        "pepper",
    }
    | {word for word in map(flat, (*SECRETS, *HINTS)) if len(word) < 7 and word.isascii()}
)
"""Names that count alone and after a separator, but not as the end of a longer word."""
_SECRET_ENDS = tuple(end for end in _SECRET if end not in _WHOLE)
_HINT_ENDS = tuple(end for end in _HINTS if end not in _WHOLE and end != "key")
_PARAMETERS = frozenset(
    {"code", "ticket", "key", "signature", "appid", "magic", "ott", "invite", "invitation"}
)
"""Names that count only in a query or a form."""
_NO_SECRETS = re.compile(
    r"(?:page|next|prev|previous|continuation|sync|cursor|resume|cancel|eos|bos|pad|unk|sep|cls|mask"
    r"|stop|start|"
    r"end|special|input|output|total|max|min|cached|image|audio|(?<!plain)text|reasoning|completion"
    r"|prompt|logprob|top|"
    r"prediction|begin|change|cancellation|paging|delta)token$|(?:public|primary|foreign|sort"
    r"|partition|cache|"
    r"idempotency|object|foreignobject|dedup|deduplication|unique|translation|i18n|locale|hash|map|"
    r"registry|dict|sub|hot|shortcut|websocket|row|group|message|s3)key$|"
    r"(?:function|method|call|type|email|thought|key)signature$|"
    r"(?:oneway|compass|bypass|trespass|surpass|overpass|underpass)$"
)
_LESS = re.compile(
    r"(?:value|header|param|parameter|plain|raw|b64|base64|sha|prod|dev|test|live|old|new|backup"
    r"|hash|confirmation|"
    r"confirm|bin|again|repeat|staging|utente|usuario|\d+)+$"
)
_NOUN = re.compile(r"(?<=.)(?:data|material|text|str|string|encoded|inline|literal|list|array)$")
"""Words that may follow a name; with one, the name is used for other things too."""
_BEARING = tuple(sorted({*_SECRET, *_HINTS, "code"}))
STEMS = (
    *(
        b"pass",
        b"pwd",
        b"assword",
        b"secret",
        b"token",
        b"key",
        b"auth",
        b"cred",
        b"cookie",
        b"sig",
        b"session",
        b"sessid",
    ),
    *(b"connectionstring", b"connstring", b"connection_string", b"conn_str", b"connection-string"),
    *(b"assertion", b"saml", b"verifier", b"phrase", b"code", b"hmac", b"jwt", b"sas", b"otp"),
    *(b"salt", b"pepper"),
    *(b"magic", b"invit", b"encrypt", b"sonar.login", b"windows.net", b"api-sign"),
    *(b"appid", b"app_id", b"app-id", b"certificate"),
    *(b"sid", b"ticket", b"psk", b"wep", b"kubeconfig", b"pswd", b"privkey", b"mnemonic", b"seedwords"),
    *(
        b"security_answer",
        b"securityanswer",
        b"security_word",
        b"securityword",
        b"safe_word",
        b"safeword",
        b"memorable",
        b"bearer",
        b"macaroon",
        b"crumb",
        b"securestring",
        b"bindpw",
        b"rootpw",
        b"userpw",
        b"adminpw",
        b"dbpw",
    ),
    *(word.encode() for word in sorted(written())),
)
"""Every name that counts contains one of these, in lower case: a text without any is skipped."""

SHORT = (
    b"pw",
    b"psw",
    b"pin",
    b"otp",
    b"cvv",
    b"cvc",
    b"csc",
    b"dsn",
    b"mdp",
    b"cvv2",
    b"cvc2",
    b"tan",
    b"totp",
    b"ott",
)
"""Names that count only with no letter beside them."""


@cache
def stems() -> re.Pattern[bytes]:
    """Return what finds them in a text in lower case. It is compiled when it is first used, because many
    processes never search, and it takes a twentieth of the import.
    """
    return re.compile(trie(stem.decode() for stem in (*STEMS, *SHORT)).encode())


_OF_SESSIONS = frozenset({"connect", "session", "auth", "cookie", "user", "login", "express", "koa"})
_OF_STAGES = frozenset({
    "all", "allow", "backward", "band", "boarding", "bus", "by", "can", "checks", "color",
    "compute", "current", "day", "depth", "did", "each", "fast", "final", "first", "forward",
    "geometry", "high", "is", "last", "light", "low", "main", "max", "min", "multi", "must",
    "n", "next", "no", "num", "one", "per", "post", "pre", "quick", "render", "season",
    "second", "shader", "shadow", "should", "single", "ski", "test", "tests", "third", "to",
    "total", "two", "will",
})  # fmt: skip
"""Words before `pass` that make a round or a ticket of it."""
_SEPARATORS = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\x00-\x7f]+")


def weight(name: bytes, *, parameter: bool = False) -> Weight:
    """Return how surely a name marks a secret; `parameter` if it stands in a query or a form."""
    return _weight(bytes(name[-96:]), parameter)


@lru_cache(maxsize=4096)
def _weight(name: bytes, parameter: bool) -> Weight:
    text = fold(name.decode("utf-8", "replace"))
    words = [word.lower() for part in _SEPARATORS.split(text) for word in _WORDS.findall(part)]
    if not words:
        return Weight.NOTHING
    flat = "".join(words)
    while flat not in _BEARING and (less := _LESS.sub("", flat)) and less != flat:
        flat = less
    for end in (flat, flat.removesuffix("s")):
        found = _by_end(end, words, parameter)
        if found is not Weight.NOTHING:
            return found
    if less := _NOUN.sub("", flat):
        return Weight.HINT if less.endswith(_SECRET_ENDS) else Weight.NOTHING
    return Weight.NOTHING


_PLAIN_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_-]*+")


def names_no_secret(word: bytes) -> bool:
    """Return whether this is a name like `max_output_tokens`, which never marks a secret."""
    if _PLAIN_NAME.fullmatch(word) is None or len(word) > 96:
        return False
    flat = _SEPARATORS.sub("", word.decode()).lower()
    return _NO_SECRETS.search(flat.removesuffix("s")) is not None


_CODES = tuple(map(flat, CODES))
_DIGITS = re.compile(
    r"(?:^|_)(?:pin|pin_?code|otp|totp|cvv2?|cvc2?|tan|(?:otp|totp|sms|mfa|two_?factor|2fa|one_?time)_?code|"
    r"(?:verification|security|access|auth|authentication|login|unlock|door|gate|alarm|entry|lock"
    r"|lockbox|keypad|"
    r"garage|safe|vault|pairing|activation|confirmation)_?code|passcode)$"
)


def names_digits(name: bytes) -> bool:
    """Return whether this is the name of a secret that has few digits: a PIN, a code for one use."""
    text = name[-96:].decode("utf-8", "replace")
    return _DIGITS.search(
        re.sub(r"[\s-]", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)).lower()
    ) is not None or flat(text).endswith(_CODES)


def _by_end(flat: str, words: list[str], parameter: bool) -> Weight:
    if _NO_SECRETS.search(flat):
        return Weight.NOTHING
    if flat in _PARAMETERS or flat in _WHOLE:
        if flat in _PARAMETERS and not parameter:
            return Weight.NOTHING
        return Weight.SECRET if flat in _SECRET else Weight.HINT
    if flat.endswith(_SECRET_ENDS):
        return Weight.SECRET
    last = words[-1]
    if last == "pass" and len(words) > 1:
        return Weight.NOTHING if words[-2] in _OF_STAGES else Weight.SECRET
    if flat == "encrypt" or (last == "session" and len(words) > 1):
        return Weight.KEY
    if "accountkey" in flat and flat.endswith("windowsnet"):  # Hadoop's names for keys of Azure
        return Weight.SECRET
    if last == "sid" and len(words) > 1 and words[-2] not in _OF_SESSIONS:
        return Weight.NOTHING  # Twilio's ids of calls, LiveKit's of rooms
    if last in _WHOLE and last not in _PARAMETERS:
        return Weight.SECRET if last in _SECRET else Weight.HINT
    if flat.endswith(_HINT_ENDS) or (len(flat) > 7 and flat.endswith(("pass", "auth"))):
        return Weight.HINT
    return Weight.KEY if len(words) > 1 and last == "key" else Weight.NOTHING


_HEADER = re.compile(
    r"(?i)auth|secret|token|key|credential|passw|cookie|session|signature|organization|project"
    r"|account-id|jwt|csrf|xsrf"
)
_NO_CREDENTIALS = re.compile(
    r"(?i)^(?:sec-websocket-(?!protocol).*|idempotency-key|accept.*|content-.*|host|origin|referer|via|"
    r"forwarded|x-forwarded-.*|x-real-ip|user-agent|connection|keep-alive|date|etag|if-.*"
    r"|last-modified|range|"
    r"server|server-timing|nel|report-to|alt-svc|vary|cache-control|expires|pragma|age|upgrade.*"
    r"|transfer-encoding|"
    r"te|trailer|traceparent|tracestate|baggage|x-b3-.*|cf-.*|x-request-id|x-stainless-.*|x-ratelimit-.*|"
    r"openai-(?:beta|model|version|processing-ms)|strict-transport-security|access-control-.*"
    r"|www-authenticate|"
    r"proxy-authenticate|x-content-type-options|location|link|x-openai-.*|sec-fetch-.*|sec-ch-.*|python|"
    r"x-envoy-.*|x-powered-by|surrogate-key|x-cache-key|dnt|priority)$"
)


def header_names_a_credential(name: str) -> bool:
    """Return whether a header has the name of a credential or an account."""
    return not _NO_CREDENTIALS.match(name) and _HEADER.search(name) is not None


def header_may_hold_one(name: str) -> bool:
    """Return whether a header that is not on the list may hold a credential, whatever its name."""
    return not _NO_CREDENTIALS.match(name)
