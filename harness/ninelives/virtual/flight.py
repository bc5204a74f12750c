"""Whether data is in flight between two sockets of this loop.

Strategy: the clock may jump only when every byte that was written has arrived. On loopback the kernel
    delivers
small writes at once, but large ones take time while the loop looks idle, and if the clock jumps then, a
healthy peer looks dead. Linux reports it exactly: TCP_INFO counts the bytes that one end sent (and still
holds back) and the bytes that the other end received. A receiver with unread bytes that does not read holds
nothing up: nothing can happen until it reads. If the kernel does not report it, the loop polls for half a
millisecond instead.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class _Info(NamedTuple):
    state: int
    received: int
    unsent: int
    sent: int
    resent: int


@dataclass(eq=False, slots=True)
class _End:
    """One end of a TCP connection of this loop. It is remembered for a while after it was closed."""

    sock: weakref.ref[socket.socket]
    here: Any = None
    there: Any = None

    def open(self) -> socket.socket | None:
        sock = self.sock()
        return None if sock is None or sock.fileno() < 0 else sock


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
        """Whether something that was written has not arrived yet, so that a socket may become ready by
        itself.
        """
        here: list[tuple[_End, socket.socket]] = []
        for end in self._ends:
            sock = end.open()
            if sock is not None:
                here.append((end, sock))
        if len(here) < len(self._ends):
            self._forget()
        try:
            if any(self._connecting(end, sock) for end, sock in here if end.there is None):
                return True
            return any(self._on_its_way(end, sock) for end, sock in here)
        except OSError:  # closed by a peer between two looks: nothing of it is on its way any more
            return False

    def _connecting(self, end: _End, sock: socket.socket) -> bool:
        """Find out the addresses of both ends, once there is a connection."""
        state = _info(sock).state
        if state in _CONNECTED:
            end.here, end.there = sock.getsockname()[:2], sock.getpeername()[:2]
            self._by_route[end.here, end.there] = end
        return state == _CONNECTING

    def _on_its_way(self, end: _End, sock: socket.socket) -> bool:
        if end.there is None:
            return False
        info = _info(sock)
        peer = self._by_route.get((end.there, end.here))
        if peer is None:
            # The other end is not ours (another process, or not accepted yet): we only know whether it has
            # acknowledged everything.
            return _count(sock, _SIOCOUTQ) > 0
        other = peer.open()
        if other is None:
            return info.state in _PEER_NOT_GONE and _count(sock, termios.FIONREAD) == 0
        if _count(other, termios.FIONREAD) > 0:
            return False
        return info.sent - info.resent + info.unsent > _info(other).received or info.state in _FIN_UNDERWAY

    def _forget(self) -> None:
        """Drop closed ends, except those whose other end has not received everything yet."""
        kept: list[_End] = []
        for end in self._ends:
            if end.open() is None:
                peer = self._by_route.get((end.there, end.here))
                if peer is None or peer.open() is None:
                    if self._by_route.get((end.here, end.there)) is end:
                        del self._by_route[end.here, end.there]
                    continue
            kept.append(end)
        self._ends = kept


def _info(sock: socket.socket) -> _Info:
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    return _Info(*_TCP_INFO.unpack(raw))


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
