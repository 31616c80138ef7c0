"""The addresses relay listens on, and the names by which it may be called there."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from relay.errors import SetupError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
REACHED_AS_LOCALHOST = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104  # compared with, not bound
BACKLOG = 1024
HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Listener:
    """Open sockets of one port, bound to every address of the host."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]

    @property
    def name(self) -> str:
        """The host as it stands in a URL that the person at this machine opens."""
        if self.host in REACHED_AS_LOCALHOST:
            return "localhost"
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def other_name(self) -> str:
        """Another host for the same place, which makes it another site to a browser; ``name`` if there is none."""
        if self.name != "localhost":
            return self.name
        return "[::1]" if ":" in self.host else "127.0.0.1"

    def hosts(self, configured: tuple[str, ...] = ()) -> frozenset[str]:
        """Return the Host headers that mean relay: its own names and `configured` ones, with and without the port."""
        names = {*LOOPBACK_NAMES, self.name, *configured}
        return frozenset(name.lower() for name in names | {f"{name}:{self.port}" for name in names})

    def origins(self) -> frozenset[str]:
        """Return the origins of relay's own pages."""
        return frozenset(self.origin(name) for name in (*LOOPBACK_NAMES, self.name))

    def origin(self, name: str) -> str:
        """Return the origin of a page at `name`, as a browser writes it: without the port if that is HTTP's own."""
        return f"http://{name}" if self.port == HTTP_PORT else f"http://{name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Listeners:
    """The two doors: HTTP for clients and the page, WebSockets for pages."""

    http: Listener
    bridge: Listener


def listen(host: str, port: int, setting: str) -> Listener:
    """Open sockets for `host` and `port` (0: a free one); `setting` names the port in the error.

    For 127.0.0.1 and localhost, ::1 is bound as well where there is one: a client that is told ``localhost`` may try
    either first.

    Raises:
        SetupError: the port is taken, or the address is not this machine's.
    """
    both = host in ("127.0.0.1", "localhost")
    first = _bind(socket.AF_INET6 if ":" in host else socket.AF_INET, "127.0.0.1" if both else host, port, setting)
    actual = first.getsockname()[1]
    sockets = [first]
    try:
        if both and (second := _bind_ipv6_twin(actual, setting)) is not None:
            sockets.append(second)
    except SetupError:
        first.close()
        raise
    return Listener(host, actual, tuple(sockets))


def _bind(family: socket.AddressFamily, host: str, port: int, setting: str) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as exc:
        sock.close()
        raise SetupError(_sentence(exc, host, port, setting)) from exc
    return sock


def _bind_ipv6_twin(port: int, setting: str) -> socket.socket | None:
    try:
        return _bind(socket.AF_INET6, "::1", port, setting)
    except SetupError as exc:
        # Somebody else at ::1 would be asked for localhost first, and get what is meant for relay.
        if isinstance(exc.__cause__, OSError) and exc.__cause__.errno == errno.EADDRINUSE:
            raise
        return None
    except OSError:  # no IPv6 here; 127.0.0.1 alone serves
        return None


def _sentence(exc: OSError, host: str, port: int, setting: str) -> str:
    if exc.errno == errno.EADDRINUSE:
        return f"Port {port} is already in use, perhaps by another relay. Choose another one with --{setting}."
    if exc.errno == errno.EACCES:
        return f"Port {port} may not be used by this account. Choose one above 1023 with --{setting}."
    return f"Cannot listen on {host}: {exc.strerror or exc}."
