"""One TLS context for all HTTP clients of a process.

Making one reads every certificate authority there is: some 50 ms of computing, in which the event loop stands
still, for each service that a bot makes.
"""

import os
import ssl
from functools import cache

import httpx2

__all__ = ["tls_context"]


def tls_context() -> ssl.SSLContext:
    """The context that a client would make for itself, with the authorities that the environment names."""
    return _made(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _made(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx2.create_ssl_context()
