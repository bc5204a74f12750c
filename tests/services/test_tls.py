"""The certificate authorities are read once, and not by every service."""

from __future__ import annotations

import ssl

import pytest
from pipecat_responses import OpenAIResponsesHttpLLMService
from pipecat_responses.tls import tls_context


def test_services_share_a_context_that_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    create = ssl.SSLContext.load_verify_locations

    def load(self: ssl.SSLContext, *given: object, **more: object) -> None:
        made.append(1)
        create(self, *given, **more)  # type: ignore[arg-type]

    tls_context()
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    for _ in range(3):
        OpenAIResponsesHttpLLMService(api_key="any")
    assert made == []
    assert tls_context() is tls_context()
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert tls_context().check_hostname


def test_authorities_that_the_environment_names_later_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = tls_context()
    path = ssl.get_default_verify_paths().openssl_capath
    monkeypatch.setenv("SSL_CERT_DIR", path)
    assert tls_context() is not before
