"""Whether a port can be listened on."""

import socket

import pytest

from relay.commands.ports import is_free


def test_any_port_is_free():
    assert is_free("127.0.0.1", 0)


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_port_in_use(family: socket.AddressFamily, host: str):
    with socket.socket(family) as taken:
        taken.bind((host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(host, port)
    assert is_free(host, port)


def test_address_of_another_machine():
    with pytest.raises(OSError, match="Cannot assign requested address"):
        is_free("192.0.2.1", 3000)
