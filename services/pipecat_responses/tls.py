"""One TLS context for all HTTP clients of a process.

Making one loads all certificate authorities, which blocks the event loop for some 50 ms per service.
"""

import os
import ssl
from functools import cache

import httpx2

__all__ = ["tls_context"]


def tls_context() -> ssl.SSLContext:
    """Return the context that httpx2 would make, with the authorities that the environment names."""
    return _made(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _made(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx2.create_ssl_context()
