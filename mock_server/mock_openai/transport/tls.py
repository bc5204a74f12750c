"""TLS with a certificate made for this server, by a certificate authority that is discarded with it.

Clients need only trust the authority's file. Faults in the TLS handshake are injected before it begins; all
other faults act inside the encrypted stream, or on the TCP connection below it.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import os
import shutil
import ssl
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from mock_openai.interruption import at_once

if TYPE_CHECKING:
    from mock_openai.transport.listener import Secure

_HANDSHAKE_WITHIN = 10.0
"""Seconds that a client has to complete the handshake."""


class Certificate:
    """A disposable certificate authority, its file, and the certificate that it issued for `hosts` and the
    loopback names. Raises ValueError, with one line, if `trustme` is not installed.
    """

    def __init__(self, *hosts: str) -> None:
        try:
            import trustme
        except ImportError:
            raise ValueError(
                "tls: certificates need the package trustme: pip install 'ninelives[tls]'"
            ) from None
        folder = tempfile.mkdtemp(prefix="mock-openai-")
        remove = functools.partial(_remove, folder, os.getpid())
        weakref.finalize(self, remove)
        at_once.append(remove)
        self.ca_file = str(Path(folder) / "ca.pem")
        """The path of the authority's certificate (PEM), while this server exists."""
        authority = trustme.CA(organization_name="mock-openai", organization_unit_name="for tests only")
        authority.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        """The server's side of TLS."""
        self.context.set_alpn_protocols(["http/1.1"])
        names = dict.fromkeys(["localhost", "127.0.0.1", "::1", *filter(_is_name, hosts)])
        authority.issue_cert(*names).configure_cert(self.context)


def _remove(folder: str, owner: int) -> None:
    """Remove a certificate's folder, in the process that made it: workers share it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def secured(context: ssl.SSLContext, fails: Callable[[], bool]) -> Secure:
    """Return a wrapper that makes every new connection speak TLS, except those whose handshake `fails`; these
    get no answer to their hello here.
    """

    def gates(make: Callable[[], web.RequestHandler]) -> Callable[[], asyncio.Protocol]:
        return lambda: _Gate(context, make, fails)

    return gates


class _Gate(asyncio.Protocol):
    """A connection until its TLS handshake is over."""

    def __init__(
        self, context: ssl.SSLContext, make: Callable[[], web.RequestHandler], fails: Callable[[], bool]
    ) -> None:
        self._context = context
        self._make = make
        self._fails = fails
        self._transport: asyncio.Transport | None = None
        self._failing = False
        self._early = b""
        self._handshake: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, or wait for a hello that will not be answered."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._failing = self._fails()
        if not self._failing:
            transport.pause_reading()
            self._handshake = asyncio.get_running_loop().create_task(self._secure(transport))

    def data_received(self, data: bytes) -> None:
        """Pass on the hello that is to fail, or keep bytes that follow a good one."""
        if self._failing and self._transport is not None:
            handler = self._make()
            self._transport.set_protocol(handler)
            handler.connection_made(self._transport)
            handler.data_received(data)
        else:
            self._early += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting for the handshake."""
        if self._handshake is not None:
            self._handshake.cancel()

    async def _secure(self, transport: asyncio.Transport) -> None:
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_WITHIN,
            )
        except (OSError, ssl.SSLError):
            transport.abort()  # a client that does not trust us, or speaks something else
            return
        if secured is None or secured.is_closing():
            return
        self._handshake = None
        handler = self._make()
        secured.set_protocol(handler)
        handler.connection_made(secured)
        if self._early:
            handler.data_received(self._early)


def _is_name(host: str) -> bool:
    if host in ("", "0.0.0.0", "::"):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return all(part and part.replace("-", "").isalnum() for part in host.split("."))
    return True
