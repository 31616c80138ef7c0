"""Addresses and the names relay goes by."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from relay import listen as module
from relay.errors import SetupError
from relay.listen import Listener, listen


@contextmanager
def listening(host: str, port: int = 0) -> Iterator[Listener]:
    listener = listen(host, port, "port")
    try:
        yield listener
    finally:
        for sock in listener.sockets:
            sock.close()


def reached(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as client:
        return client.connect_ex((address, port)) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_localhost_is_both_families(host: str):
    with listening(host) as listener:
        assert listener.name == "localhost"
        assert reached("127.0.0.1", listener.port)
        assert reached("::1", listener.port)
        assert [sock.getblocking() for sock in listener.sockets] == [False, False]


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_one_address(host: str):
    with listening(host) as listener:
        assert len(listener.sockets) == 1
        assert reached(host, listener.port)


def test_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch):
    real = socket.socket

    def without_ipv6(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(module.socket, "socket", without_ipv6)
    with listening("127.0.0.1") as listener:
        assert len(listener.sockets) == 1


def test_neighbour_at_the_other_address_is_no_relay():
    with socket.socket(socket.AF_INET6) as neighbour:
        neighbour.bind(("::1", 0))
        neighbour.listen()
        port = neighbour.getsockname()[1]
        with pytest.raises(SetupError, match="in use"):
            module.listen("127.0.0.1", port, "port")
        assert not reached("127.0.0.1", port)


def test_address_that_another_reason_forbids(monkeypatch: pytest.MonkeyPatch):
    real = module._bind

    def only_ipv4(family: int, *rest: object) -> socket.socket:
        if family == socket.AF_INET6:
            raise SetupError("not here") from OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return real(family, *rest)

    monkeypatch.setattr(module, "_bind", only_ipv4)
    with listening("127.0.0.1") as listener:
        assert len(listener.sockets) == 1


def test_taken_port():
    with listening("127.0.0.1") as first, pytest.raises(SetupError) as refused:
        listen("127.0.0.1", first.port, "bridge-port")
    assert str(refused.value) == (
        f"Port {first.port} is already in use, perhaps by another relay. Choose another one with --bridge-port."
    )


def test_address_of_another_machine():
    with pytest.raises(SetupError, match=r"^Cannot listen on 192\.0\.2\.1: "):
        listen("192.0.2.1", 0, "port")


@pytest.mark.parametrize(
    ("exc", "sentence"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "Port 80 may not be used by this account. Choose one above 1023 with --port.",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "Cannot listen on h: Name or service not known.",
        ),
        (OSError("strange"), "Cannot listen on h: strange."),
    ],
)
def test_other_refusals(monkeypatch: pytest.MonkeyPatch, exc: OSError, sentence: str):
    class Refusing(socket.socket):
        def bind(self, address: object) -> None:
            raise exc

    monkeypatch.setattr(module.socket, "socket", Refusing)
    with pytest.raises(SetupError) as refused:
        listen("h", 80, "port")
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", "localhost"),
        ("localhost", "localhost"),
        ("::1", "localhost"),
        ("0.0.0.0", "localhost"),
        ("::", "localhost"),
        ("127.0.0.2", "127.0.0.2"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("relay.example", "relay.example"),
    ],
)
def test_name(host: str, name: str):
    assert Listener(host, 3000, ()).name == name


def test_hosts():
    names = {"localhost", "127.0.0.1", "[::1]", "192.0.2.1", "relay.example"}
    with_port = {f"{name}:3000" for name in names}
    assert Listener("192.0.2.1", 3000, ()).hosts(("Relay.example",)) == names | with_port


def test_origins():
    assert Listener("192.0.2.1", 3000, ()).origins() == {
        "http://localhost:3000",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "http://192.0.2.1:3000",
    }


def test_origins_at_the_port_of_http_have_none():
    assert Listener("127.0.0.1", 80, ()).origins() == {"http://localhost", "http://127.0.0.1", "http://[::1]"}


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("::", "[::1]"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_other_name_is_another_site_where_there_is_one(host: str, other: str):
    assert Listener(host, 3000, ()).other_name == other
