"""Whether a port can be listened on."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import closing


def is_free(host: str, port: int) -> bool:
    """Tell whether relay could listen on `port` of `host` now; 0 always works.

    Raises:
        OSError: if `host` is no address of this machine.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with closing(socket.socket(family, kind, protocol)) as probe:
        # On Windows the option would let two programs share a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(os.name == "posix"))
        try:
            probe.bind(address)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return False
            raise
    return True
