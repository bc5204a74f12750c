"""The address of a server, reserved before any loop runs, so that clients can get it beforehand."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_openai.transport.listener import Secure, Sharing
    from mock_openai.transport.tls import Certificate


class Port:
    """A TCP port of `host`; `number` 0 selects a free one, which is kept from then on. With `tls` its
    addresses are https and wss, and its certificate covers `names` too. Raises ValueError, with one line, if
    no certificate can be made.
    """

    def __init__(self, host: str, number: int, *, tls: bool, names: Iterable[str] = ()) -> None:
        self.host = host
        self.sharing: Sharing = "no"
        """Whether other processes listen on it too, and how."""
        self.certificate: Certificate | None = None
        """The certificate that clients have to trust; None without TLS."""
        self._number = number
        self._bound: socket.socket | None = None
        self._in_use = False
        if tls:
            from mock_openai.transport.tls import Certificate

            self.certificate = Certificate(host, *names)

    @property
    def number(self) -> int:
        """The TCP port; binds it if necessary."""
        self.bind()
        return self._number

    @property
    def base_url(self) -> str:
        """The address for HTTP clients."""
        return f"http{self._s}://{self._authority}/v1"

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket mode."""
        return f"ws{self._s}://{self._authority}/v1/responses"

    @property
    def _s(self) -> str:
        return "" if self.certificate is None else "s"

    @property
    def _authority(self) -> str:
        host = "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host
        host = "::1" if host == "::" else host
        return f"[{host}]:{self.number}" if ":" in host else f"{host}:{self.number}"

    def bind(self) -> None:
        """Bind the port without listening yet. Raises OSError if another process has it."""
        if self._bound is None and not self._in_use:
            self._bound = self._bind()
            self._number = self._bound.getsockname()[1]

    def listen(self) -> None:
        """Bind the port and listen: clients can connect, and wait to be accepted. Raises OSError if another
        process has the port.
        """
        from mock_openai.transport.listener import BACKLOG

        self.bind()
        if self._bound is not None and self.sharing == "no":  # a shared socket is replaced after a fork
            self._bound.listen(BACKLOG)

    def share(self) -> None:
        """Bind the port for several processes that will be forked from this one. Raises OSError if it is
        taken.
        """
        from mock_openai.transport.listener import SPREADS

        # A socket that shares its port can be bound beside another program's without an error, so try one
        # that does not share first.
        self.bind()
        if SPREADS and self._bound is not None:
            self._bound.close()
            self._bound = self._bind(share=True)
        self.sharing = "port" if SPREADS else "inherited"

    def forked(self) -> None:
        """Bind a socket of this process's own, after a fork."""
        if self.sharing == "port" and self._bound is not None:
            self._bound.close()
            self._bound = None
            self._bound = self._bind(share=True)

    def hand_over(self) -> socket.socket:
        """Return the bound socket to the listener."""
        self.bind()
        assert self._bound is not None
        bound, self._bound = self._bound, None
        self._in_use = True
        return bound

    def secure(self, fails: Callable[[], bool]) -> Secure | None:
        """Return what speaks TLS before HTTP, and which hellos fail; None without TLS."""
        if self.certificate is None:
            return None
        from mock_openai.transport.tls import secured

        return secured(self.certificate.context, fails)

    def release(self) -> None:
        """Close the socket if nobody listens on it. The number stays, for the next time."""
        self._in_use = False
        if self._bound is not None:
            self._bound.close()
            self._bound = None

    def _bind(self, *, share: bool = False) -> socket.socket:
        from mock_openai.transport.listener import bind

        return bind(self.host, self._number, share=share)

    def __str__(self) -> str:
        return f"{self.host}:{self._number}"

    def __del__(self) -> None:
        # A server that was asked for its address and never started still holds the port.
        bound = getattr(self, "_bound", None)
        if bound is not None:
            bound.close()
