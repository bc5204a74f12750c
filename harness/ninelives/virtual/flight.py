"""Whether data is in flight between two sockets of this loop.

The clock may jump only when every byte that was written has arrived. On loopback the kernel delivers small
writes at once, but large ones take time while the loop looks idle. If the clock jumped then, a healthy peer
would look dead.

Linux reports it exactly: `TCP_INFO` counts the bytes that one end has sent or still holds back, and the bytes
that the other end has received. So one call per socket is enough, and the two ends are compared. An end that
does not read its bytes does not hold the clock: nothing can happen until it reads.

If the kernel does not report this, the loop polls for half a millisecond instead.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
import weakref
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# struct tcp_info of linux/tcp.h: state at byte 0, bytes_received at 128, notsent_bytes at 144, bytes_sent at
# 200, bytes_retrans at 208. Stable since Linux 4.19; the kernel only ever appends.
_TCP_INFO = struct.Struct("=B127xQ8xI52xQQ")
_SIOCOUTQ = termios.TIOCOUTQ

# States of a TCP end (net/tcp_states.h): those in which a FIN or RST of the other end has not arrived yet,
# those in which our own FIN has not been acknowledged yet, and the one before the handshake is over.
_PEER_NOT_GONE = frozenset({1, 4, 5})
_FIN_UNDERWAY = frozenset({4, 9, 11})
_CONNECTED = frozenset({1, 4, 5, 8, 9, 11})
_CONNECTING = 2


@dataclass(eq=False, slots=True)
class _End:
    """One end of a TCP connection of this loop. It is remembered until both ends are closed."""

    sock: weakref.ref[socket.socket]
    route: tuple[Any, Any] | None = None
    """Its address and that of the other end; None before there is a connection."""
    peer: _End | None = None
    """The other end; None if it is not of this loop, or not accepted yet."""
    state: int = 0
    received: int = 0
    written: int = 0
    """Bytes that were written to it, whether or not the kernel has sent them yet."""

    def open(self) -> socket.socket | None:
        sock = self.sock()
        return None if sock is None or sock.fileno() < 0 else sock

    def look(self, sock: socket.socket) -> None:
        """Ask the kernel about this end."""
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        self.state, self.received, unsent, sent, resent = _TCP_INFO.unpack(info)
        self.written = sent - resent + unsent


class Flight:
    """Watches the TCP connections of one loop; `busy` tells whether anything is in flight between them."""

    def __init__(self) -> None:
        self.exact = sys.platform == "linux" and hasattr(socket, "TCP_INFO")
        self._ends: list[_End] = []
        self._by_route: dict[tuple[Any, Any], _End] = {}

    def watch(self, sock: socket.socket) -> None:
        """Watch a socket from now on. Anything but TCP is ignored: it cannot be in flight."""
        if not self.exact or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        if sock.type != socket.SOCK_STREAM or any(end.sock() is sock for end in self._ends):
            return
        self._ends.append(_End(weakref.ref(sock)))

    def busy(self) -> bool:
        """Whether written data has not arrived yet, so that a socket may become ready without a timer."""
        open_ends = [(end, sock) for end in self._ends if (sock := end.open()) is not None]
        if len(open_ends) < len(self._ends):
            self._forget()
        for end, sock in open_ends:
            end.look(sock)
            if end.route is None and end.state in _CONNECTED:
                self._join(end, sock)
        return any(_is_on_its_way(end, sock) for end, sock in open_ends)

    def _join(self, end: _End, sock: socket.socket) -> None:
        """Find the other end of a connection that is new."""
        with suppress(OSError):  # the peer has reset it since: nothing is on its way any more
            here, there = sock.getsockname()[:2], sock.getpeername()[:2]
            end.route = here, there
            self._by_route[end.route] = end
            if (peer := self._by_route.get((there, here))) is not None:
                end.peer, peer.peer = peer, end

    def _forget(self) -> None:
        """Drop closed ends, except those whose other end has not received everything yet."""
        kept: list[_End] = []
        for end in self._ends:
            if end.open() is not None or (end.peer is not None and end.peer.open() is not None):
                kept.append(end)
            elif end.route is not None and self._by_route.get(end.route) is end:
                del self._by_route[end.route]
        self._ends = kept


def _is_on_its_way(end: _End, sock: socket.socket) -> bool:
    """Whether this end waits for its connection, or data that it wrote has not arrived yet."""
    if end.route is None:
        return end.state == _CONNECTING
    if end.peer is None:  # the kernel only says whether the other end has acknowledged everything
        return _count(sock, _SIOCOUTQ) > 0
    other = end.peer.open()
    if other is None:
        return end.state in _PEER_NOT_GONE and _count(sock, termios.FIONREAD) == 0
    in_flight = end.written > end.peer.received or end.state in _FIN_UNDERWAY
    return in_flight and _count(other, termios.FIONREAD) == 0


def _count(sock: socket.socket, request: int) -> int:
    answer = fcntl.ioctl(sock.fileno(), request, b"\0\0\0\0")
    return int(struct.unpack("=i", answer)[0])


def kernel_tells() -> bool:
    """Whether this kernel reports what `Flight` needs: Linux 4.19 or newer."""
    if sys.platform != "linux" or not hasattr(socket, "TCP_INFO"):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            raw = probe.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        except OSError:
            return False
    return len(raw) == _TCP_INFO.size
